"""The router over HTTP: who may ask what, and that a person's decision is told once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from services.events import ComplaintDiverted, ComplaintReceived, ComplaintRouted, Place
from services.router.__main__ import RouterSettings, build
from services.runtime.clock import ManualClock
from services.runtime.ids import new_id
from services.runtime.keys import Role
from tests.builders import NOON, a_matter, a_received_event, an_event, as_outgoing
from tests.harness import Path, running
from tests.policies import a_policy

pytestmark = pytest.mark.postgres

EAST = Place(district="990101")

Receive = Callable[..., Awaitable[UUID]]


@pytest.fixture
async def path(dsn: str) -> AsyncIterator[Path]:
    """The router alone."""
    clock = ManualClock(NOON)
    settings = {"router": RouterSettings()}
    async with running(dsn, clock, a_policy(), {"router": build}, settings) as path:
        yield path


@pytest.fixture
async def operator(path: Path) -> AsyncIterator[Any]:
    """An operator's client."""
    async with await path.client("router", Role.OPERATOR) as client:
        yield client


@pytest.fixture
def receive(path: Path) -> Receive:
    """Make the router receive a complaint; gives its id."""

    async def received(origin: str | None = None, **matter: Any) -> UUID:
        event = a_received_event(**matter)
        if origin:
            fact = ComplaintReceived(matter=a_matter(**matter), origin=origin)
            event = an_event(fact, event.complaintid)
        await path.bus.publisher().publish([as_outgoing(event, "complaints.received")])
        await path.settle()
        return event.complaintid

    return received


async def test_explain_names_lead_rule_and_why(operator: Any, path: Path) -> None:
    """Places by name, and nothing is recorded."""
    question = {"text": "门口垃圾没人清", "place": {"district": "东区", "street": "河街"}}
    answer = (await operator.post("/v1/explain", json=question)).json()
    assert answer["policy"] == a_policy().hash
    assert answer["decision"]["lead"] == {"code": "street-990101001", "name": "河街街道办事处"}
    assert answer["decision"]["copies"][0]["code"] == "government-990101"
    assert [p["code"] for p in answer["trace"]["place"]] == ["990101001", "990101", "9901"]
    assert answer["trace"]["rules"][0]["verdict"] == "chosen"
    assert answer["trace"]["rules_total"] == 5
    assert await path.running["router"].db.fetchval("SELECT count(*) FROM route") == 0


async def test_explain_tells_diversions_and_holds_too(operator: Any) -> None:
    """All three outcomes have one shape."""
    fire = (await operator.post("/v1/explain", json={"text": "着火了"})).json()["decision"]
    assert (fire["outcome"], fire["target"]) == ("diverted", "119")
    unclear = (await operator.post("/v1/explain", json={"text": "吵架"})).json()["decision"]
    assert (unclear["outcome"], unclear["reason"]) == ("held", "no-place")


@pytest.mark.parametrize(
    ("question", "field"),
    [
        ({"place": {"district": "南区"}}, "place.district"),
        ({"place": {"district": "990101001"}}, "place.district"),
        ({"place": {"district": "西区", "street": "990101001"}}, "place.street"),
        ({"category": "哲学"}, "category"),
        ({"policy": "0123456789abcdef"}, "policy"),
        ({"nature": "anger"}, "nature"),
        ({"txt": "typing error"}, "txt"),
    ],
)
async def test_explain_names_the_field_that_is_wrong(
    operator: Any, question: dict[str, Any], field: str
) -> None:
    """A wrong place would give a wrong answer that looks right."""
    response = await operator.post("/v1/explain", json=question)
    assert response.status_code == 422
    assert [error["field"] for error in response.json()["errors"]] == [field]


@pytest.mark.parametrize("written", ["environment-waste", "市容环境 > 垃圾清运", "垃圾清运"])
async def test_explain_takes_categories_by_name(operator: Any, written: str) -> None:
    """Operators know names, not codes."""
    answer = (await operator.post("/v1/explain", json={"category": written})).json()
    assert answer["decision"]["category"]["code"] == "environment-waste"
    assert answer["trace"]["category_from"] == "given"


async def test_a_route_says_why_and_under_which_policy(operator: Any, receive: Receive) -> None:
    """The trace is that of the decision, with every attempt."""
    complaint_id = await receive(text="家里停水了", place=EAST)
    route = (await operator.get(f"/v1/routes/{complaint_id}")).json()
    assert (route["outcome"], route["lead"], route["policy"]) == (
        "routed",
        "water-company",
        a_policy().hash,
    )
    assert [attempt["decision"]["rule"] for attempt in route["attempts"]] == ["water-to-company"]
    assert "matter" not in route["attempts"][0]["decision"]
    assert route["trace"]["rules"][0]["rule"] == "water-to-company"


async def test_an_unknown_complaint_is_404(operator: Any) -> None:
    """With a code that programs can tell from a wrong address."""
    for response in (
        await operator.get(f"/v1/routes/{new_id()}"),
        await operator.post(f"/v1/triage/{new_id()}", json={"lead": "city-housing", "reason": "x"}),
    ):
        assert (response.status_code, response.json()["code"]) == (404, "unknown-complaint")


async def test_triage_lists_what_has_waited_longest_first_page_by_page(
    operator: Any, receive: Receive, path: Path
) -> None:
    """Whoever waits longest is served first, and paging neither skips nor repeats."""
    held = []
    for number in range(5):
        path.clock.advance(timedelta(minutes=number % 2))  # Some at the same instant.
        held.append(str(await receive(text="邻居吵架", place=Place())))
    await receive(text="家里停水了", place=EAST)
    seen: list[dict[str, Any]] = []
    after: dict[str, str] = {}
    for _ in range(3):
        page = (await operator.get("/v1/triage", params={"limit": 2} | after)).json()
        seen += page["items"]
        after = {"after": page["next"]}
    assert after["after"] is None
    assert sorted(one["complaint_id"] for one in seen) == sorted(held)
    assert [one["held_at"] for one in seen] == sorted(one["held_at"] for one in seen)
    assert {one["reason"] for one in seen} == {"no-place"}


async def test_a_foreign_cursor_is_refused(operator: Any) -> None:
    """Rather than an empty page that looks like the end."""
    response = await operator.get("/v1/triage", params={"after": "bm9uc2Vuc2U="})
    assert (response.status_code, response.json()["errors"][0]["field"]) == (422, "after")


async def test_a_person_gives_a_held_complaint_to_an_agency(
    operator: Any, receive: Receive, path: Path
) -> None:
    """It leaves triage, is told on the topic, and the record names the person's key."""
    complaint_id = await receive(text="邻居吵架", place=Place())
    decision = {"lead": "street-990101001", "reason": "已核实地点", "standard": "ordinary"}
    response = await operator.post(f"/v1/triage/{complaint_id}", json=decision)
    assert (response.status_code, response.json()["outcome"]) == (200, "routed")
    await path.settle()
    told = path.events("complaints.routed")[-1]
    assert isinstance(told.data, ComplaintRouted)
    assert (told.data.decided_by, told.data.copies) == ("operator", ("government-990101",))
    assert (told.sequence, told.causeid) == (2, None)
    assert (await operator.get("/v1/triage")).json()["items"] == []
    route = (await operator.get(f"/v1/routes/{complaint_id}")).json()
    keys = await path.pool.fetch("SELECT id FROM platform.api_key WHERE role = 'operator'")
    assert route["attempts"][1]["operator"] in {str(row["id"]) for row in keys}
    assert route["trace"]["rules_total"] == 5  # Still what the rules had said.


async def test_a_person_may_turn_a_held_complaint_away(
    operator: Any, receive: Receive, path: Path
) -> None:
    """With the reply that the citizen gets."""
    complaint_id = await receive(text="邻居吵架", place=Place())
    decision = {"diversion": "beyond-duty", "reply": "请与邻居协商。", "reason": "民事纠纷"}
    response = await operator.post(f"/v1/triage/{complaint_id}", json=decision)
    assert response.json()["outcome"] == "diverted"
    await path.settle()
    told = path.events("complaints.routed")[-1].data
    assert isinstance(told, ComplaintDiverted)
    assert told.reply == "请与邻居协商。"


@pytest.mark.parametrize(
    ("decision", "fields"),
    [
        ({"lead": "nobody"}, ["lead"]),
        ({"lead": "city-housing", "assists": ["nobody"]}, ["assists.0"]),
        ({"lead": "city-housing", "standard": "at-once"}, ["standard"]),
        ({"lead": "city-housing", "diversion": "secret", "reply": "x"}, ["lead"]),
        ({}, ["lead"]),
        ({"diversion": "secret"}, ["reply"]),
        ({"diversion": "boring", "reply": "x"}, ["diversion"]),
        ({"diversion": "secret", "reply": "x", "standard": "ordinary"}, ["standard"]),
        ({"lead": "city-housing", "reply": "x"}, ["reply"]),
    ],
)
async def test_a_faulty_decision_names_its_field_and_changes_nothing(
    operator: Any, receive: Receive, path: Path, decision: dict[str, Any], fields: list[str]
) -> None:
    """Half a decision is none."""
    complaint_id = await receive(text="邻居吵架", place=Place())
    response = await operator.post(f"/v1/triage/{complaint_id}", json=decision | {"reason": "x"})
    assert response.status_code == 422
    assert [error["field"] for error in response.json()["errors"]] == fields
    await path.settle()
    assert path.facts("complaints.routed") == ["ComplaintHeld"]


async def test_of_two_operators_at_once_one_decides(
    operator: Any, receive: Receive, path: Path
) -> None:
    """The other learns who has it; never two orders."""
    complaint_id = await receive(text="邻居吵架", place=Place())
    responses = await asyncio.gather(
        *(
            operator.post(f"/v1/triage/{complaint_id}", json={"lead": lead, "reason": "x"})
            for lead in ("city-housing", "city-transport")
        )
    )
    late = next(r for r in responses if r.status_code != 200)
    won = next(r for r in responses if r.status_code == 200)
    assert (late.status_code, late.json()["code"]) == (409, "already-decided")
    assert late.json()["lead"] == won.json()["lead"]
    await path.settle()
    assert path.facts("complaints.routed") == ["ComplaintHeld", "ComplaintRouted"]


async def test_totals_count_every_complaint_once(operator: Any, receive: Receive) -> None:
    """Reconciliation: routed, held and diverted add up to what was received."""
    await receive(text="家里停水了", place=EAST)
    await receive(text="邻居吵架", place=EAST)
    await receive(text="楼道着火了")
    settled = await receive(text="邻居吵架", place=Place(), origin="import:letters")
    await receive(text="邻居吵架", place=Place(), origin="import:letters")
    await operator.post(f"/v1/triage/{settled}", json={"lead": "city-housing", "reason": "x"})
    totals = (await operator.get("/v1/totals")).json()
    assert totals == {
        "received": 5,
        "routed": 3,
        "held": 1,
        "diverted": 1,
        "answered": 0,
        "closed": 0,
        "decided_by": {"rule": 2, "fallback": 1, "operator": 1, "model": 0},
        "first_outcomes": {"routed": 2, "held": 2, "diverted": 1, "answered": 0},
    }
    of_import = (await operator.get("/v1/totals", params={"origin": "import:letters"})).json()
    assert (of_import["received"], of_import["routed"], of_import["held"]) == (2, 1, 1)


@pytest.mark.parametrize(
    ("role", "allowed"),
    [
        (None, set()),
        (Role.REPORTER, set()),
        (Role.AGENCY, set()),
        (Role.AUDITOR, {"explain", "route", "totals"}),
        (Role.SERVICE, {"explain", "route", "totals"}),
        (Role.SUPERVISOR, {"explain", "route", "totals", "triage", "decide"}),
    ],
)
async def test_each_role_sees_what_it_may(path: Path, role: Role | None, allowed: set[str]) -> None:
    """A complaint's text is for those who work on it."""
    agency = "city-housing" if role is Role.AGENCY else None
    async with await path.client("router", role, agency) as client:
        answers = {
            "explain": await client.post("/v1/explain", json={"text": "停水"}),
            "route": await client.get(f"/v1/routes/{new_id()}"),
            "totals": await client.get("/v1/totals"),
            "triage": await client.get("/v1/triage"),
            "decide": await client.post(
                f"/v1/triage/{new_id()}", json={"lead": "city-housing", "reason": "x"}
            ),
        }
    got = {name for name, answer in answers.items() if answer.status_code not in {401, 403}}
    assert got == allowed
