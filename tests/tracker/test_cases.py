"""Cases in PostgreSQL: what is stored comes back, in few statements, and locks hold."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest

from services.events import AgencyAction, ComplaintSupplemented, ComplaintWithdrawn, Satisfaction
from services.runtime.clock import ManualClock
from services.runtime.ids import new_id
from services.runtime.migrate import migrate
from services.runtime.postgres import Database
from services.runtime.step import Change
from services.runtime.transaction import Tx
from services.tracker.adapters.cases import CaseTables
from services.tracker.decide.case import Case, Exclusion
from tests.builders import NOON, a_matter
from tests.tracker.officers import approve, ask
from tests.tracker.stories import (
    GOVERNMENT,
    STREET,
    WATER,
    Story,
    diverted,
    held,
    prompt_policy,
    routed,
)

pytestmark = pytest.mark.postgres
TABLES = CaseTables()


@pytest.fixture
async def db(dsn: str) -> AsyncIterator[Database]:
    """The tracker's schema, empty."""
    await migrate(dsn, "tracker")
    database = await Database.connect(dsn, "tracker", clock=ManualClock(NOON))
    yield database
    await database.close()


def _stories() -> list[Story]:
    """One of each kind of end and middle."""
    fresh, full, waiting = Story(), Story(prompt_policy()), Story()
    fresh.hear(held(excluded=("city-transport",)))
    full.hear(routed(assists=(WATER,), matter=a_matter(title="暖气不热", reporter="token-7")))
    full.give_back()
    full.hear(routed(lead=GOVERNMENT, attempt=2, copies=(), excluded=(STREET,)))
    full.wait(timedelta(days=8))
    full.hear(ComplaintSupplemented(kind="urge", text="快一点"))
    full.resolve()
    full.answer(solved=False, satisfaction=Satisfaction.BASICALLY)
    full.resolve()
    full.answer()
    waiting.hear(routed(standard="complex"))
    waiting.resolve()
    gone, other = Story(), Story()
    gone.hear(routed())
    gone.hear(ComplaintWithdrawn())
    other.hear(diverted())
    return [fresh, full, waiting, gone, other, *_relieved()]


def _relieved() -> list[Story]:
    """Pauses that lasted and last, an extension, a request, a deferral, an exclusion."""
    paused, deferred, excluded = (Story() for _ in range(3))
    for story in (paused, deferred, excluded):
        story.hear(routed())
        story.sign()
        story.report(AgencyAction.CONTACT)
    for _ in range(2):
        ask(paused, AgencyAction.EXTEND, until=paused.lead.clock.due_at + timedelta(days=1))
        approve(paused)
        ask(paused, AgencyAction.CONTINUE)
        ask(paused, AgencyAction.PAUSE, reason="unreachable")
        approve(paused)
        paused.wait(timedelta(days=2))
    ask(deferred, AgencyAction.EXTEND, until=NOON + timedelta(days=9))
    ask(deferred, AgencyAction.DEFER, until=NOON + timedelta(days=90))
    approve(deferred)
    excluded.resolve()
    excluded.wait(timedelta(hours=2))
    excluded.answer()
    exclusion = Exclusion("malicious", "supervisor-1", NOON, "已核实")
    verdict = replace(excluded.callback, exclusion=exclusion)
    excluded.case = replace(excluded.open, callbacks=(verdict,))
    assert deferred.open.supervisions
    assert deferred.lead.requests
    return [paused, deferred, excluded]


async def _store(db: Database, *changes: Change[Case]) -> None:
    async with db.transaction() as tx:
        await TABLES.store(tx, changes)


async def _load(db: Database, keys: Sequence[Any]) -> dict[Any, Case]:
    async with db.transaction() as tx:
        return await TABLES.load(tx, keys)


def _new(story: Story) -> Change[Case]:
    return Change(story.complaint_id, None, story.open)


async def test_what_was_stored_comes_back_the_same(db) -> None:
    """Every field of case, orders, clocks, timelines and call-backs; all at once."""
    stories = _stories()
    await _store(db, *map(_new, stories))
    found = await _load(db, [new_id(), *(story.complaint_id for story in stories)])
    assert found == {story.complaint_id: story.open for story in stories}


async def test_a_case_grows_step_by_step_as_if_it_were_stored_at_once(db) -> None:
    """Only what changed is written, and nothing is lost by that."""
    story = Story(prompt_policy())
    steps = [
        lambda: story.hear(routed(assists=(WATER,))),
        story.sign,
        lambda: story.wait(timedelta(days=8)),
        story.resolve,
        lambda: story.answer(solved=False),
        story.resolve,
        story.answer,
    ]
    before = None
    for step in steps:
        step()
        await _store(db, Change(story.complaint_id, before, story.open))
        before = (await _load(db, [story.complaint_id]))[story.complaint_id]
        assert before == story.open
        story.case = before  # As the loop does: the next decision is on what was loaded.
    kinds = [row["kind"] for row in await db.fetch("SELECT kind FROM history ORDER BY position")]
    assert [kind for kind in kinds if kind in story.said] == story.said
    assert len(kinds) == story.open.history_length


async def test_two_rounds_within_one_batch_leave_both_verdicts(db) -> None:
    """After an outage a batch may hold a case's whole life."""
    full = _stories()[1]
    await _store(db, _new(full))
    rows = await db.fetch("SELECT round, state, satisfaction FROM callback ORDER BY round")
    assert [tuple(row) for row in rows] == [
        (1, "answered", "basically"),
        (2, "answered", "satisfied"),
    ]


@dataclass
class _Counting:
    """A connection that counts statements."""

    conn: Any
    statements: int = 0

    async def fetch(self, *args: Any) -> Any:
        self.statements += 1
        return await self.conn.fetch(*args)

    async def execute(self, *args: Any) -> Any:
        self.statements += 1
        return await self.conn.execute(*args)


async def test_a_batch_takes_few_statements_however_large_it_is(db) -> None:
    """Statements, not rows, are what a batch pays for."""
    stories = [Story() for _ in range(50)]
    for story in stories:
        story.hear(routed(assists=(WATER,)))
    async with db.transaction() as tx:
        counting = _Counting(tx.conn)
        counted = Tx(counting, tx.now, "tracker")
        await TABLES.store(counted, [_new(story) for story in stories])
        assert counting.statements == 3
        await TABLES.load(counted, [story.complaint_id for story in stories])
        assert counting.statements == 5


async def test_a_case_that_is_held_elsewhere_is_skipped_by_the_timers(db) -> None:
    """They come back to it, instead of waiting with all the others in hand."""
    one, two = Story(), Story()
    for story in (one, two):
        story.hear(routed())
        await _store(db, _new(story))
    keys = [one.complaint_id, two.complaint_id]
    async with db.transaction() as tx, db.transaction() as other:
        await TABLES.load(tx, [one.complaint_id])
        assert list(await TABLES.load(other, keys, skip_locked=True)) == [two.complaint_id]


async def test_storing_again_after_a_crash_repeats_nothing(db) -> None:
    """The same rows under the same keys."""
    story = _stories()[1]
    await _store(db, _new(story))
    await _store(db, _new(story))
    assert await db.fetchval("SELECT count(*) FROM history") == story.open.history_length
    assert await db.fetchval("SELECT count(*) FROM work_order") == len(story.open.orders)


async def test_a_case_without_a_change_of_orders_writes_none(db) -> None:
    """An urge touches the case, not its orders."""
    story = Story()
    story.hear(routed())
    await _store(db, _new(story))
    loaded = (await _load(db, [story.complaint_id]))[story.complaint_id]
    async with db.transaction() as tx:
        counting = _Counting(tx.conn)
        urged = replace(loaded, urges=1)
        await TABLES.store(
            Tx(counting, tx.now, "tracker"), [Change(story.complaint_id, loaded, urged)]
        )
    assert counting.statements == 1
