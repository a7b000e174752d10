"""Supervisions in the table, and the list of the open ones."""

from __future__ import annotations

import base64
from datetime import timedelta
from typing import Any

import pytest

from services.events import (
    AgencyAction,
    CallbackAnswered,
    CaseActionReported,
    OfficerAction,
    Satisfaction,
    SupervisionClosed,
)
from services.runtime.ids import new_id
from services.runtime.keys import Role
from tests.builders import as_outgoing
from tests.tracker.stories import GOVERNMENT, STREET, WATER, held
from tests.tracker.test_supervision import HOUR, URGE, strict
from tests.tracker.world import World, a_world, dispatch, get, resolve


async def test_a_supervision_is_stored_and_closed_by_what_settles_it(dsn: str) -> None:
    """What is loaded again must still be open, and nothing may be opened twice."""
    async with a_world(dsn, strict()) as world:
        key = await dispatch(world)
        await world.wait(9 * HOUR)
        assert (await listed(world))[0]["because"] == "unsigned"
        await world.say(key, world.report(key, AgencyAction.SIGN))
        assert await listed(world) == []
        assert world.said(key).count("SupervisionOpened") == 1


async def test_an_event_that_comes_twice_opens_no_second_supervision(dsn: str) -> None:
    """The topic may repeat what it said."""
    async with a_world(dsn, strict()) as world:
        key = await dispatch(world)
        events = await world.say(key, URGE, URGE)
        topic = "complaints.received"
        for event in events:
            world.path.bus.append(as_outgoing(event, topic))
        await world.path.settle()
        assert world.said(key).count("SupervisionOpened") == 1


async def test_a_matter_that_failed_twice_stays_on_the_list_after_its_case_closed(dsn) -> None:
    """A closed case must not be a way to be rid of it."""
    async with a_world(dsn, strict()) as world:
        key = await dispatch(world)
        for _ in range(2):
            await resolve(world, key)
            await world.say(key, bad(world.answer(key)))
        assert world.said(key)[-2:] == ["CaseClosed", "SupervisionOpened"]
        await world.wait(timedelta(days=60))
        (item,) = await listed(world)
        assert (item["because"], item["case_state"]) == ("dissatisfied", "closed")
        assert (item["raised_to"], item["agency"]) == (GOVERNMENT, STREET)


async def test_only_a_supervisor_takes_it_off_the_list(dsn: str) -> None:
    """Once, also after the case has closed; an operator's word counts for nothing."""
    async with a_world(dsn, strict()) as world:
        key = await dispatch(world)
        for _ in range(2):
            await resolve(world, key)
            await world.say(key, bad(world.answer(key)))
        (item,) = await listed(world)
        for role in ("operator", "supervisor", "supervisor"):
            released = CaseActionReported(
                action=OfficerAction.RELEASE,
                officer="desk",
                role=role,
                supervision_id=item["supervision_id"],
                note="现场复查，已解决",
                reported_at=world.clock.now(),
            )
            await world.say(key, released)
            assert len(await listed(world)) == (role == "operator")
        ends = [e.data for e in world.events(key) if isinstance(e.data, SupervisionClosed)]
        assert [(end.because, end.agency) for end in ends] == [("officer", STREET)]


def bad(answer: CallbackAnswered) -> CallbackAnswered:
    """The same answer by somebody who isn't pleased."""
    changes = {"is_solved": False, "satisfaction": Satisfaction.DISSATISFIED}
    return answer.model_copy(update=changes)


async def listed(world: World, **params: Any) -> list[dict[str, Any]]:
    """What an operator sees."""
    status, page = await get(world, "/v1/supervisions", **params)
    assert status == 200
    return list(page["items"])


async def test_the_list_is_filtered_and_paged_the_longest_open_first(dsn: str) -> None:
    """Each page goes on where the last one ended, also where several opened at once."""
    async with a_world(dsn, strict()) as world:
        first = await dispatch(world)
        await world.wait(HOUR)
        for _ in range(3):
            await world.say(new_id(), held())
        await dispatch(world, WATER)
        await world.wait(9 * HOUR)
        everything = await listed(world)
        assert [i["because"] for i in everything].count("unassigned") == 3
        assert everything == sorted(everything, key=lambda i: i["opened_at"])
        pages, cursor = [], {}
        while True:
            _, page = await get(world, "/v1/supervisions", limit=2, **cursor)
            pages += page["items"]
            if page["next"] is None:
                break
            cursor = {"cursor": page["next"]}
        assert pages == everything
        assert [i["agency"] for i in await listed(world, raised_to="city-housing")] == [WATER]
        assert [i["complaint_id"] for i in await listed(world, agency=STREET)] == [str(first)]
        assert len(await listed(world, because="unassigned", raised_to="hotline")) == 3
        assert await listed(world, because="breached") == []


async def test_an_agency_sees_what_is_raised_to_it_and_what_is_about_it(dsn: str) -> None:
    """And nothing else, whatever it asks for."""
    async with a_world(dsn, strict()) as world:
        await dispatch(world)
        await dispatch(world, WATER)
        await world.say(new_id(), held())
        await world.wait(9 * HOUR)

        async def seen(key_of: str, **params: Any) -> list[str]:
            _, page = await get(world, "/v1/supervisions", Role.AGENCY, key_of, **params)
            return [item["agency"] for item in page["items"]]

        assert await seen(STREET) == [STREET]
        assert await seen(GOVERNMENT) == [STREET]
        assert await seen(GOVERNMENT, agency=WATER) == []
        assert await seen("hotline") == [None]
        assert await seen("city-transport") == []


@pytest.mark.parametrize("cursor", ["x", "MjAyNi0wMS0wMVQwMDowMDowMHx4", "!!"])
async def test_a_cursor_of_somebodys_own_making_is_refused(dsn: str, cursor: str) -> None:
    """With words, not with a failure of ours."""
    async with a_world(dsn, strict()) as world:
        status, problem = await get(world, "/v1/supervisions", cursor=cursor)
        assert (status, problem["code"]) == (422, "invalid-request")


async def test_a_cursor_without_an_offset_is_refused(dsn: str) -> None:
    """No instant without a zone."""
    place = f"2026-01-01T00:00:00|{new_id()}".encode()
    cursor = base64.urlsafe_b64encode(place).decode().rstrip("=")
    async with a_world(dsn, strict()) as world:
        status, _ = await get(world, "/v1/supervisions", cursor=cursor)
        assert status == 422


@pytest.mark.parametrize("role", [None, Role.REPORTER])
async def test_the_list_is_not_for_everybody(dsn: str, role: Role | None) -> None:
    """It says who failed whom."""
    async with a_world(dsn, strict()) as world:
        status, _ = await get(world, "/v1/supervisions", role)
        assert status in {401, 403}
