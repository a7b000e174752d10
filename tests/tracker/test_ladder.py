"""The ladder that a late order climbs while nothing happens, and what stops it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.events import (
    AgencyAction,
    CaseEscalated,
    ComplaintSupplemented,
    ComplaintWithdrawn,
    SupervisionClosed,
    SupervisionOpened,
)
from services.policy import Policy
from services.runtime.step import Ignored
from services.tracker.decide import ladder, react_due
from services.tracker.decide.case import Pause
from services.tracker.decide.turn import Turn
from tests.policies import SLA, a_policy
from tests.tracker.officers import approve, ask
from tests.tracker.stories import GOVERNMENT, STREET, WATER, Story, routed
from tests.tracker.world import World, a_world, dispatch, resolve

LADDER = """
[[escalation]]
level = 1
raised_to = "superior-of(agency)"

[[escalation]]
level = 2
raised_to = "district-of(place)"
after = "24h"

[[escalation]]
level = 3
raised_to = "hotline"
after = "3d"
opens_supervision = true
"""
ONE_LEVEL = '[[escalation]]\nlevel = 1\nraised_to = "superior-of(agency)"\n'
TALL = SLA.replace(ONE_LEVEL, LADDER).replace('delay = "1h"', 'delay = "0s"')

DAY, WEEK = timedelta(days=1), timedelta(days=7)
NEVER_MIND = [
    "signs",
    "notes",
    "urges",
    "adds facts",
    "returns in vain",
    "asks for another's order",
]


def tall() -> Policy:
    """The tiny policy with a ladder of three levels."""
    return a_policy(sla=TALL)


def late(policy: Policy | None = None, **changes: Any) -> Story:
    """A case whose order was due a moment ago."""
    story = Story(policy or tall())
    story.hear(routed(**changes))
    story.wait(WEEK)
    return story


def levels(story: Story) -> list[tuple[int, str, str]]:
    """What the ladder told, in order."""
    return [(fact.level, fact.raised_to, fact.because) for fact in story.all(CaseEscalated)]


WHOLE = [
    (1, GOVERNMENT, "breached"),
    (2, GOVERNMENT, "overdue"),
    (3, "hotline", "overdue"),
]


def test_each_level_is_reached_at_its_own_instant_while_nothing_happens() -> None:
    """Counted from the due instant: at once, after a day, after three."""
    story = late()
    due_at = story.lead.clock.due_at
    assert levels(story) == WHOLE[:1]
    story.wait(DAY - timedelta(microseconds=1))
    assert levels(story) == WHOLE[:1]
    story.wait(due_at + DAY)
    assert levels(story) == WHOLE[:2]
    assert "SupervisionOpened" not in story.said
    story.wait(due_at + 3 * DAY)
    assert levels(story) == WHOLE
    opened = story.last(SupervisionOpened)
    assert (opened.because, opened.level, opened.raised_to) == ("breached", 3, "hotline")
    assert (opened.order_id, opened.agency) == (story.lead.order_id, STREET)
    assert story.said[-2:] == ["CaseEscalated", "SupervisionOpened"]


def test_the_ladder_ends_at_its_top() -> None:
    """Nothing runs on, and nobody is told every week."""
    story = late()
    story.wait(60 * DAY)
    assert levels(story) == WHOLE
    assert story.running(story.lead) == set()


def test_a_deadline_of_the_ladder_that_fires_again_raises_nothing() -> None:
    """Whatever delivered it again."""
    story = late()
    clock = story.clocks[story.lead.order_id, "ladder"]
    story.wait(DAY)
    outcome = react_due(clock, story.open, story.policy, story.now)
    assert outcome == Ignored("deadline-ladder-told-already")


def _bother(story: Story, what: str) -> None:
    match what:
        case "signs":
            story.sign()
        case "notes":
            story.report(AgencyAction.PROGRESS, note="正在协调")
        case "urges" | "adds facts":
            kind = "urge" if what == "urges" else "facts"
            story.hear(ComplaintSupplemented(kind=kind, text="还没有人来"))
        case "returns in vain":
            story.report(AgencyAction.RETURN, story.assist, note="不归我们")
        case _:
            story.report(AgencyAction.PROGRESS, agency="city-transport")


@given(words=st.lists(st.tuples(st.sampled_from(NEVER_MIND), st.integers(0, 90)), max_size=12))
def test_no_word_puts_off_a_level_or_brings_it_back(words: list[tuple[str, int]]) -> None:
    """Whatever is said, and whenever: the levels and their instants are as if it weren't said."""
    story = late(assists=(WATER,))
    due_at = story.lead.clock.due_at
    for what, hours in words:
        story.wait(min(story.now + timedelta(hours=hours), due_at + 4 * DAY))
        _bother(story, what)
    story.wait(due_at + 4 * DAY)
    mine = [fact for fact in story.all(CaseEscalated) if fact.agency == STREET]
    assert [(fact.level, fact.raised_to, fact.because) for fact in mine] == WHOLE
    raised = [note.at for note in story.open.notes if note.kind == "CaseEscalated"]
    assert sorted(set(raised)) == [due_at, due_at + DAY, due_at + 3 * DAY]


@pytest.mark.parametrize("end", ["resolves", "returns", "withdraws", "designates another"])
@pytest.mark.parametrize("after", [timedelta(hours=1), 4 * DAY])
def test_the_end_of_the_order_is_the_end_of_its_ladder(end, after) -> None:
    """And of whatever was supervised because of it."""
    story = late()
    story.wait(after)
    order, told = story.lead, len(story.all(CaseEscalated))
    match end:
        case "resolves":
            story.resolve()
        case "returns":
            story.give_back()
        case "withdraws":
            story.hear(ComplaintWithdrawn())
        case _:
            story.give_back()
            story.hear(routed(lead=WATER, attempt=2, decided_by="operator"))
    assert story.running(order) == set()
    story.wait(3 * DAY)
    assert len(story.all(CaseEscalated)) == told
    assert not any(held.is_open and held.order_id for held in story.open.supervisions)
    assert len(story.all(SupervisionClosed)) == (after > DAY)


def test_a_late_answer_that_overtook_the_clock_is_raised_once_and_climbs_no_further() -> None:
    """The promise is broken, and the work is done."""
    story = Story(tall())
    story.hear(routed())
    story.now = story.lead.clock.due_at + timedelta(minutes=1)  # Nothing has fired yet.
    story.resolve()
    assert levels(story) == WHOLE[:1]
    assert "ladder" not in {kind for _, kind in story.clocks}


def test_a_second_broken_promise_takes_the_next_level_at_once() -> None:
    """And the times of the levels above count from the new due instant."""
    story = late()
    story.resolve()
    story.answer(solved=False)
    assert levels(story)[1:] == [(2, GOVERNMENT, "dissatisfied")]
    story.wait(WEEK)
    assert levels(story)[2:] == [(3, "hotline", "breached")]
    assert story.last(SupervisionOpened).because == "breached"


def test_a_reopening_that_reaches_a_supervised_level_is_supervised_at_once() -> None:
    """The policy says that the level is a 督办; it is of the new order and ends with it."""
    story = Story(a_policy(sla=TALL.replace("rounds_max = 2", "rounds_max = 9")))
    story.hear(routed())
    for _ in range(3):
        story.resolve()
        story.answer(solved=False)
    assert [level for level, _, _ in levels(story)] == [1, 2, 3]
    opened = story.last(SupervisionOpened)
    assert (opened.because, opened.order_id) == ("dissatisfied", story.lead.order_id)
    story.resolve()
    assert story.last(SupervisionClosed).because == "resolved"


def test_an_order_that_was_returned_late_gives_the_next_agency_no_level() -> None:
    """The case stays as high as it was raised; the new order is late only by its own clock."""
    story = late()
    story.give_back()
    story.hear(routed(lead=WATER, attempt=2))
    assert story.open.level == 1
    assert story.running(story.lead) == {"sign", "at-risk", "due"}


def test_an_assists_breach_climbs_nothing_and_names_the_lead() -> None:
    """Told to level 1 once; the lead answers for the whole (首接负责)."""
    story = Story(tall())
    story.hear(routed(assists=(WATER,)))
    story.resolve()
    story.wait(60 * DAY)
    assert levels(story) == [(1, "city-housing", "breached")]
    assert story.open.level == 0
    assert story.running(story.assist) == set()


def test_a_matter_put_off_in_between_is_not_late_in_between() -> None:
    """The levels wait as long as the clock stood still."""
    story = late()
    due_at = story.lead.clock.due_at
    earlier = Pause(due_at - 5 * DAY, due_at - 4 * DAY, "test", "officer")
    stood = Pause(due_at + DAY / 2, due_at + 10 * DAY, "test", "officer")
    turn = Turn(story.open, story.policy, due_at + 10 * DAY)
    ladder.watch_overdue(turn, replace(story.lead, ledger=(earlier, stood)))
    # Half a day was gone; the other half is left when the clock goes on.
    assert [clock.due_at for clock in turn.starting] == [due_at + 10 * DAY + DAY / 2]


def test_a_late_matter_that_is_put_off_has_no_ladder_until_it_goes_on() -> None:
    """挂账: half a day late it is put off for 30 days; then 12 hours are left to level 2."""
    story = late()
    due_at = story.lead.clock.due_at
    story.sign()
    story.wait(DAY / 2)
    planned_at = story.now + 30 * DAY
    ask(story, AgencyAction.DEFER, until=planned_at)
    approve(story)
    assert story.running(story.lead) == {"resume"}
    story.wait(planned_at)
    assert levels(story) == WHOLE[:1]
    assert story.running(story.lead) == {"ladder"}
    story.wait(DAY / 2)
    assert levels(story) == WHOLE[:2]
    story.wait(2 * DAY)
    assert levels(story) == WHOLE
    assert story.now == due_at + 33 * DAY


def test_more_time_in_time_puts_the_ladder_off_with_the_breach() -> None:
    """The levels count from the due instant that holds."""
    story = Story(tall())
    story.hear(routed())
    story.sign()
    ask(story, AgencyAction.EXTEND, until=story.lead.clock.due_at + 5 * DAY)
    approve(story)
    story.wait(WEEK + 5 * DAY)
    assert levels(story) == WHOLE[:1]
    story.wait(DAY)
    assert levels(story) == WHOLE[:2]


def test_a_city_without_a_ladder_runs_no_clock_after_the_breach() -> None:
    """Nobody is named, so nobody is told."""
    story = late(a_policy(sla=SLA.replace(ONE_LEVEL, "")))
    assert "CaseEscalated" not in story.said
    assert story.running(story.lead) == set()


def test_levels_without_a_time_wait_for_the_next_breach() -> None:
    """As before there were times."""
    story = late(a_policy(sla=TALL.replace('after = "24h"\n', "")))
    story.wait(60 * DAY)
    assert levels(story) == WHOLE[:1]


# With a database: what is stored and fired must be what was decided.


async def test_an_outage_of_weeks_gives_each_level_once_and_in_order(dsn: str) -> None:
    """Everything is due in one go when we are back."""
    async with a_world(dsn, tall()) as world:
        key = await dispatch(world)
        await world.wait(timedelta(weeks=5))
        assert _told(world, key) == WHOLE
        said = [name for name in world.said(key) if name.startswith(("Order", "Case", "Super"))]
        assert said[-6:] == [
            "OrderAtRisk",
            "OrderBreached",
            "CaseEscalated",
            "CaseEscalated",
            "CaseEscalated",
            "SupervisionOpened",
        ]
        await world.wait(timedelta(weeks=5))
        assert _told(world, key) == WHOLE


async def test_a_stored_ladder_stops_when_the_order_is_resolved(dsn: str) -> None:
    """No deadline is left, and the supervision is closed in the table too."""
    async with a_world(dsn, tall()) as world:
        key = await dispatch(world)
        await world.wait(WEEK + 4 * DAY)
        await resolve(world, key)
        await world.wait(timedelta(weeks=5))
        assert _told(world, key) == WHOLE
        assert world.said(key).count("SupervisionClosed") == 1


def _told(world: World, key: UUID) -> list[tuple[int, str, str]]:
    told = [event.data for event in world.events(key)]
    return [(f.level, f.raised_to, f.because) for f in told if isinstance(f, CaseEscalated)]
