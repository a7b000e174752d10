"""Work ahead of complaints (主动治理): opened, watched, finished, and shown beside the score."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from services.events import (
    Fact,
    Place,
    Proactive,
    ProactiveAction,
    ProactiveCaseClosed,
    ProactiveCaseOpened,
    ProactiveCaseOverdue,
    ProactiveCaseReported,
    ProactiveCaseUpdated,
)
from services.events.proactive import LINKS_MAX
from services.runtime.ids import new_id
from services.runtime.keys import Role
from services.runtime.step import Ignored, Step
from services.tracker.adapters.proactive import ProactiveTables
from services.tracker.decide.docket import Docket, react_proactive
from services.tracker.decide.proactive import (
    PROACTIVE,
    PROACTIVE_DUE,
    PROACTIVE_FINAL,
    PROACTIVE_WAITS_FOR,
    ProactiveState,
    ProactiveTrigger,
    next_proactive,
)
from services.tracker.decide.proactive_chart import proactive_mermaid
from tests.builders import NOON, an_event
from tests.policies import CAUSES, a_policy
from tests.tracker.stories import GOVERNMENT, STREET, WATER
from tests.tracker.world import World, a_world, dispatch, get

PLANNED = NOON + timedelta(days=30)


def a_plan(**changes: Any) -> Proactive:
    """What a proactive case is about, unless changed."""
    fields: dict[str, Any] = {
        "title": "河街老旧供水管网改造",
        "owner": STREET,
        "cause": "ageing-pipes",
        "place": Place(district="990101", street="990101001"),
        "plan": "分三段更换管道，每段完工后公示。",
        "planned_at": PLANNED,
    }
    return Proactive(**(fields | changes))


@dataclass
class Ahead:
    """A proactive case in a world."""

    world: World
    proactive_id: UUID = field(default_factory=new_id)

    async def do(self, action: str, **changes: Any) -> None:
        """A supervisor reports."""
        await self.world.say(self.proactive_id, self.report(action, **changes))

    def report(self, action: str, **changes: Any) -> ProactiveCaseReported:
        """What a supervisor reports, now unless changed."""
        fields: dict[str, Any] = {
            "proactive_id": self.proactive_id,
            "action": ProactiveAction(action),
            "officer": "supervisor-1",
            "content": a_plan() if action == "open" else None,
            "reported_at": self.world.clock.now(),
        }
        return ProactiveCaseReported(**(fields | changes))

    def facts(self) -> list[Fact]:
        """What the tracker told about it."""
        return [event.data for event in self.world.events(self.proactive_id)]

    async def shown(self, role: Role = Role.SUPERVISOR, agency: str | None = None) -> Any:
        """What the tracker shows of it."""
        path = f"/v1/proactive-cases/{self.proactive_id}"
        status, one = await get(self.world, path, role, agency)
        return one if status == 200 else status

    async def ignored(self) -> list[str]:
        """Reasons for which reports counted for nothing."""
        history = (await self.shown())["history"]
        return [line["detail"]["ignored"] for line in history if "ignored" in line["detail"]]


@pytest.fixture
async def world(dsn: str) -> AsyncIterator[World]:
    """A tracker of a city where proactive work brings points."""
    async with a_world(dsn, a_policy(causes=CAUSES)) as world:
        yield world


async def _opened(world: World, **changes: Any) -> Ahead:
    ahead = Ahead(world)
    await ahead.do("open", content=a_plan(**changes))
    return ahead


async def _clocks(world: World) -> int:
    sql = "SELECT count(*) FROM tracker.deadline WHERE kind = $1"
    count: int = await world.path.pool.fetchval(sql, PROACTIVE_DUE)
    return count


def test_every_state_is_reached_left_or_final_and_waits_for_a_deadline() -> None:
    """No dead end, and nothing waits for nobody."""
    assert set(PROACTIVE.values()) == set(ProactiveState)
    assert {trigger for _, trigger in PROACTIVE} == set(ProactiveTrigger)
    leaving = {before for (before, _), after in PROACTIVE.items() if before is not after}
    assert leaving - {None} == set(ProactiveState) - PROACTIVE_FINAL == set(PROACTIVE_WAITS_FOR)
    for waits in PROACTIVE_WAITS_FOR.values():
        assert any(PROACTIVE_DUE in one for one in waits)
    assert not {before for before, _ in PROACTIVE if before} & PROACTIVE_FINAL
    assert next_proactive(ProactiveState.CLOSED, ProactiveTrigger.OVERDUE) == Ignored(
        "proactive-closed-not-overdue"
    )
    page = proactive_mermaid()
    assert all(f"| {state} |" in page for state in ProactiveState)


def test_what_nobody_opened_or_speaks_under_another_key_is_passed_over() -> None:
    """There is no history in which it could be kept; intake lets none of these through."""
    ahead = new_id()
    fact = ProactiveCaseReported(
        proactive_id=ahead,
        action=ProactiveAction.CLOSE,
        officer="supervisor-1",
        reported_at=NOON,
    )
    for key, changes, why in (
        (ahead, {}, "proactive-new-not-closed"),
        (ahead, {"action": ProactiveAction.OPEN}, "proactive-without-content"),
        (new_id(), {"action": ProactiveAction.OPEN}, "proactive-under-another-key"),
    ):
        said = fact.model_copy(update=changes)
        assert react_proactive(an_event(said, key), said, None, a_policy(), NOON) == Ignored(why)


def test_links_are_limited_for_good() -> None:
    """Each once; beyond the limit nothing of the report counts."""
    key, links = new_id(), tuple(new_id() for _ in range(LINKS_MAX))
    opened = ProactiveCaseReported(
        proactive_id=key,
        action=ProactiveAction.OPEN,
        officer="supervisor-1",
        content=a_plan(complaints=(*links[:199], links[0])),
        reported_at=NOON,
    )
    docket = _hear(opened, None)
    assert docket.proactive is not None
    assert len(docket.proactive.complaints) == LINKS_MAX - 1
    more = opened.model_copy(update={"action": ProactiveAction.PROGRESS, "content": None})
    docket = _hear(more.model_copy(update={"complaints": (new_id(), new_id())}), docket)
    assert docket.proactive is not None
    assert docket.proactive.notes[-1].detail["ignored"] == "proactive-too-many-complaints"
    docket = _hear(more.model_copy(update={"complaints": links}), docket)
    assert docket.proactive is not None
    assert docket.proactive.complaints == links


def _hear(fact: ProactiveCaseReported, docket: Docket | None) -> Docket:
    event = an_event(fact, fact.proactive_id)
    step = react_proactive(event, fact, docket, a_policy(causes=CAUSES), NOON)
    assert isinstance(step, Step)
    return step.state


@pytest.mark.postgres
async def test_it_goes_from_a_plan_to_points_for_its_owner(world) -> None:
    """With a linked complaint, progress, and no clock left behind."""
    complaint = await dispatch(world)
    ahead = await _opened(world)
    assert await _clocks(world) == 1
    await ahead.do("progress", note="第一段已更换。", complaints=(complaint, new_id()))
    await ahead.do("close", bonus=2, note="全部完工。")
    opened, updated, closed = ahead.facts()
    assert isinstance(opened, ProactiveCaseOpened)
    assert (opened.owner, opened.content.cause) == (STREET, "ageing-pipes")
    assert isinstance(updated, ProactiveCaseUpdated)
    assert updated.complaints[0] == complaint
    assert isinstance(closed, ProactiveCaseClosed)
    assert (closed.bonus, closed.is_on_time, closed.is_cancelled) == (2, True, False)
    assert await _clocks(world) == 0
    one = await ahead.shown()
    assert (one["state"], one["bonus"], one["is_on_time"]) == ("closed", 2, True)
    assert one["plan"] == a_plan().plan
    linked, unknown = one["linked"]
    assert (linked["complaint_id"], linked["lead"]) == (str(complaint), STREET)
    assert (unknown["number"], unknown["state"]) == (None, None)
    assert [line["kind"] for line in one["history"]] == [
        "ProactiveCaseOpened",
        "ProactiveCaseUpdated",
        "ProactiveCaseClosed",
    ]


@pytest.mark.postgres
async def test_a_planned_date_that_passes_is_told_once_to_whoever_stands_above(world) -> None:
    """It stays open, and late for good."""
    ahead = await _opened(world)
    await world.wait(timedelta(days=31))
    await world.wait(timedelta(days=31))
    overdue = [fact for fact in ahead.facts() if isinstance(fact, ProactiveCaseOverdue)]
    assert [(one.owner, one.raised_to) for one in overdue] == [(STREET, GOVERNMENT)]
    assert (await ahead.shown())["state"] == "open"
    await ahead.do("close", note="完工。")
    one = await ahead.shown()
    assert (one["state"], one["is_on_time"], one["bonus"]) == ("closed", False, 0)
    assert await _clocks(world) == 0


@pytest.mark.postgres
async def test_an_end_that_overtook_its_deadline_is_late_all_the_same(world) -> None:
    """The miss is told first, and the deadline fires no more."""
    ahead = await _opened(world)
    await ahead.do("close", reported_at=PLANNED + timedelta(hours=1), note="完工。")
    assert isinstance(ahead.facts()[-1], ProactiveCaseClosed)
    assert ahead.facts()[-1].is_on_time is True  # Nobody reports from the future.
    late = await _opened(world, planned_at=NOON)
    world.clock.advance(timedelta(hours=1))
    await late.do("close", note="完工。")
    await world.wait(timedelta(days=1))
    assert [type(fact).__name__ for fact in late.facts()] == [
        "ProactiveCaseOpened",
        "ProactiveCaseOverdue",
        "ProactiveCaseClosed",
    ]
    assert (await late.shown())["is_on_time"] is False


@pytest.mark.postgres
async def test_what_counts_for_nothing_stands_in_the_history(world) -> None:
    """Twice, empty, too much, after the end: nothing changes, and everybody sees why."""
    ahead = await _opened(world)
    await ahead.do("open")
    await ahead.do("progress")
    await ahead.do("close", bonus=3, note="完工。")
    await ahead.do("cancel", bonus=1, note="不做了。")
    await ahead.do("cancel", note="并入市级工程。")
    await ahead.do("close", bonus=1, note="完工。")
    await ahead.do("progress", note="还有一段。")
    assert await ahead.ignored() == [
        "proactive-open-not-opened",
        "proactive-nothing-new",
        "proactive-bonus-too-high",
        "proactive-bonus-too-high",
        "proactive-cancelled-not-closed",
        "proactive-cancelled-not-progressed",
    ]
    one = await ahead.shown()
    assert (one["state"], one["bonus"], one["is_on_time"]) == ("cancelled", 0, None)


@pytest.mark.postgres
async def test_a_list_is_filtered_paged_and_kept_to_the_owner(world) -> None:
    """An agency sees what it must do, and can't tell another's from none."""
    mine = await _opened(world)
    await world.wait(timedelta(minutes=1))
    theirs = await _opened(world, owner=WATER)
    await mine.do("close", note="完工。")

    async def seen(role: Role = Role.AUDITOR, agency: str | None = None, **params: Any) -> Any:
        status, page = await get(world, "/v1/proactive-cases", role, agency, **params)
        return [UUID(one["proactive_id"]) for one in page["items"]] if status == 200 else status

    assert await seen() == [theirs.proactive_id, mine.proactive_id]
    assert await seen(state="open") == [theirs.proactive_id]
    assert await seen(state="closed") == await seen(owner=STREET) == [mine.proactive_id]
    assert await seen(Role.AGENCY, WATER) == [theirs.proactive_id]
    assert await seen(Role.AGENCY, WATER, owner=STREET) == 403
    _, first = await get(world, "/v1/proactive-cases", Role.AUDITOR, limit=1)
    assert await seen(limit=1, cursor=first["next"]) == [mine.proactive_id]
    assert await mine.shown(Role.AGENCY, WATER) == 404
    assert (await mine.shown(Role.AGENCY, STREET))["owner"] == STREET
    assert await mine.shown(Role.REPORTER) == 403


async def test_a_key_that_has_a_case_or_a_whistle_costs_no_statement() -> None:
    """Almost every key has one; the transaction isn't even looked at."""
    assert await ProactiveTables().load(None, []) == {}  # type: ignore[arg-type]


@pytest.mark.postgres
async def test_a_case_that_somebody_holds_waits_for_the_next_round(world) -> None:
    """Its date must neither be lost nor make the others wait."""
    ahead = await _opened(world)
    db = world.path.running["tracker"].db
    world.clock.advance(timedelta(days=31))
    async with world.path.pool.acquire() as conn, conn.transaction():
        await conn.execute("SELECT FROM tracker.proactive FOR UPDATE")
        async with db.transaction() as tx:
            assert await ProactiveTables().load(tx, [ahead.proactive_id], skip_locked=True) == {}
    await world.wait(timedelta(seconds=1))
    assert isinstance(ahead.facts()[-1], ProactiveCaseOverdue)


@pytest.mark.postgres
async def test_points_stand_beside_the_score_and_never_in_it(world) -> None:
    """At most the policy's limit counts; places and kinds have none."""
    for bonus in (2, 2):
        ahead = await _opened(world)
        await ahead.do("close", bonus=bonus, note="完工。")
    await (await _opened(world)).do("cancel", note="不做了。")
    await _opened(world)
    _, page = await get(world, "/v1/rates", None)
    (row,) = page["rows"]
    assert (row["key"], row["score"]) == (STREET, None)
    assert row["bonus"] == {"points": 3, "granted": 4, "cases": 2}
    assert page["total"]["bonus"] == {"points": 3, "granted": 4, "cases": 2}
    assert page["total"]["score"] is None
    _, other = await get(world, "/v1/rates", None, agency=WATER)
    assert other["rows"] == []
    _, streets = await get(world, "/v1/rates", None, by="street")
    assert [row["bonus"] for row in (*streets["rows"], streets["total"])] == [None]
