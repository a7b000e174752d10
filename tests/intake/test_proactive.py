"""Root causes and proactive cases at the door: the form, the links, the words, and who may."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path as FilePath
from typing import Any
from uuid import UUID

import pytest

from services.events import (
    CaseActionReported,
    OfficerAction,
    OrderActionReported,
    ProactiveAction,
    ProactiveCaseReported,
)
from services.intake.__main__ import IntakeSettings, build
from services.runtime.clock import ManualClock
from services.runtime.ids import new_id
from services.runtime.keys import Role
from tests.builders import NOON
from tests.harness import running
from tests.intake.callers import NAME, PHONE, a_complaint, a_reporter
from tests.intake.conftest import Door
from tests.intake.tracked import AGENCY, ORDER, dispatched, opened
from tests.policies import CAUSES, a_policy

pytestmark = pytest.mark.postgres

PATH = "/v1/proactive-cases"
LATER = (NOON + timedelta(days=30)).isoformat()


@pytest.fixture
async def city(dsn: str, secrets_file: FilePath) -> AsyncIterator[Door]:
    """Intake of a city that knows causes."""
    clock, settings = ManualClock(NOON), IntakeSettings(secrets_file=secrets_file)
    policy = a_policy(causes=CAUSES)
    async with running(dsn, clock, policy, {"intake": build}, {"intake": settings}) as path:
        yield Door(path, clock, settings, {})


def a_case(**changes: Any) -> dict[str, Any]:
    """The body of a proactive case, unless changed."""
    body: dict[str, Any] = {
        "title": "河街老旧供水管网改造",
        "owner": "water-company",
        "plan": "分三段更换管道。",
        "planned_at": LATER,
        "cause": "ageing-pipes",
        "place": {"street": "河街街道"},
    }
    return body | changes


async def _post(door: Door, path: str, body: Any, role: Role = Role.SUPERVISOR) -> Any:
    client = await door.client(role, AGENCY if role is Role.AGENCY else None)
    return await client.post(path, json=body)


async def _a_complaint(door: Door) -> UUID:
    """A complaint whose order the street has."""
    client = await door.client(Role.REPORTER)
    answer = await client.post("/v1/complaints", json=a_complaint(reporter=a_reporter()))
    complaint_id = UUID(answer.json()["complaint_id"])
    await door.track(complaint_id, opened(), dispatched())
    return complaint_id


async def _told(door: Door) -> list[ProactiveCaseReported]:
    facts = [event.data for event in await door.received()]
    return [fact for fact in facts if isinstance(fact, ProactiveCaseReported)]


def _faults(answer: Any) -> list[str]:
    assert answer.status_code == 422, answer.text
    return [fault["field"] for fault in answer.json()["errors"]]


async def test_a_supervisor_opens_a_case_and_says_what_becomes_of_it(city) -> None:
    """Under the key's label and an id of its own; every word goes out masked."""
    complaint = await _a_complaint(city)
    told_of = f"{NAME}（{PHONE}）等人反映水压低"
    answer = await _post(city, PATH, a_case(complaints=[str(complaint)], plan=told_of))
    assert answer.status_code == 202, answer.text
    proactive_id = UUID(answer.json()["proactive_id"])
    actions = f"{PATH}/{proactive_id}/actions"
    assert (
        await _post(city, actions, {"action": "progress", "note": f"已告知{NAME}"})
    ).status_code == 202
    closed = await _post(city, actions, {"action": "close", "bonus": 2, "note": "完工"})
    assert closed.status_code == 202
    first, second, third = await _told(city)
    events = [e for e in await city.received() if isinstance(e.data, ProactiveCaseReported)]
    assert {event.complaintid for event in events} == {proactive_id}
    assert [event.sequence for event in events] == [1, 2, 3]
    assert str(events[-1].id) == closed.json()["event_id"]
    assert first.content is not None
    assert (first.content.owner, first.content.complaints) == ("water-company", (complaint,))
    assert first.content.place.street == "990101001"
    for words in (first.content.plan, second.note):
        assert words
        assert NAME not in words
        assert PHONE not in words
    assert (third.action, third.bonus) == (ProactiveAction.CLOSE, 2)
    assert first.officer


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"owner": "nobody"}, "owner"),
        ({"cause": "bad-luck"}, "cause"),
        ({"category": "nothing"}, "category"),
        ({"planned_at": NOON.isoformat()}, "planned_at"),
        ({"planned_at": "2099-01-01T00:00:00Z"}, "planned_at"),
        ({"planned_at": "2026-12-30T00:00:00"}, "planned_at"),
        ({"place": {"street": "月亮街道"}}, "place.street"),
        ({"title": " "}, "title"),
        ({"plan": "\u200b"}, "plan"),
        ({"complaints": [str(UUID(int=7))]}, "complaints.0"),
        ({"complaints": [str(UUID(int=n)) for n in range(201)]}, "complaints"),
        ({"officer": "me"}, "officer"),
    ],
)
async def test_a_form_that_is_wrong_is_refused_by_name(city, changes, field) -> None:
    """Nothing is told of it."""
    assert _faults(await _post(city, PATH, a_case(**changes))) == [field]
    assert await _told(city) == []


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"action": "open", "note": "再开"}, "action"),
        ({"action": "progress"}, "note"),
        ({"action": "cancel"}, "note"),
        ({"action": "close", "note": "\u200b"}, "note"),
        ({"action": "close", "note": "完工", "bonus": 3}, "bonus"),
        ({"action": "close", "note": "完工", "bonus": -1}, "bonus"),
        ({"action": "progress", "note": "一段", "bonus": 1}, "bonus"),
        ({"action": "close", "note": "完工", "complaints": [str(ORDER)]}, "complaints"),
        ({"action": "progress", "complaints": [str(ORDER)]}, "complaints.0"),
    ],
)
async def test_an_action_that_is_wrong_is_refused_by_name(city, body, field) -> None:
    """Better at the door than in the history."""
    answer = await _post(city, PATH, a_case())
    actions = f"{PATH}/{answer.json()['proactive_id']}/actions"
    assert _faults(await _post(city, actions, body)) == [field]
    assert len(await _told(city)) == 1


async def test_links_add_up_to_a_limit_whatever_came_between(city) -> None:
    """Those of the opening count, and one that is given twice counts once."""
    first, second = await _a_complaint(city), await _a_complaint(city)
    answer = await _post(city, PATH, a_case(complaints=[str(first), str(first)]))
    actions = f"{PATH}/{answer.json()['proactive_id']}/actions"
    linking = {"action": "progress", "complaints": [str(second), str(first)]}
    assert (await _post(city, actions, linking)).status_code == 202
    opening, linked = await _told(city)
    assert opening.content is not None
    assert (opening.content.complaints, linked.complaints) == ((first,), (second, first))
    kept = await city.path.pool.fetchval("SELECT complaints FROM intake.proactive")
    assert list(kept) == [first, second]


async def test_a_case_that_nobody_opened_is_404(city) -> None:
    """An action on it would be lost in silence."""
    answer = await _post(city, f"{PATH}/{new_id()}/actions", {"action": "close", "note": "完工"})
    assert (answer.status_code, answer.json()["code"]) == (404, "no-such-proactive-case")
    assert await _told(city) == []


@pytest.mark.parametrize("role", [Role.AGENCY, Role.OPERATOR, Role.REPORTER, Role.AUDITOR])
async def test_nobody_but_a_supervisor_opens_or_closes(city, role) -> None:
    """Least of all an owner who would grant itself points."""
    opened_by = await _post(city, PATH, a_case(), role)
    closed_by = await _post(city, f"{PATH}/{new_id()}/actions", {"action": "close"}, role)
    assert (opened_by.status_code, closed_by.status_code) == (403, 403)


async def test_a_case_with_a_key_is_opened_once(city) -> None:
    """Programs try again; nobody gets the same work twice by that."""
    client = await city.client(Role.SUPERVISOR)
    headers = {"Idempotency-Key": "a"}

    async def once(**changes: Any) -> Any:
        return await client.post(PATH, json=a_case(**changes), headers=headers)

    answers = await asyncio.gather(*(once() for _ in range(5)))
    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.text for answer in answers}) == 1
    assert (await once(title="另一项")).status_code == 409
    assert len(await _told(city)) == 1


async def test_an_agency_says_why_when_it_resolves(city) -> None:
    """A cause that the city doesn't list is named with those it does."""
    await _a_complaint(city)
    path, done = f"/v1/orders/{ORDER}/actions", {"action": "resolve", "note": "已修"}
    wrong = await _post(city, path, done | {"cause": "bad-luck"}, Role.AGENCY)
    assert _faults(wrong) == ["cause"]
    assert "ageing-pipes" in wrong.text
    early = await _post(city, path, {"action": "sign", "cause": "ageing-pipes"}, Role.AGENCY)
    assert _faults(early) == ["cause"]
    right = await _post(city, path, done | {"cause": "ageing-pipes"}, Role.AGENCY)
    assert right.status_code == 202, right.text
    fact = (await city.received())[-1].data
    assert isinstance(fact, OrderActionReported)
    assert fact.cause == "ageing-pipes"


async def test_a_supervisor_sets_a_cause_right(city) -> None:
    """By the order and a cause that the city lists."""
    path = f"/v1/cases/{await _a_complaint(city)}/actions"
    body = {"action": "cause", "order_id": str(ORDER), "reason": "contractor-default"}
    assert _faults(await _post(city, path, body | {"reason": "bad-luck"})) == ["reason"]
    assert (await _post(city, path, body)).status_code == 202
    fact = (await city.received())[-1].data
    assert isinstance(fact, CaseActionReported)
    assert (fact.action, fact.reason) == (OfficerAction.CAUSE, "contractor-default")


async def test_a_city_without_causes_says_so(door: Door) -> None:
    """Instead of taking a word that no figure would ever count."""
    await _a_complaint(door)
    body = {"action": "resolve", "note": "已修", "cause": "ageing-pipes"}
    answer = await _post(door, f"/v1/orders/{ORDER}/actions", body, Role.AGENCY)
    assert _faults(answer) == ["cause"]
    assert "causes.toml" in answer.text
    assert _faults(await _post(door, PATH, a_case())) == ["cause"]
    answer = await _post(door, PATH, a_case(cause=None))
    assert answer.status_code == 202, answer.text
    close = {"action": "close", "note": "完工", "bonus": 1}
    actions = f"{PATH}/{answer.json()['proactive_id']}/actions"
    assert _faults(await _post(door, actions, close)) == ["bonus"]
