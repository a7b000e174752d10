"""Whistles over HTTP: who sees which, and how streets and departments do."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from services.policy.whistles import WhistleRate
from services.runtime.ids import new_id
from services.runtime.keys import Role
from services.tracker.decide.whistle_rates import flag, per_1000, punctual
from tests.policies import WHISTLES, a_policy
from tests.tracker.stories import STREET, WATER
from tests.tracker.whistling import ENFORCEMENT, STRANGER, blow
from tests.tracker.world import World, a_world, dispatch, get

LIMITS = WhistleRate(low_per_1000=1, high_per_1000=30)


@pytest.fixture
async def world(dsn: str) -> AsyncIterator[World]:
    """A tracker under a policy that says how many whistles are too few and too many."""
    rated = WHISTLES.replace(
        "[refusals]",
        '[rate]\nlow_per_1000 = 1\nhigh_per_1000 = 30\nsource = "test"\n\n[refusals]',
    )
    async with a_world(dsn, a_policy(whistles=rated)) as world:
        yield world


async def _seen(world: World, agency: str | None = None, **params: Any) -> Any:
    role = Role.AGENCY if agency else Role.OPERATOR
    status, page = await get(world, "/v1/whistles", role, agency, **params)
    return [one["whistle_id"] for one in page["items"]] if status == 200 else page["code"]


@pytest.mark.postgres
async def test_one_whistle_says_who_came_and_what_each_side_says(world) -> None:
    """Everything that a street and a department may argue about, in one answer."""
    blown = await blow(world, kind="emergency")
    await world.wait(timedelta(minutes=31))
    await blown.do(WATER, "arrive")
    await blown.do(WATER, "sign")
    await blown.do(WATER, "judge", grade="poor", note="先协调即可。")
    await blown.do(STREET, "judge", about=WATER, grade="acceptable")
    await blown.do(STREET, "close", note="已处置。")
    status, one = await get(world, f"/v1/whistles/{blown.whistle_id}", Role.AGENCY, WATER)
    assert status == 200
    assert (one["state"], one["closed_because"], one["result"]) == ("closed", "street", "已处置。")
    assert (one["repeats"], one["complaints"]) == (0, [])
    water, enforcement = one["summons"]
    assert (water["agency"], water["state"]) == (WATER, "released")
    assert water["arrived_at"] > water["arrive_due_at"]
    assert water["arrive_missed_at"] is not None
    assert water["timeline"][-1]["ends_at"] == water["arrive_due_at"]
    assert (water["opinion"]["grade"], water["opinion"]["note"]) == ("poor", "先协调即可。")
    assert water["verdict"]["grade"] == "acceptable"
    assert (enforcement["state"], enforcement["verdict"]) == ("absent", None)
    ignored = [line["detail"]["ignored"] for line in one["history"] if "ignored" in line["detail"]]
    assert ignored == ["call-arrived-not-signed"]
    assert "whistle" not in one["history"][0]["detail"]


@pytest.mark.postgres
async def test_an_agency_sees_what_it_raised_or_is_called_to_and_nothing_else(world) -> None:
    """And can't tell another's whistle from one that doesn't exist."""
    mine = await blow(world)
    theirs = await blow(world, targets=(ENFORCEMENT,))
    newest_first = [str(theirs.whistle_id), str(mine.whistle_id)]
    assert await _seen(world) == await _seen(world, STREET) == newest_first
    assert await _seen(world, ENFORCEMENT) == newest_first
    assert await _seen(world, WATER) == [str(mine.whistle_id)]
    assert await _seen(world, STRANGER) == []
    assert await _seen(world, WATER, target=ENFORCEMENT) == []
    assert await _seen(world, WATER, raised_by=STREET) == [str(mine.whistle_id)]
    assert await _seen(world, STREET, target=ENFORCEMENT) == newest_first
    assert await _seen(world, WATER, raised_by=STREET, target=WATER) == [str(mine.whistle_id)]
    both = {"raised_by": STREET, "target": ENFORCEMENT}
    assert await _seen(world, STRANGER, **both) == "not-your-whistles"
    foreign = await get(world, f"/v1/whistles/{theirs.whistle_id}", Role.AGENCY, WATER)
    unknown = await get(world, f"/v1/whistles/{new_id()}", Role.AGENCY, WATER)
    assert foreign == unknown
    assert foreign[0] == 404
    for path in ("/v1/whistles", "/v1/whistle-rates", f"/v1/whistles/{mine.whistle_id}"):
        assert (await get(world, path, Role.REPORTER))[0] == 403


@pytest.mark.postgres
async def test_lists_go_page_by_page_and_know_what_is_open(world) -> None:
    """Five whistles, two a page, the newest first; each list once to its end."""
    whistles = [await blow(world) for _ in range(5)]
    for one in whistles[:2]:
        await one.do(STREET, "close", note="已处置。")
    ids = [str(one.whistle_id) for one in reversed(whistles)]
    for agency in (None, STREET, WATER):
        seen, cursor, role = [], None, Role.AGENCY if agency else Role.OPERATOR
        while True:
            params = {"limit": 2} | ({"cursor": cursor} if cursor else {})
            _, page = await get(world, "/v1/whistles", role, agency, **params)
            seen += [one["whistle_id"] for one in page["items"]]
            if (cursor := page["next"]) is None:
                break
        assert seen == ids
        assert await _seen(world, agency, state="open") == ids[:3]
        assert await _seen(world, agency, state="closed") == ids[3:]
    assert await _seen(world, raised_by=STREET, state="open", target=WATER) == ids[:3]


@pytest.mark.postgres
async def test_a_period_shows_how_streets_call_and_how_departments_come(world) -> None:
    """Counted by hand: three whistles, one of them a repeat, and what each body did."""
    complaint = await dispatch(world)
    await dispatch(world)
    first = await blow(world, complaint, kind="emergency")
    await first.do(WATER, "arrive")
    await world.wait(timedelta(minutes=31))
    await first.do(ENFORCEMENT, "sign")
    await first.do(STREET, "judge", about=WATER, grade="good")
    await first.do(STREET, "judge", about=ENFORCEMENT, grade="poor", note="没来。")
    await first.do(WATER, "judge", grade="acceptable")
    await first.do(WATER, "leave")
    await blow(world, complaint)
    await blow(world, targets=(WATER,))
    status, page = await get(
        world, "/v1/whistle-rates", **{"from": "2026-11-24", "to": "2026-11-24"}
    )
    assert status == 200
    (street,) = [row for row in page["streets"] if row["agency"] == STREET]
    assert street == {
        "agency": STREET,
        "whistles": 3,
        "orders": 2,
        "per_1000_orders": 1500.0,
        "flag": "too-high",
        "repeats": 1,
        "no_shows": 1,
        "opinions": {"good": 0, "acceptable": 1, "poor": 0},
    }
    others = {row["agency"]: row for row in page["streets"] if row["agency"] != STREET}
    assert set(others) == {"street-990101002", "street-990102001"}
    assert {row["per_1000_orders"] for row in others.values()} == {None}
    enforcement, water = page["departments"]
    assert (water["agency"], water["summoned"], water["left_early"]) == (WATER, 3, 1)
    assert water["arrived_on_time"] == {"numerator": 1, "denominator": 1, "value": 1.0}
    assert water["verdicts"] == {"good": 1, "acceptable": 0, "poor": 0}
    assert (enforcement["summoned"], enforcement["no_shows"]) == (2, 1)
    assert enforcement["signed_on_time"] == {"numerator": 0, "denominator": 1, "value": 0.0}
    assert enforcement["arrived_on_time"] == {"numerator": 0, "denominator": 1, "value": 0.0}
    _, before = await get(world, "/v1/whistle-rates", **{"from": "2026-11-23", "to": "2026-11-23"})
    assert before["departments"] == []
    assert {row["whistles"] for row in before["streets"]} == {0}


@pytest.mark.postgres
async def test_an_agency_sees_its_own_figures_only(world) -> None:
    """A department compares itself with itself; ranking is others' business."""
    await blow(world)
    _, street = await get(world, "/v1/whistle-rates", Role.AGENCY, STREET)
    assert [row["agency"] for row in street["streets"]] == [STREET]
    assert street["departments"] == []
    _, water = await get(world, "/v1/whistle-rates", Role.AGENCY, WATER)
    assert [row["agency"] for row in water["departments"]] == [WATER]
    assert water["streets"] == []
    wrong = await get(world, "/v1/whistle-rates", **{"from": "2026-11-24"})
    assert wrong[0] == 422


@pytest.mark.parametrize(
    ("whistles", "orders", "expected"),
    [
        (0, 0, None),  # Nobody can say.
        (0, 900, None),  # One more would be 1.1 per 1,000: within the limits.
        (0, 1001, "too-low"),  # One more would still be less than 1 per 1,000.
        (1, 2000, None),  # 2 of 2,000 are 1 per 1,000.
        (1, 2001, "too-low"),
        (1, 3, None),  # One whistle is no habit, whatever its share.
        (31, 1000, None),  # One less is exactly the limit.
        (32, 1000, "too-high"),
    ],
)
def test_one_whistle_more_or_less_is_no_habit(
    whistles: int, orders: int, expected: str | None
) -> None:
    """A flag asks a street to explain itself; chance alone must not raise it."""
    assert flag(whistles, orders, LIMITS) == expected
    assert flag(whistles, orders, None) is None


def test_shares_have_no_value_without_a_denominator() -> None:
    """Neither 0 nor 100 per cent would be true."""
    assert per_1000(3, 0) is None
    assert per_1000(3, 700) == 4.29
    assert punctual(0, 0, 0).value is None
    assert punctual(3, 1, 1).value == 0.5
