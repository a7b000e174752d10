"""Who above must see to a case (督办): what opens it, and what closes it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from services.events import (
    ComplaintSupplemented,
    ComplaintWithdrawn,
    SupervisionClosed,
    SupervisionOpened,
)
from services.policy import Policy
from services.runtime.step import Deadline, Ignored
from services.tracker.decide import react_due
from services.tracker.decide.case import CaseState
from services.tracker.decide.supervision import close_supervision, open_supervision
from services.tracker.decide.turn import Turn
from tests.policies import SLA, a_policy
from tests.tracker.stories import GOVERNMENT, STREET, WATER, Story, diverted, held, routed

RULES = """
[escalation_unsigned]
after = "6h"
raised_to = "superior-of(agency)"

[escalation_unassigned]
after = "2h"
raised_to = "hotline"

[escalation_urged]
urges = 2
raised_to = "superior-of(agency)"
"""
STRICT = SLA.replace('delay = "1h"', 'delay = "0s"') + RULES
URGE = ComplaintSupplemented(kind="urge", text="还没有人来")
HOUR = timedelta(hours=1)


def strict() -> Policy:
    """The tiny policy with all the rules of supervision."""
    return a_policy(sla=STRICT)


@pytest.fixture
def story() -> Story:
    """A case that a street leads."""
    story = Story(strict())
    story.hear(routed())
    return story


@pytest.fixture
def waiting() -> Story:
    """A case that nobody has."""
    story = Story(strict())
    story.hear(held())
    return story


def opened(story: Story) -> list[tuple[str, str, str | None]]:
    """Every supervision that was opened: why, who must see to it, who is supervised."""
    return [(f.because, f.raised_to, f.agency) for f in story.all(SupervisionOpened)]


def closed(story: Story) -> list[str]:
    """Why supervisions were closed."""
    return [fact.because for fact in story.all(SupervisionClosed)]


# Orders that nobody signs.


def test_an_order_nobody_signs_is_supervised_some_time_after_its_sign_clock(story) -> None:
    """Due to be signed after 2 h, supervised 6 h later."""
    story.wait(8 * HOUR - timedelta(microseconds=1))
    assert opened(story) == []
    story.wait(timedelta(microseconds=1))
    assert opened(story) == [("unsigned", GOVERNMENT, STREET)]
    story.wait(timedelta(days=30))
    assert opened(story) == [("unsigned", GOVERNMENT, STREET)]


def test_an_assist_nobody_signs_is_supervised_by_its_own_superior() -> None:
    """The lead can't sign for it."""
    story = Story(strict())
    story.hear(routed(assists=(WATER,)))
    story.sign()
    story.wait(8 * HOUR)
    assert opened(story) == [("unsigned", "city-housing", WATER)]


@pytest.mark.parametrize("hours", [1, 5])
def test_a_signature_in_time_or_late_stops_the_watch(story, hours) -> None:
    """It was about the signature and nothing else."""
    story.wait(hours * HOUR)
    story.sign()
    assert story.running(story.lead) == {"at-risk", "due"}
    story.wait(24 * HOUR)
    assert opened(story) == []


def test_a_late_signature_that_overtook_its_clock_starts_no_watch(story) -> None:
    """The breach is told, and then the order is signed."""
    story.now += 3 * HOUR  # Nothing has fired yet.
    story.sign()
    assert "OrderBreached" in story.said
    assert "unsigned" not in {kind for _, kind in story.clocks}


def test_a_signature_at_last_closes_the_supervision(story) -> None:
    """What it was opened for is over."""
    story.wait(9 * HOUR)
    story.sign()
    assert closed(story) == ["signed"]


def test_an_unsigned_order_that_is_answered_all_the_same_is_settled(story) -> None:
    """Doing the work is accepting it."""
    story.wait(9 * HOUR)
    story.resolve()
    assert closed(story) == ["resolved"]
    assert story.running(story.lead) == set()


def test_a_policy_that_says_nothing_of_signatures_watches_none() -> None:
    """The key is optional."""
    story = Story()
    story.hear(routed())
    story.wait(timedelta(hours=3))
    assert story.running(story.lead) == {"at-risk", "due"}


# Cases that nobody has.


def test_a_case_nobody_has_is_supervised(waiting) -> None:
    """The hotline body must name an agency."""
    waiting.wait(2 * HOUR)
    assert opened(waiting) == [("unassigned", "hotline", None)]
    assert waiting.open.state is CaseState.HELD


def test_a_city_that_says_nothing_supervises_after_a_day() -> None:
    """No case is ever without a deadline."""
    story = Story()
    story.hear(held())
    story.wait(timedelta(hours=23, minutes=59))
    assert opened(story) == []
    story.wait(timedelta(minutes=1))
    assert opened(story) == [("unassigned", "hotline", None)]


def test_a_case_that_is_held_again_has_waited_since_it_was_held_first(waiting) -> None:
    """The router's second thought doesn't put it off."""
    waiting.wait(HOUR)
    waiting.hear(held(attempt=2))
    waiting.hear(ComplaintSupplemented(kind="facts", text="就在桥头"))
    waiting.wait(HOUR)
    assert opened(waiting) == [("unassigned", "hotline", None)]


@pytest.mark.parametrize(
    ("fact", "why"),
    [(routed(), "routed"), (diverted(), "closed"), (ComplaintWithdrawn(), "closed")],
)
def test_naming_an_agency_or_closing_ends_it(waiting, fact, why) -> None:
    """And before it was opened, only the clock stops."""
    early = Story(strict())
    early.hear(held())
    early.hear(fact)
    assert "unassigned" not in {kind for _, kind in early.clocks}
    assert early.all(SupervisionClosed) == []
    waiting.wait(3 * HOUR)
    waiting.hear(fact)
    assert closed(waiting) == [why]


def test_a_returned_case_is_watched_until_the_router_names_another(story) -> None:
    """Between two agencies it is nobody's."""
    story.give_back()
    assert "unassigned" in {kind for _, kind in story.clocks}
    story.hear(routed(lead=WATER, attempt=2))
    assert "unassigned" not in {kind for _, kind in story.clocks}


def test_a_case_that_is_nobodys_twice_is_supervised_twice(story) -> None:
    """The second time is another failure, under another id."""
    for attempt in (2, 3):
        story.give_back()
        story.wait(2 * HOUR)
        story.hear(routed(lead=[WATER, STREET][attempt % 2], attempt=attempt))
    mine = [fact for fact in story.all(SupervisionOpened) if fact.because == "unassigned"]
    assert len({fact.supervision_id for fact in mine}) == 2
    assert closed(story).count("routed") == 2


def test_a_stray_deadline_of_a_case_that_has_an_agency_is_ignored(story) -> None:
    """It was claimed while the routing was being committed."""
    stray = Deadline(story.complaint_id, story.complaint_id, "unassigned", story.now)
    outcome = react_due(stray, story.open, story.policy, story.now)
    assert outcome == Ignored("case-handling-not-unassigned")


@pytest.mark.parametrize("kind", ["unsigned", "unassigned"])
def test_a_deadline_that_fires_twice_opens_one_supervision(kind) -> None:
    """Whatever delivered it again."""
    story = Story(strict())
    story.hear(routed() if kind == "unsigned" else held())
    story.wait(timedelta(hours=2) - timedelta(seconds=1))
    story.wait(timedelta(seconds=1))
    clock = next((c for c in story.clocks.values() if c.kind == kind), None)
    story.wait(8 * HOUR)
    subject = story.lead.order_id if kind == "unsigned" else story.complaint_id
    again = clock or Deadline(story.complaint_id, subject, kind, story.now)
    outcome = react_due(again, story.open, story.policy, story.now)
    assert outcome == Ignored(f"deadline-{kind}-told-already")


# Urges.


def test_a_citizen_who_has_to_urge_again_is_seen_to(story) -> None:
    """At the second urge, and not again at the third while that is open."""
    story.hear(URGE)
    assert opened(story) == []
    story.hear(URGE)
    story.hear(URGE)
    assert opened(story) == [("urged", GOVERNMENT, STREET)]
    assert story.open.level == 0


def test_more_facts_are_no_urge(story) -> None:
    """Only an urge is."""
    for _ in range(4):
        story.hear(ComplaintSupplemented(kind="facts", text="还有一处"))
    assert opened(story) == []


def test_an_urge_about_a_case_nobody_has_is_the_hotlines(waiting) -> None:
    """There is no agency to be supervised."""
    waiting.hear(URGE)
    waiting.hear(URGE)
    assert opened(waiting) == [("urged", "hotline", None)]


def test_an_urge_while_the_citizen_is_being_asked_opens_nothing(story) -> None:
    """The city waits for the citizen then."""
    story.resolve()
    story.hear(URGE)
    story.hear(URGE)
    assert opened(story) == []


# The same twice, and again.


def test_the_same_supervision_is_opened_once_until_it_is_closed(story) -> None:
    """Then it is another one, with an id that deciding again would repeat."""
    turn = Turn(story.open, story.policy, story.now)
    assert open_supervision(turn, "officer", 0, "hotline", story.lead)
    assert not open_supervision(turn, "officer", 0, "hotline", story.lead)
    close_supervision(turn, turn.case.supervisions[0], "officer")
    assert open_supervision(turn, "officer", 0, "hotline", story.lead)
    ids = [held.supervision_id for held in turn.case.supervisions]
    assert len(set(ids)) == 2
    again = Turn(story.open, story.policy, story.now)
    open_supervision(again, "officer", 0, "hotline", story.lead)
    assert again.case.supervisions[0].supervision_id == ids[0]


def test_a_supervision_of_one_order_outlives_the_end_of_another() -> None:
    """The lead's answer doesn't do the assist's part."""
    story = Story(strict())
    story.hear(routed(assists=(WATER,)))
    story.wait(8 * HOUR)
    story.resolve()
    assert [held.agency for held in story.open.supervisions if held.is_open] == [WATER]
    story.answer()
    assert closed(story) == ["resolved", "closed"]


def test_an_order_that_is_taken_back_is_supervised_no_longer() -> None:
    """An assist that a new routing does without, and a lead whom another was designated for."""
    story = Story(strict())
    story.hear(routed(assists=(WATER,)))
    story.wait(8 * HOUR)
    story.give_back()
    story.hear(held(attempt=2, reason="ping-pong", handles_meanwhile=STREET, excluded=(STREET,)))
    story.wait(8 * HOUR)
    assert closed(story) == ["returned"]
    story.hear(routed(lead="city-housing", attempt=2, is_designated=True))
    assert closed(story) == ["returned", "recalled", "recalled"]
    assert not any(held.is_open for held in story.open.supervisions)
