"""What streets and departments report about a whistle, at the door: form, part, words."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import UUID

import pytest

from services.events import Summons, Whistle, WhistleActionReported, WhistleBlown
from services.runtime.ids import new_id
from services.runtime.keys import Role
from tests.builders import NOON
from tests.intake.callers import NAME, PHONE, a_complaint, a_reporter
from tests.intake.conftest import Door
from tests.intake.tracked import AGENCY, OTHER_AGENCY, dispatched, opened

pytestmark = pytest.mark.postgres

WATER, ENFORCEMENT = "water-company", "enforcement-990101"


def _summons(agency: str) -> Summons:
    return Summons(agency=agency, sign_due_at=NOON, contact_due_at=NOON, arrive_due_at=NOON)


async def _blown(door: Door, *complaints: UUID) -> UUID:
    """The tracker has called two bodies to a whistle of the street."""
    whistle = Whistle(
        whistle_id=new_id(),
        kind="daily",
        raised_by=AGENCY,
        raised_at=NOON,
        text="市场后门垃圾成堆。",
        complaints=complaints,
    )
    fact = WhistleBlown(
        whistle_id=whistle.whistle_id,
        kind=whistle.kind,
        raised_by=AGENCY,
        summons=(_summons(WATER), _summons(ENFORCEMENT)),
        complaints=complaints,
        whistle=whistle,
    )
    await door.track(complaints[0] if complaints else whistle.whistle_id, fact)
    return whistle.whistle_id


async def _a_complaint(door: Door) -> UUID:
    client = await door.client(Role.REPORTER)
    answer = await client.post("/v1/complaints", json=a_complaint(reporter=a_reporter()))
    complaint_id = UUID(answer.json()["complaint_id"])
    await door.track(complaint_id, opened(), dispatched())
    return complaint_id


async def _act(door: Door, whistle_id: UUID, caller: str, **body: Any) -> Any:
    client = await door.client(Role.AGENCY, caller)
    return await client.post(f"/v1/whistles/{whistle_id}/actions", json=body)


async def _reported(door: Door) -> list[WhistleActionReported]:
    facts = [event.data for event in await door.received()]
    return [fact for fact in facts if isinstance(fact, WhistleActionReported)]


async def test_a_body_that_is_called_reports_under_its_own_name(door: Door) -> None:
    """The agency is the key's, never one named in the request."""
    whistle_id = await _blown(door)
    answer = await _act(door, whistle_id, WATER, action="sign")
    assert answer.status_code == 202
    (event,) = await door.received()
    assert answer.json() == {"event_id": str(event.id)}
    assert event.complaintid == whistle_id
    (fact,) = await _reported(door)
    assert (fact.whistle_id, fact.agency, fact.action) == (whistle_id, WATER, "sign")
    assert fact.reported_at == event.time
    liar = await _act(door, whistle_id, WATER, action="sign", agency=ENFORCEMENT)
    assert (liar.status_code, liar.json()["errors"][0]["field"]) == (422, "agency")


async def test_a_linked_whistles_report_stands_in_the_complaints_history(door: Door) -> None:
    """Under the same key as the whistle, so that it can't overtake it."""
    complaint_id = await _a_complaint(door)
    whistle_id = await _blown(door, complaint_id)
    assert (await _act(door, whistle_id, WATER, action="arrive")).status_code == 202
    event = (await door.received())[-1]
    assert (event.complaintid, event.sequence) == (complaint_id, 2)


async def test_nobody_learns_of_a_whistle_that_it_has_no_part_in(door: Door) -> None:
    """Foreign, unknown and not yet routed: one answer."""
    whistle_id = await _blown(door)
    foreign = await _act(door, whistle_id, OTHER_AGENCY, action="sign")
    unknown = await _act(door, new_id(), OTHER_AGENCY, action="sign")
    assert foreign.status_code == unknown.status_code == 404
    assert foreign.json() == unknown.json()
    assert foreign.json()["code"] == "no-such-whistle"
    assert foreign.headers["retry-after"] == unknown.headers["retry-after"] == "1"
    assert await _reported(door) == []


async def test_the_street_judges_and_closes_and_departments_judge_back(door: Door) -> None:
    """双考核: both sides have a say, each its own."""
    whistle_id = await _blown(door)
    said = [
        (AGENCY, {"action": "result", "note": "已清运。"}),
        (AGENCY, {"action": "judge", "about": WATER, "grade": "poor", "note": "迟到。"}),
        (AGENCY, {"action": "judge", "about": ENFORCEMENT, "grade": "good"}),
        (AGENCY, {"action": "close", "note": "后门已封闭。"}),
        (WATER, {"action": "judge", "grade": "acceptable"}),
        (ENFORCEMENT, {"action": "result", "note": "已劝离。"}),
        (ENFORCEMENT, {"action": "leave"}),
    ]
    for agency, body in said:
        assert (await _act(door, whistle_id, agency, **body)).status_code == 202
    told = [(fact.agency, fact.action, fact.about, fact.grade) for fact in await _reported(door)]
    expected = [(a, b["action"], b.get("about"), b.get("grade")) for a, b in said]
    assert told == expected


@pytest.mark.parametrize(
    ("agency", "body", "field"),
    [
        (WATER, {"action": "dance"}, "action"),
        (WATER, {}, "action"),
        (WATER, {"action": "close", "note": "完了。"}, "action"),
        (AGENCY, {"action": "arrive"}, "action"),
        (AGENCY, {"action": "close"}, "note"),
        (AGENCY, {"action": "close", "note": " \u200b "}, "note"),
        (WATER, {"action": "result"}, "note"),
        (WATER, {"action": "judge"}, "grade"),
        (WATER, {"action": "judge", "grade": "lazy"}, "grade"),
        (WATER, {"action": "judge", "grade": "poor"}, "note"),
        (WATER, {"action": "sign", "grade": "good"}, "grade"),
        (WATER, {"action": "sign", "about": ENFORCEMENT}, "about"),
        (WATER, {"action": "judge", "grade": "good", "about": ENFORCEMENT}, "about"),
        (AGENCY, {"action": "judge", "grade": "good"}, "about"),
        (AGENCY, {"action": "judge", "grade": "good", "about": OTHER_AGENCY}, "about"),
        (WATER, {"action": "result", "note": "长" * 4_001}, "note"),
    ],
)
async def test_a_wrong_field_is_named_and_nothing_is_told(
    door: Door, agency: str, body: dict[str, Any], field: str
) -> None:
    """Also where it isn't this side's to say."""
    whistle_id = await _blown(door)
    answer = await _act(door, whistle_id, agency, **body)
    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == [field]
    assert await _reported(door) == []


async def test_words_about_a_whistle_tell_nobody_who_complained(door: Door) -> None:
    """The other side reads them, and it may hold no order."""
    whistle_id = await _blown(door, await _a_complaint(door))
    note = f"已联系{NAME}，电话{PHONE}。"
    assert (await _act(door, whistle_id, WATER, action="result", note=note)).status_code == 202
    (fact,) = await _reported(door)
    assert fact.note is not None
    assert NAME not in fact.note
    assert PHONE not in fact.note
    assert "[电话]" in fact.note


async def test_the_same_key_reports_once(door: Door) -> None:
    """A department's system tries again; and reuses its keys by mistake."""
    whistle_id = await _blown(door)
    client = await door.client(Role.AGENCY, WATER)

    async def act(action: str) -> Any:
        headers = {"Idempotency-Key": "a-1"}
        path = f"/v1/whistles/{whistle_id}/actions"
        return await client.post(path, json={"action": action}, headers=headers)

    answers = await asyncio.gather(*(act("sign") for _ in range(8)))
    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.text for answer in answers}) == 1
    assert len(await _reported(door)) == 1
    assert (await act("arrive")).status_code == 409


@pytest.mark.parametrize("role", [Role.REPORTER, Role.OPERATOR, Role.SERVICE, None])
async def test_only_agencies_report_about_whistles(door: Door, role: Role | None) -> None:
    """An operator can't arrive for a department."""
    client = await door.client(role)
    answer = await client.post(f"/v1/whistles/{new_id()}/actions", json={"action": "arrive"})
    assert answer.status_code == (403 if role else 401)


async def test_a_whistle_told_twice_has_the_same_parties(door: Door) -> None:
    """A replay of the tracker's facts changes nothing here."""
    whistle_id = await _blown(door)
    event = door.path.events("complaints.tracked")[-1]
    assert isinstance(event.data, WhistleBlown)
    await door.track(whistle_id, event.data.model_copy(update={"summons": ()}))
    row = await door.path.pool.fetchrow("SELECT raised_by, targets FROM intake.whistle")
    assert (row["raised_by"], row["targets"]) == (AGENCY, [WATER, ENFORCEMENT])
