"""Whistles in PostgreSQL: what is stored comes back, in few statements, and locks hold."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from services.events import Fact, WhistleAction, WhistleActionReported
from services.runtime.clock import ManualClock
from services.runtime.ids import new_id
from services.runtime.migrate import migrate
from services.runtime.policies import PolicyStore
from services.runtime.postgres import Database
from services.runtime.step import Change, Step
from services.runtime.timers import Timers
from services.runtime.transaction import Tx
from services.tracker.adapters.cases import CaseTables
from services.tracker.adapters.proactive import ProactiveTables
from services.tracker.adapters.whistles import WhistleTables
from services.tracker.decide.docket import Docket, react_whistle
from services.tracker.handle import Tracker
from tests.builders import NOON, an_event
from tests.tracker.stories import STREET, WATER, Story, routed, the_policy
from tests.tracker.whistling import ENFORCEMENT, a_call

pytestmark = pytest.mark.postgres


@pytest.fixture
def clock() -> ManualClock:
    """The database's, at noon."""
    return ManualClock(NOON)


@pytest.fixture
async def db(dsn: str, clock: ManualClock) -> AsyncIterator[Database]:
    """The tracker's schema, empty."""
    await migrate(dsn, "tracker")
    database = await Database.connect(dsn, "tracker", clock=clock)
    yield database
    await database.close()


def _tracker() -> Tracker:
    policies = PolicyStore.fixed(the_policy())
    return Tracker(CaseTables(), WhistleTables(), policies, ProactiveTables())


def _hear(key: UUID, docket: Docket | None, fact: Fact, minutes: int = 0) -> Docket:
    now = NOON + timedelta(minutes=minutes)
    step = react_whistle(an_event(fact, key), docket, the_policy(), now)
    assert isinstance(step, Step)
    return step.state


def _a_long_life(key: UUID, docket: Docket | None = None, *complaints: UUID) -> Docket:
    """Two bodies, one of them late; both judgements; closed."""
    call = a_call(key if not complaints else None, *complaints, kind="emergency")
    whistle_id = call.whistle.whistle_id

    def said(agency: str, action: str, **more: Any) -> WhistleActionReported:
        return WhistleActionReported(
            whistle_id=whistle_id,
            agency=agency,
            action=WhistleAction(action),
            reported_at=NOON + timedelta(hours=1),
            **more,
        )

    docket = _hear(key, docket, call)
    for fact in (
        said(WATER, "arrive"),
        said(WATER, "leave"),
        said(WATER, "result", note="已关阀。"),
        said(WATER, "judge", grade="poor", note="不必吹哨。"),
        said(STREET, "judge", about=ENFORCEMENT, grade="acceptable"),
        said(STREET, "close", note="已处置。"),
    ):
        docket = _hear(key, docket, fact, 60)
    return docket


async def _store(db: Database, key: UUID, before: Docket | None, after: Docket) -> None:
    async with db.transaction() as tx:
        await _tracker().store(tx, [Change(key, before, after)])


async def _load(db: Database, *keys: UUID, skip_locked: bool = False) -> dict[UUID, Docket]:
    async with db.transaction() as tx:
        return await _tracker().load(tx, keys, skip_locked=skip_locked)


async def test_what_was_stored_comes_back_the_same(db: Database) -> None:
    """Every field of whistles, calls, clocks and judgements; with a case, and without."""
    story, alone = Story(), new_id()
    story.hear(routed())
    linked = _a_long_life(story.complaint_id, Docket(story.open), story.complaint_id)
    linked = _a_long_life(story.complaint_id, linked, story.complaint_id)
    single = _a_long_life(alone)
    await _store(db, story.complaint_id, None, linked)
    await _store(db, alone, None, single)
    found = await _load(db, story.complaint_id, new_id(), alone)
    assert found == {story.complaint_id: linked, alone: single}
    assert [whistle.number for whistle in linked.whistles] == [1, 2]


async def test_a_whistle_grows_step_by_step_as_if_it_were_stored_at_once(db: Database) -> None:
    """Only what changed is written, and nothing is lost by that."""
    key = new_id()
    call = a_call(key)
    docket: Docket | None = None
    for minutes, action in enumerate(["", "sign", "contact", "arrive", "leave"]):
        fact: Fact = call
        if action:
            fact = WhistleActionReported(
                whistle_id=key,
                agency=WATER,
                action=WhistleAction(action),
                reported_at=NOON + timedelta(minutes=minutes),
            )
        after = _hear(key, docket, fact, minutes)
        await _store(db, key, docket, after)
        docket = (await _load(db, key))[key]
        assert docket == after
    kinds = await db.fetch("SELECT kind FROM whistle_history ORDER BY position")
    assert [row["kind"] for row in kinds] == [
        "WhistleBlown",
        "WhistleSigned",
        "WhistleContacted",
        "WhistleReportedIn",
        "WhistleLeft",
    ]


class _Counted:
    """A connection that counts its statements."""

    def __init__(self, conn: Any) -> None:
        self._conn = conn
        self.statements = 0

    async def fetch(self, *args: Any) -> Any:
        """Count, then ask."""
        self.statements += 1
        return await self._conn.fetch(*args)

    async def execute(self, *args: Any) -> Any:
        """Count, then do."""
        self.statements += 1
        return await self._conn.execute(*args)


async def test_a_batch_costs_one_statement_more_and_a_second_only_with_whistles(
    db: Database,
) -> None:
    """However many complaints; most have never been whistled."""
    keys = [new_id() for _ in range(100)]
    for skip_locked in (False, True):
        async with db.transaction() as tx:
            tx.conn = _Counted(tx.conn)
            assert await WhistleTables().load(tx, keys, keys, skip_locked=skip_locked) == {}
            assert tx.conn.statements == 1
    await _store(db, keys[0], None, _a_long_life(keys[0]))
    async with db.transaction() as tx:
        tx.conn = _Counted(tx.conn)
        assert list(await WhistleTables().load(tx, keys, keys)) == [keys[0]]
        assert tx.conn.statements == 2
        await WhistleTables().store(tx, [])
        assert tx.conn.statements == 2


async def test_a_key_that_another_holds_is_left_out_whole(db: Database) -> None:
    """Neither a linked whistle without its case, nor half of a key's whistles."""
    story, alone, free = Story(), new_id(), new_id()
    story.hear(routed())
    key = story.complaint_id
    await _store(db, key, None, _a_long_life(key, Docket(story.open), key))
    await _store(db, alone, None, _a_long_life(alone))
    await _store(db, free, None, _a_long_life(free))
    async with db.transaction() as tx:
        assert set(await _tracker().load(tx, [key, alone])) == {key, alone}
        assert set(await _load(db, key, alone, free, skip_locked=True)) == {free}
    assert set(await _load(db, key, alone, free, skip_locked=True)) == {key, alone, free}


async def test_a_deadline_whose_key_is_held_waits_for_the_next_round(
    db: Database, clock: ManualClock
) -> None:
    """It must not be lost because somebody just reported about the same whistle."""
    key = new_id()
    step = react_whistle(an_event(a_call(key), key), None, the_policy(), NOON)
    assert isinstance(step, Step)
    async with db.transaction() as tx:
        await _set_all(tx, step)
        await _tracker().store(tx, [Change(key, None, step.state)])
    clock.advance(timedelta(hours=2))
    timers = Timers(_tracker(), db)
    async with db.transaction() as tx:
        await _tracker().load(tx, [key])
        assert await timers.fire() == 0
    assert await timers.fire() == 2  # Both bodies' `sign`.
    assert await db.fetchval("SELECT count(*) FROM deadline WHERE kind = 'whistle-sign'") == 0
    missed = await db.fetchval("SELECT count(*) FROM summons WHERE sign_missed_at IS NOT NULL")
    assert missed == 2


async def _set_all(tx: Tx, step: Step[Docket]) -> None:
    for deadline in step.set_deadlines:
        tx.set_deadline(deadline)
