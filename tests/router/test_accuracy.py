"""First-dispatch accuracy: every first dispatch counts once, whatever comes of it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from prometheus_client import REGISTRY

from services.events import OrderReturned, Place
from services.router.__main__ import RouterSettings, build
from services.runtime.clock import ManualClock
from services.runtime.keys import Role
from services.runtime.migrate import migrate
from tests.builders import NOON, a_received_event, an_event, as_outgoing
from tests.harness import Path, running
from tests.policies import a_policy

EAST = Place(district="990101")
WATER, QUARREL = {"text": "家里停水了", "place": EAST}, {"text": "邻居吵架", "place": Place()}
TODAY = {"from": "2026-11-24", "to": "2026-11-24"}

Receive = Callable[..., Awaitable[UUID]]
Return = Callable[..., Awaitable[None]]


@pytest.fixture
async def path(dsn: str) -> AsyncIterator[Path]:
    """The router alone."""
    clock = ManualClock(NOON)
    settings = {"router": RouterSettings()}
    async with running(dsn, clock, a_policy(), {"router": build}, settings) as path:
        yield path


@pytest.fixture
async def supervisor(path: Path) -> AsyncIterator[Any]:
    """A supervisor's client."""
    async with await path.client("router", Role.SUPERVISOR) as client:
        yield client


@pytest.fixture
def receive(path: Path) -> Receive:
    """Make the router receive a complaint; gives its id."""

    async def received(**matter: Any) -> UUID:
        event = a_received_event(**matter)
        await path.bus.publisher().publish([as_outgoing(event, "complaints.received")])
        await path.settle()
        return event.complaintid

    return received


@pytest.fixture
def give_back(path: Path) -> Return:
    """Make an agency return a complaint."""

    async def returned(
        key: UUID, agency: str, attempt: int = 1, reason: str = "不归我们管"
    ) -> None:
        fact = OrderReturned(order_id=UUID(int=9), agency=agency, attempt=attempt, reason=reason)
        event = an_event(fact, key, source="tracker", sequence=attempt)
        await path.bus.publisher().publish([as_outgoing(event, "complaints.tracked")])
        await path.settle()

    return returned


async def accuracy(client: Any, by: str = "rule", days: dict[str, str] = TODAY) -> dict[str, Any]:
    """Ask for it."""
    response = await client.get("/v1/accuracy", params={"by": by, **days})
    assert response.status_code == 200, response.text
    answer: dict[str, Any] = response.json()
    return answer


def row(answer: dict[str, Any], key: str) -> tuple[int, ...]:
    """The counts of one row."""
    (found,) = [one for one in answer["rows"] if one["key"] == key]
    names = ("dispatched", "stood", "returned", "reassigned", "upheld")
    return tuple(found[name] for name in names)


@pytest.mark.postgres
async def test_a_first_dispatch_stands_until_it_is_returned(
    supervisor: Any, receive: Receive, give_back: Return
) -> None:
    """And falls once: what becomes of the second dispatch is not the first rule's fault."""
    await receive(**WATER)
    key = await receive(**WATER)
    assert row(await accuracy(supervisor), "water-to-company") == (2, 2, 0, 0, 0)
    await give_back(key, "water-company")
    await give_back(key, "government-990101", 2)
    answer = await accuracy(supervisor)
    assert row(answer, "water-to-company") == (2, 1, 1, 0, 0)
    assert answer["total"]["accuracy"] == 0.5
    assert [one["key"] for one in answer["rows"]] == ["water-to-company"]


@pytest.mark.postgres
async def test_accuracy_is_told_by_agency_category_and_decider(
    supervisor: Any, receive: Receive, give_back: Return
) -> None:
    """Of rule, fallback and person alike, with the names that people know."""
    key = await receive(**WATER)
    await receive(text="邻居吵架", place=EAST)
    await give_back(key, "water-company")
    by_agency = await accuracy(supervisor, "agency")
    assert row(by_agency, "water-company") == (1, 0, 1, 0, 0)
    assert row(by_agency, "government-990101") == (1, 1, 0, 0, 0)
    names = {one["key"]: one["name"] for one in by_agency["rows"]}
    assert names["water-company"] == "市自来水公司"
    assert row(await accuracy(supervisor, "category"), "utilities-water") == (1, 0, 1, 0, 0)
    by_decider = await accuracy(supervisor, "decided_by")
    assert row(by_decider, "fallback") == (1, 1, 0, 0, 0)
    assert row(by_decider, "rule") == (1, 0, 1, 0, 0)


@pytest.mark.postgres
async def test_what_was_never_dispatched_is_told_apart(supervisor: Any, receive: Receive) -> None:
    """A complaint that a person dispatched counts as that person's dispatch."""
    await receive(text="楼道着火了")
    key = await receive(**QUARREL)
    await receive(**QUARREL)
    decision = {"lead": "city-housing", "reason": "已核实"}
    await supervisor.post(f"/v1/triage/{key}", json=decision)
    answer = await accuracy(supervisor, "decided_by")
    assert answer["not_dispatched"] == {"answered": 0, "diverted": 1, "held": 2}
    assert row(answer, "operator") == (1, 1, 0, 0, 0)
    assert answer["total"]["dispatched"] == 1


@pytest.mark.postgres
async def test_received_and_returned_in_one_batch_count_the_same(
    path: Path, supervisor: Any
) -> None:
    """A replay after an outage brings both at once."""
    event = a_received_event(**WATER)
    fact = OrderReturned(order_id=UUID(int=9), agency="water-company", attempt=1, reason="x")
    returned = an_event(fact, event.complaintid, source="tracker")
    bus = path.bus.publisher()
    await bus.publish([as_outgoing(event, "complaints.received")])
    await bus.publish([as_outgoing(returned, "complaints.tracked")])
    await path.settle()
    assert row(await accuracy(supervisor), "water-to-company") == (1, 0, 1, 0, 0)


@pytest.mark.postgres
async def test_a_day_is_the_day_of_the_dispatch_in_the_citys_time(
    path: Path, supervisor: Any, receive: Receive, give_back: Return
) -> None:
    """A return of next week still speaks about the rule as it was today."""
    path.clock.advance(timedelta(hours=11, minutes=59))  # 23:59 in the city.
    key = await receive(**WATER)
    path.clock.advance(timedelta(minutes=2))
    await receive(**WATER)
    await give_back(key, "water-company")
    assert row(await accuracy(supervisor), "water-to-company") == (1, 0, 1, 0, 0)
    tomorrow = {"from": "2026-11-25", "to": "2026-11-25"}
    assert row(await accuracy(supervisor, days=tomorrow), "water-to-company") == (1, 1, 0, 0, 0)


@pytest.mark.postgres
async def test_the_error_list_names_rule_case_and_reason(
    supervisor: Any, receive: Receive, give_back: Return
) -> None:
    """With what the agency said, and where the complaint is now."""
    key = await receive(**WATER, number="LZ-261124-000007")
    await receive(**WATER)
    await receive(text="公交车到站不停", place=EAST)
    await give_back(key, "water-company", reason="小区自建管网")
    answer = (await supervisor.get("/v1/errors/rules", params=TODAY)).json()
    (rule,) = answer["rules"]
    assert (answer["rules_total"], rule["rule"], rule["decided_by"]) == (
        1,
        "water-to-company",
        "rule",
    )
    assert rule["error_rate"] == 0.5
    assert 0 < rule["error_at_least"] < 0.5
    (case,) = rule["cases"]
    assert (case["complaint_id"], case["number"]) == (str(key), "LZ-261124-000007")
    assert (case["fell"], case["reason"]) == ("returned", "小区自建管网")
    assert case["agency"] == {"code": "water-company", "name": "市自来水公司"}
    assert case["lead"]["code"] == "government-990101"


@pytest.mark.postgres
async def test_a_return_that_a_person_overrules_is_no_error_of_the_rule(
    supervisor: Any, receive: Receive, give_back: Return
) -> None:
    """The agency passed it on, and it came back: the rule had been right."""
    key = await receive(**WATER)
    await give_back(key, "water-company")
    await give_back(key, "government-990101", 2)
    held = (await supervisor.get(f"/v1/routes/{key}")).json()
    assert held["outcome"] == "held"
    decision = {"lead": "water-company", "reason": "会商后指定"}
    assert (await supervisor.post(f"/v1/triage/{key}", json=decision)).status_code == 200
    assert row(await accuracy(supervisor), "water-to-company") == (1, 0, 1, 0, 1)
    answer = (await supervisor.get("/v1/errors/rules", params=TODAY)).json()
    assert answer == {"rules": [], "rules_total": 0}


@pytest.mark.postgres
async def test_the_surest_to_be_wrong_comes_first(
    supervisor: Any, receive: Receive, give_back: Return
) -> None:
    """One of one may be chance; three of four is a pattern."""
    bus = await receive(text="公交车到站不停", place=EAST)
    await give_back(bus, "city-transport")
    for number in range(4):
        key = await receive(**WATER)
        if number:
            await give_back(key, "water-company")
    params = TODAY | {"limit": "1", "cases": "2"}
    answer = (await supervisor.get("/v1/errors/rules", params=params)).json()
    assert (answer["rules_total"], [one["rule"] for one in answer["rules"]]) == (
        2,
        ["water-to-company"],
    )
    assert len(answer["rules"][0]["cases"]) == 2


@pytest.mark.postgres
async def test_what_was_decided_before_counts_were_kept_is_counted_alike(
    dsn: str, path: Path, supervisor: Any, receive: Receive, give_back: Return
) -> None:
    """An installation that is updated doesn't begin with a clean record."""
    await receive(text="楼道着火了")
    held = await receive(**QUARREL)
    await supervisor.post(f"/v1/triage/{held}", json={"lead": "city-housing", "reason": "x"})
    await give_back(await receive(**WATER), "water-company")
    overruled = await receive(**WATER)
    await give_back(overruled, "water-company")
    await give_back(overruled, "government-990101", 2)
    decision = {"lead": "water-company", "reason": "会商后指定"}
    await supervisor.post(f"/v1/triage/{overruled}", json=decision)
    before = [await accuracy(supervisor, by) for by in ("rule", "agency", "decided_by")]
    await path.pool.execute(
        "DROP TABLE router.first_dispatch, router.dispatch_tally;"
        "DROP INDEX router.route_attempt_first;"
        "DELETE FROM router.migration WHERE name LIKE '%0003_dispatches.sql'"
    )
    await migrate(dsn, "router")
    after = [await accuracy(supervisor, by) for by in ("rule", "agency", "decided_by")]
    assert before[0]["total"]["upheld"] == 1
    assert after == before


@pytest.mark.postgres
async def test_accuracy_is_a_metric_too(path: Path, receive: Receive, give_back: Return) -> None:
    """By kind of agency: a label for each of hundreds would be too many."""
    labels = {"decided_by": "rule", "kind": "enterprise"}

    def measured(name: str, **more: str) -> float:
        return REGISTRY.get_sample_value(name, labels | more) or 0.0

    names = "whistle_first_dispatches_total", "whistle_first_dispatches_fallen_total"
    before = measured(names[0]), measured(names[1], how="returned")
    key = await receive(**WATER)
    await give_back(key, "water-company")
    assert path.running["router"].db is not None
    assert measured(names[0]) == before[0] + 1
    assert measured(names[1], how="returned") == before[1] + 1


@pytest.mark.postgres
@pytest.mark.parametrize("path_asked", ["/v1/accuracy", "/v1/errors/rules"])
@pytest.mark.parametrize(
    "days",
    [
        {"from": "2026-11-25", "to": "2026-11-24"},
        {"from": "2025-01-01", "to": "2026-11-24"},
        {"from": "9999-12-31", "to": "9999-12-31"},
    ],
)
async def test_a_span_that_is_none_is_refused(
    supervisor: Any, path_asked: str, days: dict[str, str]
) -> None:
    """An empty answer would look like a city without errors."""
    response = await supervisor.get(path_asked, params=days)
    assert response.status_code == 422
    assert [error["field"] for error in response.json()["errors"]] == ["to"]


@pytest.mark.postgres
@pytest.mark.parametrize(
    ("role", "status"),
    [(Role.AUDITOR, 200), (Role.SERVICE, 200), (Role.OPERATOR, 403), (Role.AGENCY, 403)],
)
async def test_who_judges_rules_sees_their_errors(path: Path, role: Role, status: int) -> None:
    """Cases of all agencies are nobody's business who works on some."""
    agency = "city-housing" if role is Role.AGENCY else None
    async with await path.client("router", role, agency) as client:
        for asked in ("/v1/accuracy", "/v1/errors/rules"):
            assert (await client.get(asked, params=TODAY)).status_code == status
