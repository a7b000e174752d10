"""Which facts a person is told, in which words; nothing runs for it."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from services.events import (
    CaseClosed,
    CaseMerged,
    CaseResumed,
    ClockPaused,
    OrderDeferred,
)
from services.notifier.decide import (
    About,
    Notice,
    Telling,
    Told,
    Watch,
    after_telling,
    fact_of,
    tell,
)
from services.notifier.decide.notices import DELAYS, POSTPONE
from services.notifier.handle.wording import words
from services.policy.channels import Quiet
from services.runtime.ids import new_id
from services.runtime.step import Step
from tests.builders import NOON
from tests.notifier.stories import CALLBACK, COMPLAINT, ORDER, REPORTER, a_tracked_event
from tests.notifier.telling import (
    NUMBER,
    a_reopening,
    a_telling_policy,
    an_extension,
    an_opening,
)
from tests.policies import SLA

STREET = "street-990101001"
KNOWN = Watch(About(number=NUMBER, reporter=REPORTER, language="zh"))
POLICY = a_telling_policy()
PAUSE = ClockPaused(
    request_id=CALLBACK,
    order_id=ORDER,
    agency=STREET,
    role="lead",
    since=NOON,
    reason="papers",
    approved_by="officer",
)
DEFERRAL = OrderDeferred(
    request_id=CALLBACK,
    order_id=ORDER,
    agency=STREET,
    role="lead",
    plan="列入明年改造",
    planned_at=NOON + timedelta(days=120),
    approved_by="officer",
)


def told(fact, state=KNOWN, policy=POLICY):
    """The notices that a fact leads to."""
    return tell(a_tracked_event(fact, 1), Step(state), policy, NOON).state.notices


def a_notice(**changes):
    """An acceptance to be told."""
    fields = {
        "complaint_id": COMPLAINT,
        "notice": "accepted",
        "occurrence": 1,
        "cause_id": CALLBACK,
        "reporter": REPORTER,
        "language": "zh",
        "number": NUMBER,
        "said": {},
        "planned_at": NOON,
        "due_at": NOON,
    }
    return Notice(**(fields | changes))


@pytest.mark.parametrize(
    ("fact", "text"),
    [
        (an_opening(), f"已受理{NUMBER}"),
        (an_opening(outcome="held"), f"已受理{NUMBER}"),
        (an_extension(), f"{NUMBER}延期至12月3日12:00，河街街道办事处：配件未到"),
        (an_extension(reason=""), f"{NUMBER}延期至12月3日12:00，河街街道办事处：—"),
        (an_extension(agency="gone"), f"{NUMBER}延期至12月3日12:00，gone：配件未到"),
        (PAUSE, f"{NUMBER}暂停，河街街道办事处：papers"),
        (DEFERRAL, f"{NUMBER}挂账至3月24日12:00，河街街道办事处：列入明年改造"),
        (a_reopening(), f"{NUMBER}重新办理"),
        (CaseResumed(outcome="held"), f"{NUMBER}重新办理"),
        (CaseMerged(into=new_id(), merged_by="officer"), f"{NUMBER}并案办理"),
        (CaseClosed(reason="confirmed"), f"{NUMBER}结案"),
        (CaseClosed(reason="answered", reply="周五停水"), f"{NUMBER}：周五停水"),
        (CaseClosed(reason="diverted", reply="已转119"), f"{NUMBER}转办：已转119"),
    ],
)
def test_what_happens_to_a_matter_is_told(fact, text):
    """Art. 15 asks for the reason of an extension; nobody is told with whom they were joined."""
    (notice,) = told(fact)
    assert words(POLICY, notice) == text


@pytest.mark.parametrize(
    "fact",
    [
        an_extension(role="assist"),
        CaseClosed(reason="withdrawn"),
        CaseClosed(reason="diverted"),
        an_opening(outcome="diverted"),
        an_opening(outcome="answered"),
    ],
)
def test_what_is_no_news_to_the_person_is_not_told(fact):
    """An assisting agency's time is no promise to them; an answer comes with the case's end."""
    assert told(fact) == ()


def test_words_are_the_persons_language_or_else_the_citys():
    """Instants too are written as the language has them."""
    (notice,) = told(an_extension(), Watch(About(NUMBER, reporter=REPORTER, language="en")))
    assert words(POLICY, notice).startswith(f"{NUMBER} until 2026-12-03 12:00, ")
    assert words(POLICY, a_notice(language=None)) == f"已受理{NUMBER}"
    assert words(POLICY, a_notice(language="fr")) == f"已受理{NUMBER}"


def test_a_pause_is_told_by_the_name_of_its_reason():
    """The fact has the policy's key, which says nothing to a person."""
    sla = SLA + '\n[relief.pauses.papers]\nname = "等待您补充材料"\nsource = "test"\n'
    policy = a_telling_policy(sla=sla)
    (notice,) = told(PAUSE, policy=policy)
    assert words(policy, notice).endswith("：等待您补充材料")


def test_values_are_never_taken_for_templates():
    """What an agency writes goes into the text as it is."""
    (notice,) = told(an_extension(reason="{number} {x} %s"))
    assert words(POLICY, notice).endswith("：{number} {x} %s")


def test_occurrences_are_counted_by_complaint_and_notice():
    """Two events in one transaction are two occurrences."""
    step = Step(KNOWN)
    for sequence, fact in enumerate((a_reopening(), an_extension(), a_reopening(3)), 1):
        step = tell(a_tracked_event(fact, sequence), step, POLICY, NOON)
    counted = [(one.notice, one.occurrence) for one in step.state.notices]
    assert counted == [("reopened", 1), ("extended", 1), ("reopened", 2)]
    assert step.state.told == {"reopened": 2, "extended": 1}
    assert len({one.notice_id for one in step.state.notices}) == 3


def test_a_channel_is_used_up_before_the_next_begins():
    """A gateway that didn't answer may have sent it: the next one would tell it twice."""
    notice, tried = a_notice(), []
    while True:
        channel = notice.channel or "sms"
        following = ("email",) if channel == "sms" else ()
        after = after_telling(notice, Telling("failed", channel, following), NOON)
        tried.append((channel, after.due_at - NOON))
        if after.state != "pending":
            break
        notice = a_notice(attempts=after.attempts, channel=after.channel)
    waits = [*DELAYS, timedelta(0)]
    assert tried == [("sms", wait) for wait in waits] + [("email", wait) for wait in waits]
    assert (after.reason, after.channel) == ("failed", "email")


def test_a_silent_vault_costs_no_attempt():
    """It isn't the person's doing."""
    notice = a_notice(attempts=2, channel="sms")
    after = after_telling(notice, Telling("unavailable"), NOON)
    assert after == Told("pending", NOON + POSTPONE, 2, "sms")
    assert fact_of(notice, after) is None


@pytest.mark.parametrize(
    ("at", "until"),
    [
        ("2026-11-24 20:59", None),
        ("2026-11-24 21:00", "2026-11-25 08:00"),
        ("2026-11-24 23:59", "2026-11-25 08:00"),
        ("2026-11-25 00:00", "2026-11-25 08:00"),
        ("2026-11-25 07:59", "2026-11-25 08:00"),
        ("2026-11-25 08:00", None),
    ],
)
def test_a_night_is_quiet_until_its_end(at, until):
    """Local time, over midnight."""
    zone = ZoneInfo("Asia/Shanghai")
    now = datetime.fromisoformat(at).replace(tzinfo=zone)
    end = datetime.fromisoformat(until).replace(tzinfo=zone) if until else None
    assert Quiet(21 * 60, 8 * 60).until(now, zone) == end


@pytest.mark.parametrize(("hour", "is_quiet"), [(11, False), (12, True), (13, True), (14, False)])
def test_a_noon_may_be_quiet_too(hour, is_quiet):
    """Quiet hours need not hold midnight."""
    zone = ZoneInfo("Asia/Shanghai")
    now = datetime(2026, 11, 24, hour, tzinfo=zone)
    assert (Quiet(12 * 60, 14 * 60).until(now, zone) is not None) is is_quiet


def test_a_night_is_as_long_as_the_clock_says():
    """Where clocks go back in the night, its end is still eight o'clock."""
    zone = ZoneInfo("America/New_York")
    now = datetime(2026, 10, 31, 22, tzinfo=zone)
    end = Quiet(21 * 60, 8 * 60).until(now, zone)
    assert end is not None
    assert end.timestamp() - now.timestamp() == 11 * 3600
