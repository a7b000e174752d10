"""A whistle from the street's system to the department's screen, beside its complaint's case."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path as FilePath
from typing import Any
from uuid import UUID

import pytest

from services.events import (
    OrderDispatched,
    OrderResolved,
    WhistleClosed,
    WhistleJudged,
    WhistleReportedIn,
    WhistleRouted,
)
from services.intake import __main__ as intake
from services.router import __main__ as router
from services.runtime.clock import ManualClock
from services.runtime.keys import Role
from services.tracker import __main__ as tracker
from tests.builders import NOON
from tests.harness import Path, running
from tests.intake.callers import NAME, SECRETS, a_complaint, a_reporter
from tests.policies import a_policy

pytestmark = pytest.mark.postgres

STREET, TARGETS = "street-990101001", ["water-company", "enforcement-990101"]
BUILDS = {"intake": intake.build, "router": router.build, "tracker": tracker.build}


@pytest.fixture
async def path(dsn: str, tmp_path: FilePath) -> AsyncIterator[Path]:
    """Everything that a whistle passes."""
    secrets = tmp_path / "secrets.toml"
    secrets.write_text(SECRETS)
    settings: dict[str, Any] = {
        "intake": intake.IntakeSettings(secrets_file=secrets),
        "router": router.RouterSettings(),
        "tracker": tracker.TrackerSettings(),
    }
    async with running(dsn, ManualClock(NOON), a_policy(), BUILDS, settings) as path:
        yield path


async def _a_dispatched_complaint(path: Path) -> tuple[UUID, OrderDispatched]:
    reporter = await path.client("intake", Role.REPORTER)
    answer = await reporter.post("/v1/complaints", json=a_complaint(reporter=a_reporter()))
    await path.settle()
    facts = [event.data for event in path.events("complaints.tracked")]
    (order,) = [fact for fact in facts if isinstance(fact, OrderDispatched)]
    return UUID(answer.json()["complaint_id"]), order


def _body(complaint_id: UUID, **changes: Any) -> dict[str, Any]:
    tried_at = (NOON - timedelta(days=1)).isoformat()
    body: dict[str, Any] = {
        "kind": "daily",
        "text": f"{NAME}等居民反映市场后门垃圾成堆，反复清理反复堆放。",
        "complaints": [str(complaint_id)],
        "wanted": ["water-company"],
        "wanted_functions": ["enforcement"],
        "own_duty": "已清运两车。",
        "coordination": [{"agencies": TARGETS, "tried_at": tried_at, "result": "不认领。"}],
        "approvals": [{"rank": "team", "approver": "B-02"}],
    }
    return body | changes


async def test_a_street_blows_departments_see_it_and_the_case_goes_on(path: Path) -> None:
    """Refused at first for want of coordination, then routed; the order is resolved as ever."""
    complaint_id, order = await _a_dispatched_complaint(path)
    assert order.agency == STREET
    street = await path.client("intake", Role.AGENCY, STREET)
    hasty = await street.post("/v1/whistles", json=_body(complaint_id, coordination=[]))
    sound = await street.post("/v1/whistles", json=_body(complaint_id))
    done = {"action": "resolve", "note": "垃圾已清运，后门已封闭。"}
    assert (await street.post(f"/v1/orders/{order.order_id}/actions", json=done)).is_success
    await path.settle()

    asking = await path.client("router", Role.AGENCY, STREET)
    first = (await asking.get(f"/v1/whistles/{hasty.json()['whistle_id']}")).json()
    assert (first["status"], first["reason"]) == ("refused", "coordination")
    assert [one["code"] for one in first["agencies"]] == TARGETS
    target = await path.client("router", Role.AGENCY, TARGETS[1])
    (seen,) = (await target.get("/v1/whistles")).json()["items"]
    assert seen["whistle_id"] == sound.json()["whistle_id"]
    assert seen["status"] == "routed"
    assert [one["code"] for one in seen["targets"]] == TARGETS
    assert NAME not in seen["whistle"]["text"]

    routed = [event for event in path.events("complaints.routed") if event.sequence > 1]
    assert [event.complaintid for event in routed] == [complaint_id] * 2
    assert isinstance(routed[1].data, WhistleRouted)
    tracked = [event.data for event in path.events("complaints.tracked")]
    assert [fact.order_id for fact in tracked if isinstance(fact, OrderResolved)] == [
        order.order_id
    ]
    for one in path.running.values():
        assert await one.db.fetchval("SELECT count(*) FROM dead_letter") == 0
        assert await one.db.fetchval("SELECT count(*) FROM parked") == 0


async def test_departments_report_in_by_the_door_and_both_sides_see_how_it_went(path: Path) -> None:
    """吹哨报到 from end to end: blown, arrived, judged by both, closed; one of two never came."""
    complaint_id, _ = await _a_dispatched_complaint(path)
    street = await path.client("intake", Role.AGENCY, STREET)
    answer = await street.post("/v1/whistles", json=_body(complaint_id))
    actions = f"/v1/whistles/{answer.json()['whistle_id']}/actions"
    assert (await street.post(actions, json={"action": "close", "note": "急"})).status_code == 404
    await path.settle()
    water, absent = TARGETS
    company = await path.client("intake", Role.AGENCY, water)
    assert (await company.post(actions, json={"action": "arrive"})).is_success
    await path.settle()
    path.clock.advance(timedelta(days=7))  # type: ignore[attr-defined]
    await path.settle()
    verdict = {"action": "judge", "about": absent, "grade": "poor", "note": "未到场。"}
    assert (await street.post(actions, json=verdict)).is_success
    assert (await street.post(actions, json={"action": "close", "note": "已处置。"})).is_success
    assert (await company.post(actions, json={"action": "judge", "grade": "good"})).is_success
    await path.settle()

    told = [event.data for event in path.events("complaints.tracked")]
    assert [f.agency for f in told if isinstance(f, WhistleReportedIn)] == [water]
    assert [f.no_shows for f in told if isinstance(f, WhistleClosed)] == [(absent,)]
    assert [f.judge for f in told if isinstance(f, WhistleJudged)] == [STREET, water]
    for agency in (STREET, *TARGETS):
        asking = await path.client("tracker", Role.AGENCY, agency)
        (seen,) = (await asking.get("/v1/whistles")).json()["items"]
        assert [one["state"] for one in seen["summons"]] == ["released", "absent"]
    stranger = await path.client("tracker", Role.AGENCY, "street-990102001")
    assert (await stranger.get("/v1/whistles")).json()["items"] == []
    for one in path.running.values():
        assert await one.db.fetchval("SELECT count(*) FROM dead_letter") == 0
        assert await one.db.fetchval("SELECT count(*) FROM parked") == 0
