"""Cases that an answer settles, and what follows when the citizen asks on."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from services.events import (
    CaseClosed,
    CaseOpened,
    CaseResumed,
    ComplaintAnswered,
    ComplaintSupplemented,
    ComplaintWithdrawn,
    OrderDispatched,
)
from services.runtime.clock import ManualClock
from services.runtime.migrate import migrate
from services.runtime.postgres import Database
from services.runtime.step import Change, Ignored
from services.tracker.adapters.cases import CaseTables
from services.tracker.decide.case import CaseState
from tests.builders import NOON, a_matter
from tests.tracker.stories import Story, diverted, held, routed

ANSWER = "请到任一服务点办理。"
MORE = ComplaintSupplemented(kind="facts", text="服务点说办不了")


def answered(**changes: Any) -> ComplaintAnswered:
    """The router answered a question."""
    fields: dict[str, Any] = {
        "matter": a_matter(),
        "answer": ANSWER,
        "entry": "bus-card",
        "owner": "city-transport",
        "decided_by": "rule",
        "explanation": "按知识库 bus-card 直接答复。",
    }
    return ComplaintAnswered(**(fields | changes))


def an_answered_case() -> Story:
    """A question that was answered an hour ago."""
    story = Story()
    story.hear(answered())
    story.wait(timedelta(hours=1))
    return story


def test_an_answered_question_opens_and_closes_at_once_with_the_answer() -> None:
    """No clock runs, and whoever sends messages to citizens has what to send."""
    story = an_answered_case()
    assert story.said == ["CaseOpened", "CaseClosed"]
    assert story.last(CaseOpened).outcome == "answered"
    assert (story.last(CaseClosed).reason, story.last(CaseClosed).reply) == ("answered", ANSWER)
    assert (story.open.state, story.open.closed_as) == (CaseState.ANSWERED, "answered")
    assert story.open.closed_at == NOON
    assert story.clocks == {}


def test_a_person_can_answer_what_was_held() -> None:
    """It isn't held any more."""
    story = Story()
    story.hear(held())
    story.hear(answered(decided_by="operator", entry=None, owner=None))
    assert story.said == ["CaseOpened", "CaseClosed"]
    assert story.open.held_because is None
    story.hear(routed())
    assert story.last(CaseResumed).outcome == "routed"


def test_a_citizen_who_asks_on_gets_an_agency_with_a_fresh_clock() -> None:
    """The case is open again: everybody who counted it as closed is told."""
    story = an_answered_case()
    story.hear(MORE)
    assert story.said == ["CaseOpened", "CaseClosed"]
    story.hear(routed())
    assert story.said[2:] == ["CaseResumed", "OrderDispatched"]
    assert (story.open.state, story.open.outcome) == (CaseState.HANDLING, "routed")
    assert (story.open.closed_as, story.open.closed_at) == (None, None)
    assert story.last(OrderDispatched).due_at == story.now + timedelta(days=7)


def test_the_routers_word_may_come_before_the_citizens() -> None:
    """They come on two topics."""
    story = an_answered_case()
    story.hear(routed())
    outcome = story.hear(MORE)
    assert not isinstance(outcome, Ignored)
    assert story.open.state is CaseState.HANDLING


def test_what_nobody_can_be_named_for_waits_for_a_person() -> None:
    """As with any other complaint."""
    story = an_answered_case()
    story.hear(held())
    assert (story.said[2:], story.last(CaseResumed).outcome) == (["CaseResumed"], "held")
    assert (story.open.state, story.open.closed_at) == (CaseState.HELD, None)


def test_an_emergency_that_comes_to_light_closes_it_again() -> None:
    """With the reply of the diversion."""
    story = an_answered_case()
    story.hear(diverted())
    assert story.said[2:] == ["CaseResumed", "CaseClosed"]
    assert (story.last(CaseClosed).reason, story.last(CaseClosed).reply) == (
        "diverted",
        "请向法院提出。",
    )


def test_an_answer_that_comes_twice_is_known() -> None:
    """The citizen is told once."""
    story = an_answered_case()
    assert isinstance(story.hear(answered()), Ignored)
    assert story.said == ["CaseOpened", "CaseClosed"]


def test_who_asks_on_and_withdraws_at_once_gets_no_order() -> None:
    """The withdrawal may be heard before the routing that asking on leads to."""
    story = an_answered_case()
    story.hear(ComplaintWithdrawn())
    assert story.last(CaseClosed).reason == "withdrawn"
    assert story.hear(routed()) == Ignored("case-closed-not-routed")


def test_a_case_with_an_agency_is_not_answered_away() -> None:
    """Its order is due."""
    story = Story()
    story.hear(routed())
    assert story.hear(answered()) == Ignored("case-handling-not-answered")


@pytest.mark.postgres
async def test_an_answered_case_is_stored_and_goes_on_from_there(dsn: str) -> None:
    """The table knows the state, and an open case has no end."""
    await migrate(dsn, "tracker")
    db = await Database.connect(dsn, "tracker", clock=ManualClock(NOON))
    tables, story = CaseTables(), an_answered_case()
    key, before = story.complaint_id, story.open
    async with db.transaction() as tx:
        await tables.store(tx, [Change(key, None, before)])
    async with db.transaction() as tx:
        stored = (await tables.load(tx, [key]))[key]
        assert (stored.state, stored.closed_at) == (CaseState.ANSWERED, NOON)
        story.hear(routed())
        await tables.store(tx, [Change(key, stored, story.open)])
    async with db.transaction() as tx:
        resumed = (await tables.load(tx, [key]))[key]
    await db.close()
    assert (resumed.state, resumed.closed_as, resumed.closed_at) == (
        CaseState.HANDLING,
        None,
        None,
    )
