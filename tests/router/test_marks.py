"""Marks of malicious calling: set by a person, for a time, open to objection, deciding nothing."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest

from services.events import ComplaintReceived, Place, Urgency
from services.router.__main__ import RouterSettings, build
from services.router.decide.marks import (
    Mark,
    Over,
    OwnMark,
    Shown,
    Wish,
    appeal,
    faults_of_wish,
    lift,
    mark,
    standing_at,
)
from services.runtime.clock import ManualClock
from services.runtime.ids import new_id
from services.runtime.keys import Role
from tests.builders import NOON, a_matter, an_event, as_outgoing
from tests.harness import Path, running
from tests.policies import a_policy

ONE, TWO, SECRET, NOBODY = (UUID(int=number) for number in (1, 2, 3, 4))
SUPERVISOR, ANOTHER = UUID(int=11), UUID(int=12)
KNOWN = {
    ONE: Shown("p-1", is_secret=False),
    TWO: Shown("p-1", is_secret=False),
    SECRET: Shown("p-9", is_secret=True),
    NOBODY: Shown(None, is_secret=False),
}
WEEK = NOON + timedelta(days=7)
EAST = Place(district="990101")


def a_wish(*complaint_ids: UUID, until: datetime = WEEK) -> Wish:
    """Somebody called a hundred times to insult."""
    return Wish(complaint_ids or (ONE, TWO), "一天来电上百次辱骂", until)


def a_mark() -> Mark:
    """That wish, carried out."""
    return mark(a_wish(), KNOWN, SUPERVISOR, NOON)[0]


def test_a_mark_names_what_shows_it_who_set_it_and_until_when() -> None:
    """The record must stand before a court."""
    made, act = mark(a_wish(TWO, ONE, TWO), KNOWN, SUPERVISOR, NOON)
    assert (made.reporter, made.complaint_ids) == ("p-1", (ONE, TWO))
    assert (made.set_by, made.set_at, made.until) == (SUPERVISOR, NOON, WEEK)
    assert (act.act, act.by, act.at, act.words) == ("set", SUPERVISOR, NOON, made.reason)


def test_the_same_wish_of_the_same_person_is_the_same_mark() -> None:
    """A program that tries again must not mark twice; another person's mark is another."""
    later = NOON + timedelta(minutes=1)
    assert mark(a_wish(TWO, ONE), KNOWN, SUPERVISOR, later)[0].mark_id == a_mark().mark_id
    assert mark(a_wish(), KNOWN, ANOTHER, NOON)[0].mark_id != a_mark().mark_id


@pytest.mark.parametrize(
    ("complaint_ids", "until", "fields"),
    [
        ((ONE, TWO), WEEK, []),
        ((ONE,), NOON + timedelta(days=90), []),
        ((ONE,), NOON + timedelta(days=90, seconds=1), ["until"]),
        ((ONE,), NOON, ["until"]),
        ((ONE, UUID(int=99)), WEEK, ["complaint_ids.1"]),
        ((NOBODY,), WEEK, ["complaint_ids.0"]),
        ((ONE, SECRET), WEEK, ["complaint_ids.1"]),
        ((SECRET,), WEEK, ["complaint_ids.0"]),
    ],
)
def test_what_can_not_be_marked_names_the_field(
    complaint_ids: tuple[UUID, ...], until: datetime, fields: list[str]
) -> None:
    """Only known complaints of one known person, and not for ever."""
    faults = faults_of_wish(a_wish(*complaint_ids, until=until), KNOWN, NOON, 90)
    assert [field for field, _ in faults] == fields


def test_complaints_of_two_people_are_not_evidence_against_one() -> None:
    """A mark must not fall on somebody else."""
    known = KNOWN | {TWO: Shown("p-2", is_secret=False)}
    faults = faults_of_wish(a_wish(), known, NOON, 90)
    assert faults == [("complaint_ids", "they aren't all of one person")]


@pytest.mark.parametrize("token", ["p-1", "p-9"])
def test_a_secret_complaint_is_refused_alike_whoever_made_it(token: str) -> None:
    """Else the refusal would tell whether the secret complaint is this person's."""
    known = KNOWN | {SECRET: Shown(token, is_secret=True)}
    faults = faults_of_wish(a_wish(ONE, SECRET), known, NOON, 90)
    assert faults == [("complaint_ids.1", "is secret (保密): nobody can be marked for it")]


def test_a_mark_ends_by_itself() -> None:
    """Nothing has to run for it: whoever looks compares."""
    made = a_mark()
    assert not made.holds(NOON - timedelta(seconds=1))
    assert made.holds(NOON)
    assert made.holds(WEEK - timedelta(seconds=1))
    assert not made.holds(WEEK)


def test_an_objection_is_kept_and_the_mark_stands_until_it_is_lifted() -> None:
    """Whoever lifts it reads the citizen's words first."""
    outcome = appeal(a_mark(), "我每次反映的都是新问题", ANOTHER, NOON + timedelta(days=1))
    assert isinstance(outcome, tuple)
    changed, act = outcome
    assert changed.appealed_at == NOON + timedelta(days=1)
    assert changed.holds(NOON + timedelta(days=2))
    assert (act.act, act.words) == ("appealed", "我每次反映的都是新问题")


def test_another_person_than_the_one_who_set_it_lifts_a_mark() -> None:
    """Four eyes: nobody judges an objection against themselves."""
    day = NOON + timedelta(days=1)
    assert lift(a_mark(), "x", SUPERVISOR, day) == OwnMark()
    outcome = lift(a_mark(), "来电内容均为新事项", ANOTHER, day)
    assert isinstance(outcome, tuple)
    assert (outcome[0].lifted_by, outcome[0].holds(day), outcome[1].act) == (
        ANOTHER,
        False,
        "lifted",
    )
    assert lift(outcome[0], "x", ANOTHER, day) == Over()


def test_nothing_can_be_done_to_a_mark_that_has_ended() -> None:
    """It is history."""
    assert appeal(a_mark(), "x", ANOTHER, WEEK) == Over()
    assert lift(a_mark(), "x", ANOTHER, WEEK) == Over()


def test_of_several_marks_the_one_set_last_is_shown() -> None:
    """And none that has ended or was lifted."""
    first, day = a_mark(), timedelta(days=1)
    second = replace(first, mark_id=new_id(), set_at=NOON + day, until=NOON + 3 * day)
    assert standing_at([first, second], NOON + 2 * day) == second
    assert standing_at([second, first], NOON + 3 * day) == first
    assert standing_at([replace(first, lifted_at=NOON)], NOON) is None
    assert standing_at([], NOON) is None


# Over HTTP.


@pytest.fixture
async def path(dsn: str) -> AsyncIterator[Path]:
    """The router alone."""
    settings = {"router": RouterSettings()}
    async with running(dsn, ManualClock(NOON), a_policy(), {"router": build}, settings) as path:
        yield path


async def receive(path: Path, **matter: Any) -> UUID:
    """Make the router receive a complaint; gives its id."""
    event = an_event(ComplaintReceived(matter=a_matter(**matter)))
    await path.bus.publisher().publish([as_outgoing(event, "complaints.received")])
    await path.settle()
    return event.complaintid


async def set_mark(client: httpx.AsyncClient, *complaint_ids: UUID) -> httpx.Response:
    """Ask for a mark of a week."""
    body = {
        "complaint_ids": [str(one) for one in complaint_ids],
        "reason": "一天来电上百次辱骂",
        "until": WEEK.isoformat(),
    }
    return await client.post("/v1/marks", json=body)


@pytest.mark.postgres
async def test_a_mark_is_set_objected_to_and_lifted_with_everything_on_record(path: Path) -> None:
    """Who did what, when and why: nothing of it can be changed."""
    complaint_id = await receive(path, reporter="p-1")
    async with (
        await path.client("router", Role.SUPERVISOR) as setter,
        await path.client("router", Role.SUPERVISOR) as other,
        await path.client("router", Role.OPERATOR) as operator,
    ):
        made = await set_mark(setter, complaint_id)
        assert made.status_code == 201
        mark_id = made.json()["mark_id"]
        assert (await set_mark(setter, complaint_id)).json() == made.json()
        words = {"words": "我每次反映的都是新问题"}
        appealed = await operator.post(f"/v1/marks/{mark_id}/appeal", json=words)
        assert appealed.json()["is_standing"] is True
        own = await setter.post(f"/v1/marks/{mark_id}/lift", json={"words": "x"})
        assert (own.status_code, own.json()["code"]) == (409, "own-mark")
        lifted = await other.post(f"/v1/marks/{mark_id}/lift", json={"words": "均为新事项"})
        assert lifted.json()["is_standing"] is False
        late = await operator.post(f"/v1/marks/{mark_id}/appeal", json=words)
        assert (late.status_code, late.json()["code"]) == (409, "mark-over")
        listed = (await operator.get("/v1/marks")).json()
    (shown,) = listed["items"]
    assert [(act["act"], act["words"]) for act in shown["acts"]] == [
        ("set", "一天来电上百次辱骂"),
        ("appealed", "我每次反映的都是新问题"),
        ("lifted", "均为新事项"),
    ]
    assert len({act["by"] for act in shown["acts"]}) == 3
    assert "p-1" not in made.text + str(listed)


@pytest.mark.postgres
async def test_marks_are_listed_page_by_page_the_newest_first(path: Path) -> None:
    """However many there have been."""
    ids = [await receive(path, reporter=f"p-{number}") for number in range(3)]
    async with await path.client("router", Role.SUPERVISOR) as client:
        made = []
        for complaint_id in ids:
            made.append((await set_mark(client, complaint_id)).json()["mark_id"])
            path.clock.advance(timedelta(seconds=1))
        seen, after = [], None
        while True:
            params = {"limit": 2} | ({"after": after} if after else {})
            page = (await client.get("/v1/marks", params=params)).json()
            seen += [one["mark_id"] for one in page["items"]]
            after = page["next"]
            if after is None:
                break
    assert seen == made[::-1]


@pytest.mark.postgres
@pytest.mark.parametrize("role", list(Role))
async def test_only_people_with_that_duty_set_object_to_and_see_marks(
    path: Path, role: Role
) -> None:
    """No service and no agency marks anybody; operators pass objections on."""
    complaint_id = await receive(path, reporter="p-1")
    agency = "water-company" if role is Role.AGENCY else None
    async with await path.client("router", role, agency) as client:
        statuses = {
            "set": (await set_mark(client, complaint_id)).status_code,
            "list": (await client.get("/v1/marks")).status_code,
            "appeal": (
                await client.post(f"/v1/marks/{new_id()}/appeal", json={"words": "x"})
            ).status_code,
            "lift": (
                await client.post(f"/v1/marks/{new_id()}/lift", json={"words": "x"})
            ).status_code,
        }
    allowed = {
        Role.SUPERVISOR: {"set": 201, "list": 200, "appeal": 404, "lift": 404},
        Role.OPERATOR: {"list": 200, "appeal": 404},
        Role.AUDITOR: {"list": 200},
    }
    assert statuses == dict.fromkeys(statuses, 403) | allowed.get(role, {})


@pytest.mark.postgres
@pytest.mark.parametrize(
    "body",
    [
        {"complaint_ids": []},
        {"reason": "  "},
        {"until": "2026-11-30T00:00:00"},
        {"until": "2027-11-30T00:00:00Z"},
        {"until": "2026-11-01T00:00:00Z"},
        {"reporter": "p-1"},
    ],
)
async def test_a_mark_needs_evidence_a_reason_and_an_end(path: Path, body: dict[str, Any]) -> None:
    """And it falls on whoever made the complaints, not on a token that somebody types."""
    complaint_id = await receive(path, reporter="p-1")
    whole = {"complaint_ids": [str(complaint_id)], "reason": "x", "until": WEEK.isoformat()}
    async with await path.client("router", Role.SUPERVISOR) as client:
        response = await client.post("/v1/marks", json=whole | body)
    assert response.status_code == 422


MATTERS: tuple[dict[str, Any], ...] = (
    {"text": "家里停水了", "place": EAST},
    {"text": "门口垃圾没人清", "place": EAST},
    {"text": "楼道着火了"},
    {"text": "我不服法院判决"},
    {"text": "邻居吵架", "place": Place()},
    {"text": "老人被困电梯", "place": EAST, "urgency": Urgency.EMERGENCY},
    {"text": "家里停水了", "place": EAST, "repeat_of": ONE, "repeat_score": 0.5},
    {"text": "家里停水了", "place": EAST, "repeat_of": ONE},
)


@pytest.mark.postgres
async def test_a_mark_changes_nothing_of_what_becomes_of_a_complaint(path: Path) -> None:
    """A new matter and an emergency go where anybody's go; a repeat is told what anybody is."""
    shown = await receive(path, text="邻居吵架", place=Place(), reporter="p-1")
    async with await path.client("router", Role.SUPERVISOR) as client:
        assert (await set_mark(client, shown)).status_code == 201
    for matter in MATTERS:
        marked = await receive(path, **matter, reporter="p-1")
        other = await receive(path, **matter, reporter="p-2")
        told = {
            event.complaintid: event.data.model_dump(exclude={"matter": {"reporter"}})
            for event in path.events("complaints.routed")
        }
        assert told[marked] == told[other]


@pytest.mark.postgres
async def test_whoever_decides_sees_that_a_reporter_is_marked_and_only_then(path: Path) -> None:
    """In triage, and beside a repeat; not after its end, and for nobody else."""
    first = await receive(path, text="邻居吵架", place=Place(), reporter="p-1")
    await receive(path, text="邻居又吵", place=Place(), reporter="p-2")
    await receive(path, text="谁在吵", place=Place(), reporter=None)
    repeat = await receive(path, text="邻居吵架", place=Place(), reporter="p-1", repeat_of=first)
    async with await path.client("router", Role.SUPERVISOR) as client:
        path.clock.advance(timedelta(minutes=1))
        made = (await set_mark(client, first)).json()
        waiting = (await client.get("/v1/triage")).json()["items"]
        shown = [(one["mark"] or {}).get("mark_id") for one in waiting]
        assert shown == [made["mark_id"], None, None]
        before = (await client.get(f"/v1/routes/{repeat}")).json()
        assert (before["outcome"], before["mark"]) == ("diverted", None)
        path.clock.advance(timedelta(hours=1))
        later = await receive(path, text="吵", place=Place(), reporter="p-1", repeat_of=first)
        mark_shown = (await client.get(f"/v1/routes/{later}")).json()["mark"]
        assert mark_shown["reason"] == "一天来电上百次辱骂"
        path.clock.advance(timedelta(days=7))
        waiting = (await client.get("/v1/triage")).json()["items"]
        assert [one["mark"] for one in waiting] == [None, None, None]
