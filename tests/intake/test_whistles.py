"""Whistles at the door: the form, the links, the words; whether one may blow is the router's."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path as FilePath
from typing import Any
from uuid import UUID

import pytest

from services.events import Whistle, WhistleRaised
from services.runtime.keys import Role
from tests.builders import NOON
from tests.intake.callers import ADDRESS, NAME, PHONE, a_complaint, a_reporter
from tests.intake.conftest import Door
from tests.intake.open311.city import open_city
from tests.intake.tracked import AGENCY, OTHER_AGENCY, closed, dispatched, opened
from tests.policies import a_policy

pytestmark = pytest.mark.postgres

PATH = "/v1/whistles"
YESTERDAY = (NOON - timedelta(days=1)).isoformat()
TOMORROW = (NOON + timedelta(days=1)).isoformat()


def a_whistle(**changes: Any) -> dict[str, Any]:
    """The body of a whistle, unless changed."""
    body: dict[str, Any] = {
        "kind": "daily",
        "text": "市场后门垃圾成堆，反复清理反复堆放。",
        "place": {"street": "河街街道"},
        "wanted": ["water-company"],
        "wanted_functions": ["enforcement"],
        "own_duty": "已清运两车。",
        "coordination": [
            {"agencies": ["enforcement-990101"], "tried_at": YESTERDAY, "result": "对方不认领。"}
        ],
        "approvals": [{"rank": "team", "approver": "B-02"}],
    }
    return body | changes


async def _a_complaint(door: Door, agency: str = AGENCY, **reporter: Any) -> UUID:
    """A complaint that an agency has an order on; each of another person."""
    client = await door.client(Role.REPORTER)
    number = len(await door.received())
    told = a_reporter(phone=f"1900000{number:04}", **reporter)
    answer = await client.post("/v1/complaints", json=a_complaint(reporter=told))
    complaint_id = UUID(answer.json()["complaint_id"])
    await door.track(complaint_id, opened(), dispatched(agency, UUID(int=complaint_id.int ^ 1)))
    return complaint_id


async def _blown(door: Door) -> list[Whistle]:
    facts = [event.data for event in await door.received()]
    return [fact.whistle for fact in facts if isinstance(fact, WhistleRaised)]


async def test_a_street_blows_under_its_own_name(door: Door) -> None:
    """The agency is the key's, and the instant is ours; a body that names one is refused."""
    street = await door.client(Role.AGENCY, AGENCY)
    answer = await street.post(PATH, json=a_whistle())
    assert answer.status_code == 202
    (event,) = await door.received()
    assert isinstance(event.data, WhistleRaised)
    whistle = event.data.whistle
    assert answer.json() == {"whistle_id": str(whistle.whistle_id)}
    assert event.complaintid == whistle.whistle_id
    assert (whistle.raised_by, whistle.raised_at) == (AGENCY, event.time)
    assert (whistle.place.street, whistle.language) == ("990101001", "zh")
    assert event.policy == a_policy().hash
    liar = await street.post(PATH, json=a_whistle(raised_by=OTHER_AGENCY))
    assert (liar.status_code, liar.json()["errors"][0]["field"]) == (422, "raised_by")


async def test_a_linked_whistle_stands_in_the_first_complaints_history(door: Door) -> None:
    """So that nobody learns of it before the complaint itself."""
    first, second = await _a_complaint(door), await _a_complaint(door)
    street = await door.client(Role.AGENCY, AGENCY)
    links = [str(first), str(second), str(first)]
    assert (await street.post(PATH, json=a_whistle(complaints=links))).status_code == 202
    event = next(e for e in await door.received() if isinstance(e.data, WhistleRaised))
    assert event.complaintid == first
    assert event.sequence == 2
    assert isinstance(event.data, WhistleRaised)
    assert event.data.whistle.complaints == (first, second)


async def test_a_street_links_only_open_complaints_that_it_has_an_order_on(door: Door) -> None:
    """Else one could call departments to a neighbour's case, or feel for ids that exist."""
    mine, anothers = await _a_complaint(door), await _a_complaint(door, OTHER_AGENCY)
    over = await _a_complaint(door)
    await door.track(over, closed())
    street = await door.client(Role.AGENCY, AGENCY)
    links = [str(mine), str(anothers), str(UUID(int=1)), str(over)]
    answer = await street.post(PATH, json=a_whistle(complaints=links))
    assert answer.status_code == 422
    errors = answer.json()["errors"]
    assert [error["field"] for error in errors] == [f"complaints.{n}" for n in (1, 2, 3)]
    assert len({error["message"] for error in errors}) == 1
    assert await _blown(door) == []


async def test_words_tell_nobody_who_complained(door: Door) -> None:
    """Departments that hold no order read them; the street may know the person's name."""
    linked = await _a_complaint(door, is_secret=True)
    street = await door.client(Role.AGENCY, AGENCY)
    said = f"{NAME}来电{PHONE}，住{ADDRESS}"
    body = a_whistle(
        complaints=[str(linked)],
        title=f"{NAME}反映",
        text=said,
        own_duty=said,
        coordination=[{"agencies": ["enforcement-990101"], "tried_at": YESTERDAY, "result": said}],
    )
    assert (await street.post(PATH, json=body)).status_code == 202
    (whistle,) = await _blown(door)
    told = whistle.model_dump_json()
    assert not [secret for secret in (NAME, PHONE, "502室") if secret in told]
    assert "[电话]" in whistle.text


async def test_the_same_key_blows_once(door: Door) -> None:
    """A street's system tries again; ten calls for one heap would be nine too many."""
    street = await door.client(Role.AGENCY, AGENCY)

    async def blow(**changes: Any) -> Any:
        headers = {"Idempotency-Key": "w-1"}
        return await street.post(PATH, json=a_whistle(**changes), headers=headers)

    answers = await asyncio.gather(*(blow() for _ in range(8)))
    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.text for answer in answers}) == 1
    assert len(await _blown(door)) == 1
    assert (await blow(kind="hard")).status_code == 409


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"kind": "lunch"}, "kind"),
        ({"kind": None}, "kind"),
        ({"text": " \u200b "}, "text"),
        ({"category": "no-such"}, "category"),
        ({"place": {"street": "不存在街道"}}, "place.street"),
        ({"place": {"street": "999999999"}}, "place.street"),
        ({"place": {"district": "西区", "street": "990101001"}}, "place.street"),
        ({"place": {"address": "1号"}}, "place.address"),
        ({"complaints": ["x"]}, "complaints.0"),
        ({"wanted": ["water-company", "no-such"]}, "wanted.1"),
        ({"wanted_functions": ["astronomy"]}, "wanted_functions.0"),
        ({"wanted": [f"a-{n}" for n in range(21)]}, "wanted"),
        ({"approvals": []}, "approvals"),
        ({"approvals": [{"rank": "mayor", "approver": "B-02"}]}, "approvals.0.rank"),
        ({"approvals": [{"rank": "team", "approver": "白小树"}]}, "approvals.0.approver"),
        ({"approvals": [{"rank": "team", "approver": "13800138000"}]}, "approvals.0.approver"),
        (
            {"coordination": [{"agencies": [], "tried_at": YESTERDAY, "result": "无"}]},
            "coordination.0.agencies",
        ),
        (
            {"coordination": [{"agencies": ["no-such"], "tried_at": YESTERDAY, "result": "无"}]},
            "coordination.0.agencies.0",
        ),
        (
            {"coordination": [{"agencies": [AGENCY], "tried_at": TOMORROW, "result": "无"}]},
            "coordination.0.tried_at",
        ),
        (
            {"coordination": [{"agencies": [AGENCY], "tried_at": "2026-11-20", "result": "无"}]},
            "coordination.0.tried_at",
        ),
    ],
)
async def test_a_wrong_field_is_named(door: Door, changes: dict[str, Any], field: str) -> None:
    """An engineer mends the form without asking us; nothing is told of what is malformed."""
    street = await door.client(Role.AGENCY, AGENCY)
    answer = await street.post(PATH, json=a_whistle(**changes))
    assert answer.status_code == 422
    assert field in {error["field"] for error in answer.json()["errors"]}
    assert await door.received() == []


@pytest.mark.parametrize(
    ("place", "code"),
    [
        ({}, None),
        ({"community": "柳树社区"}, "990101001001"),
        ({"community": "990101001001"}, "990101001001"),
        ({"district": "东区", "street": "河街", "community": "柳树社区"}, "990101001001"),
    ],
)
async def test_a_communitys_name_is_looked_for_in_the_street_that_blows(
    door: Door, place: dict[str, str], code: str | None
) -> None:
    """Several streets of a city have one of the same name."""
    street = await door.client(Role.AGENCY, AGENCY)
    assert (await street.post(PATH, json=a_whistle(place=place))).status_code == 202
    (whistle,) = await _blown(door)
    assert (whistle.place.street, whistle.place.community) == ("990101001", code)
    other = await door.client(Role.AGENCY, OTHER_AGENCY)
    answer = await other.post(PATH, json=a_whistle(place={"community": "柳树社区"}))
    assert answer.json()["errors"][0]["field"] == "place.community"


async def test_only_agencies_blow(door: Door) -> None:
    """No operator calls departments in a street's name."""
    for role in (Role.REPORTER, Role.OPERATOR, Role.SUPERVISOR, Role.SERVICE):
        client = await door.client(role)
        assert (await client.post(PATH, json=a_whistle())).status_code == 403
    assert await door.received() == []


async def test_a_character_that_no_database_takes_is_left_out(door: Door) -> None:
    """A 503 for ever would look like an outage."""
    street = await door.client(Role.AGENCY, AGENCY)
    body = a_whistle(title="a\0b", text="院墙\0要倒", own_duty="已\0看")
    assert (await street.post(PATH, json=body)).status_code == 202
    (whistle,) = await _blown(door)
    assert "\0" not in whistle.model_dump_json() + whistle.text


async def test_a_city_without_whistles_says_so(dsn: str, secrets_file: FilePath) -> None:
    """Before anything is stored, with what to do instead."""
    async with open_city(dsn, secrets_file, a_policy(whistles=None)) as door:
        street = await door.client(Role.AGENCY, AGENCY)
        answer = await street.post(PATH, json=a_whistle())
        assert (answer.status_code, answer.json()["code"]) == (409, "no-whistles")
        assert await door.received() == []
