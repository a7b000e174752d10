"""Agencies that ask for relief, officers who decide: what the door takes, and what it tells."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from services.events import (
    AgencyAction,
    CaseActionReported,
    ClockPaused,
    ClockResumed,
    DeadlineExtended,
    OfficerAction,
    OrderActionReported,
    OrderDeferred,
)
from services.runtime.ids import new_id
from services.runtime.keys import Role
from tests.builders import NOON
from tests.intake.callers import NAME, PHONE, a_complaint, a_reporter
from tests.intake.conftest import Door
from tests.intake.tracked import AGENCY, DUE_AT, ORDER, dispatched, opened

pytestmark = pytest.mark.postgres

ACTIONS = f"/v1/orders/{ORDER}/actions"
LATER = (NOON + timedelta(days=9)).isoformat()
REQUEST = UUID(int=701)


async def _a_complaint(door: Door) -> UUID:
    """A complaint whose order the street has."""
    client = await door.client(Role.REPORTER)
    answer = await client.post("/v1/complaints", json=a_complaint(reporter=a_reporter()))
    complaint_id = UUID(answer.json()["complaint_id"])
    await door.track(complaint_id, opened(), dispatched())
    return complaint_id


async def _act(door: Door, **body: Any) -> Any:
    agency = await door.client(Role.AGENCY, AGENCY)
    return await agency.post(ACTIONS, json=body)


async def _decide(door: Door, complaint_id: UUID, role: Role = Role.SUPERVISOR, **body: Any) -> Any:
    officer = await door.client(role)
    return await officer.post(f"/v1/cases/{complaint_id}/actions", json=body)


def _faults(answer: Any) -> list[str]:
    assert answer.status_code == 422, answer.text
    return [fault["field"] for fault in answer.json()["errors"]]


@pytest.mark.parametrize(
    ("body", "action"),
    [
        ({"action": "contact"}, AgencyAction.CONTACT),
        ({"action": "pause", "reason": "unreachable"}, AgencyAction.PAUSE),
        ({"action": "extend", "note": "等待配件", "until": LATER}, AgencyAction.EXTEND),
        ({"action": "defer", "note": "明年改造", "until": LATER}, AgencyAction.DEFER),
        ({"action": "continue"}, AgencyAction.CONTINUE),
    ],
)
async def test_an_agencys_request_is_told_and_its_id_is_the_requests(door, body, action) -> None:
    """The agency learns at once by what id an officer grants it."""
    complaint_id = await _a_complaint(door)
    answer = await _act(door, **body)
    assert answer.status_code == 202, answer.text
    event = (await door.received())[-1]
    assert str(event.id) == answer.json()["event_id"]
    assert event.complaintid == complaint_id
    assert isinstance(event.data, OrderActionReported)
    assert (event.data.action, event.data.reason) == (action, body.get("reason"))
    assert (event.data.until is not None) == ("until" in body)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"action": "extend", "until": LATER}, "note"),
        ({"action": "extend", "note": "等待配件"}, "until"),
        ({"action": "extend", "note": "等待配件", "until": NOON.isoformat()}, "until"),
        ({"action": "extend", "note": "等待配件", "until": "9999-12-31T00:00:00Z"}, "until"),
        ({"action": "extend", "note": "等待配件", "until": "2099-01-01T00:00:00"}, "until"),
        ({"action": "defer", "note": " ", "until": LATER}, "note"),
        ({"action": "pause"}, "reason"),
        ({"action": "sign", "until": LATER}, "until"),
        ({"action": "resolve", "note": "已办", "reason": "unreachable"}, "reason"),
        ({"action": "sign", "suggests": AGENCY}, "suggests"),
        ({"action": "return", "note": "不归我管", "suggests": "nobody"}, "suggests"),
    ],
)
async def test_what_is_missing_or_misplaced_is_named(door, body, field) -> None:
    """Better at the door than in the history."""
    await _a_complaint(door)
    assert field in "".join(_faults(await _act(door, **body)))
    assert len(await door.received()) == 1


async def test_an_officers_decision_is_told_under_the_keys_label(door) -> None:
    """Who decided, in what role, and why; who complained is masked in the note."""
    complaint_id = await _a_complaint(door)
    note = f"同意，已电{NAME}{PHONE}"
    answer = await _decide(
        door, complaint_id, action="approve", request_id=str(REQUEST), until=LATER, note=note
    )
    assert answer.status_code == 202, answer.text
    event = (await door.received())[-1]
    fact = event.data
    assert str(event.id) == answer.json()["event_id"]
    assert event.complaintid == complaint_id
    assert isinstance(fact, CaseActionReported)
    assert (fact.action, fact.role) == (OfficerAction.APPROVE, "supervisor")
    assert (fact.request_id, fact.until) == (REQUEST, NOON + timedelta(days=9))
    assert fact.officer
    assert fact.note is not None
    assert NAME not in fact.note
    assert PHONE not in fact.note


@pytest.mark.parametrize("role", [Role.OPERATOR, Role.SUPERVISOR])
async def test_operators_and_supervisors_decide(door, role) -> None:
    """What each may decide is the tracker's rule; the fact says who it was."""
    complaint_id = await _a_complaint(door)
    answer = await _decide(door, complaint_id, role, action="continue", order_id=str(ORDER))
    assert answer.status_code == 202
    fact = (await door.received())[-1].data
    assert isinstance(fact, CaseActionReported)
    assert fact.role == role.value


async def test_nobody_else_decides(door) -> None:
    """Least of all the agency whose request it is."""
    complaint_id = await _a_complaint(door)
    body = {"action": "approve", "request_id": str(REQUEST)}
    for role, agency in ((Role.AGENCY, AGENCY), (Role.REPORTER, None), (Role.AUDITOR, None)):
        client = await door.client(role, agency)
        answer = await client.post(f"/v1/cases/{complaint_id}/actions", json=body)
        assert answer.status_code == 403


async def test_an_unknown_complaint_is_404(door) -> None:
    """Nothing is told of what isn't there."""
    answer = await _decide(door, new_id(), action="approve", request_id=str(REQUEST))
    assert (answer.status_code, answer.json()["code"]) == (404, "no-such-complaint")
    assert not await door.received()


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"action": "approve"}, "request_id"),
        ({"action": "refuse", "request_id": str(REQUEST)}, "note"),
        ({"action": "continue"}, "order_id"),
        ({"action": "exclude", "callback_id": str(REQUEST)}, "reason"),
        ({"action": "release"}, "supervision_id"),
        ({"action": "supervise", "raised_to": "nobody"}, "raised_to"),
        ({"action": "approve", "request_id": str(REQUEST), "reason": "x"}, "reason"),
        ({"action": "approve", "request_id": str(REQUEST), "until": NOON.isoformat()}, "until"),
        ({"action": "forgive"}, "action"),
    ],
)
async def test_a_decision_that_lacks_something_is_refused_by_name(door, body, field) -> None:
    """An officer's slip is told where it was made."""
    complaint_id = await _a_complaint(door)
    assert field in "".join(_faults(await _decide(door, complaint_id, **body)))


async def test_what_only_a_supervisor_may_decide_is_refused_at_the_door(door) -> None:
    """An operator who is told "accepted" would believe that it happened."""
    complaint_id = await _a_complaint(door)
    body = {"action": "supervise", "note": "多次催办"}
    answer = await _decide(door, complaint_id, Role.OPERATOR, **body)
    assert (answer.status_code, answer.json()["code"]) == (403, "wrong-role")
    assert (await _decide(door, complaint_id, **body)).status_code == 202


async def test_a_decision_with_a_key_is_told_once(door) -> None:
    """Programs try again; a case isn't decided twice by that."""
    complaint_id = await _a_complaint(door)
    officer = await door.client(Role.SUPERVISOR)
    path, headers = f"/v1/cases/{complaint_id}/actions", {"Idempotency-Key": "a"}

    async def decide(**body: Any) -> Any:
        return await officer.post(path, json=body, headers=headers)

    body = {"action": "approve", "request_id": str(REQUEST)}
    answers = await asyncio.gather(*(decide(**body) for _ in range(6)))
    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.text for answer in answers}) == 1
    assert (await decide(action="supervise")).status_code == 409
    assert len(await door.received()) == 2


def _promise(kind: type, **fields: Any) -> Any:
    known = {
        "request_id": REQUEST,
        "order_id": ORDER,
        "agency": AGENCY,
        "role": "lead",
        "due_at": DUE_AT,
        "at_risk_at": DUE_AT,
        "since": NOON,
        "reason": "等待配件",
        "approved_by": "policy",
        "timeline": (),
        "plan": "明年改造",
        "planned_at": DUE_AT,
    }
    return kind(**{name: known[name] for name in kind.model_fields if name in known} | fields)


@pytest.mark.parametrize(
    ("fact", "expected", "zh", "en"),
    [
        (
            _promise(DeadlineExtended, due_at=DUE_AT + timedelta(days=3)),
            DUE_AT + timedelta(days=3),
            "延长",
            "more time",
        ),
        (_promise(ClockPaused), None, "暂停", "stands still"),
        (_promise(ClockResumed), DUE_AT, "恢复", "goes on"),
        (_promise(OrderDeferred, planned_at=DUE_AT), DUE_AT, "督办", "supervised"),
    ],
)
async def test_the_citizen_sees_that_the_promise_moved(door, fact, expected, zh, en) -> None:
    """Art. 15: who handles it tells the citizen; so does the page."""
    complaint_id = await _a_complaint(door)
    await door.track(complaint_id, fact)
    client = await door.client(None)
    for language, words in (("zh", zh), ("en", en)):
        answer = await client.get(f"/v1/complaints/{complaint_id}", params={"lang": language})
        shown = answer.json()
        assert shown["expected_at"] == (expected.isoformat() if expected else None)
        assert words in shown["timeline"][-1]["text"]


async def test_a_helpers_relief_is_nobodys_business_outside(door) -> None:
    """The citizen's promise is the lead's."""
    complaint_id = await _a_complaint(door)
    await door.track(complaint_id, _promise(ClockPaused, role="assist"))
    client = await door.client(None)
    shown = (await client.get(f"/v1/complaints/{complaint_id}")).json()
    assert shown["expected_at"] == DUE_AT.isoformat()
    assert shown["timeline"][-1]["what"] == "dispatched"


async def test_a_merge_tells_both_complaints_at_once(door) -> None:
    """One follows, the other knows it; neither is told who the other's person is."""
    follower = await _a_complaint(door)
    client = await door.client(Role.REPORTER)
    other = a_complaint(
        reporter={"name": "欧阳明月", "phone": PHONE}, text="另一位市民反映同一问题"
    )
    into = UUID((await client.post("/v1/complaints", json=other)).json()["complaint_id"])
    note = f"与欧阳明月反映的是同一件事，{NAME}同意"
    said = {"action": "merge", "into": str(into), "note": note}
    answer = await _decide(door, follower, Role.OPERATOR, **said)
    assert answer.status_code == 202, answer.text
    decided = [e for e in await door.received() if isinstance(e.data, CaseActionReported)]
    merge, absorb = sorted(decided, key=lambda event: event.complaintid != follower)
    assert str(merge.id) == answer.json()["event_id"]
    assert (merge.complaintid, absorb.complaintid) == (follower, into)
    assert (merge.data.action, merge.data.into) == (OfficerAction.MERGE, into)
    assert (absorb.data.action, absorb.data.into) == (OfficerAction.ABSORB, None)
    assert (merge.data.merged, absorb.data.merged) == (None, follower)
    for fact in (merge.data, absorb.data):
        assert NAME not in fact.note
        assert "欧阳明月" not in fact.note


async def test_a_complaint_is_merged_only_into_another_one_that_is_known(door) -> None:
    """And nobody asks for the other side of a merge."""
    follower = await _a_complaint(door)
    for said, field in (
        ({"action": "merge"}, "into"),
        ({"action": "merge", "into": str(follower)}, "into"),
        ({"action": "merge", "into": str(new_id())}, "into"),
        ({"action": "supervise", "into": str(new_id())}, "into"),
        ({"action": "absorb"}, "action"),
        ({"action": "absorb", "merged": str(new_id())}, "merged"),
    ):
        assert field in "".join(_faults(await _decide(door, follower, **said)))
    assert len(await door.received()) == 1
