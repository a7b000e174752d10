"""The rates and totals over HTTP: as computed by hand, and adding up."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from services.events import AgencyAction, CallbackLapsed, ComplaintWithdrawn, Place, Satisfaction
from services.runtime.ids import new_id
from services.runtime.keys import Role
from tests.builders import a_matter
from tests.policies import SLA, a_policy
from tests.tracker.stories import GOVERNMENT, STREET, WATER, held, prompt_policy
from tests.tracker.world import World, a_world, dispatch, get, resolve

pytestmark = pytest.mark.postgres


@pytest.fixture
async def world(dsn: str) -> AsyncIterator[World]:
    """A tracker that asks at once, so that verdicts need no waiting."""
    async with a_world(dsn, prompt_policy()) as world:
        yield world


async def test_rates_are_public(world) -> None:
    """接诉即办工作条例 art. 34: statistics are published."""
    status, page = await get(world, "/v1/rates", None)
    assert (status, page["rows"], page["total"]["score"]) == (200, [], None)


async def _verdicts(world: World) -> None:
    """A street with four verdicts, one silence and one withdrawal; a company with none."""
    good = {"satisfaction": Satisfaction.SATISFIED}
    for changes in (
        good,
        {"satisfaction": Satisfaction.BASICALLY},
        {"satisfaction": Satisfaction.DISSATISFIED},
        {"is_solved": False, "is_contacted": False, "satisfaction": Satisfaction.DISSATISFIED},
    ):
        key = await dispatch(world)
        await resolve(world, key)
        await world.say(key, world.answer(key, **changes))
    silent, gone = await dispatch(world), await dispatch(world)
    for key in (silent, gone):
        await resolve(world, key)
    callback_id = world.answer(silent).callback_id
    await world.say(silent, CallbackLapsed(callback_id=callback_id, reason="no-answer"))
    await world.say(gone, ComplaintWithdrawn())
    await dispatch(world, WATER, matter=a_matter(place=Place()))


async def test_rates_are_those_computed_by_hand(world) -> None:
    """Four valid call-backs: weights 0.1, 0.4, 0.5 of the tiny policy."""
    await _verdicts(world)
    _, page = await get(world, "/v1/rates", None, month="2026-12")  # 19 Nov to 18 Dec
    street, company = page["rows"]
    assert (street["key"], company["key"]) == (STREET, WATER)
    # Wilson's interval, z = 1.96: (0.75 + 0.4802 -+ 1.96 x 0.3270) / 1.9604
    interval = {"low": 0.3006, "high": 0.9544}
    three = {"numerator": 3, "denominator": 4, "value": 0.75, "interval": interval}
    assert street["response"] == street["resolution"] == three
    pleased = street["satisfaction"]
    assert (pleased["numerator"], pleased["denominator"], pleased["value"]) == (1.9, 4, 0.475)
    # 100 x (0.1 x 3 + 0.4 x 3 + 0.5 x 1.9) / 4 = 100 x 2.45 / 4
    assert street["score"] == 61.25
    assert street["exclusions"] == {
        "no_contact": 0,
        "no_answer": 1,
        "not_asked": 0,
        "withdrawn": 1,
        "officers": [],
    }
    assert company["score"] is None
    assert page["total"]["score"] == 61.25


async def test_rates_count_for_the_scored_agency_and_punctuality_for_the_handler(world) -> None:
    """The handler and the unit that is scored are two different things."""
    key = await dispatch(world, WATER, scored=GOVERNMENT)
    await resolve(world, key)
    await world.say(key, world.answer(key))
    _, page = await get(world, "/v1/rates", None)
    rows = {row["key"]: row for row in page["rows"]}
    assert rows[GOVERNMENT]["response"]["denominator"] == 1
    assert rows[GOVERNMENT]["orders"]["dispatched"] == 0
    assert rows[WATER]["response"]["denominator"] == 0
    assert rows[WATER]["orders"]["resolved_on_time"] == 1


async def test_punctuality_adds_up(world) -> None:
    """Every order dispatched in the period is exactly one of these."""
    await dispatch(world)
    returned, resolved = await dispatch(world), await dispatch(world)
    await world.say(returned, world.report(returned, AgencyAction.RETURN))
    await resolve(world, resolved)
    await world.wait(timedelta(days=7, hours=1))
    late = await dispatch(world)
    await world.wait(timedelta(days=7, hours=1))
    await resolve(world, late)
    await dispatch(world)
    _, page = await get(world, "/v1/rates", None, **{"from": "2026-11-24", "to": "2026-12-31"})
    orders = page["total"]["orders"]
    assert orders == {
        "dispatched": 5,
        "resolved_on_time": 1,
        "resolved_late": 1,
        "taken_back": 1,
        "open_in_time": 1,
        "open_overdue": 1,
        "breached": 2,
    }
    # Closed in time / (closed + open and overdue) = 1 / (2 + 1); who returned it kept nothing.
    assert page["total"]["on_time"]["numerator"] == 1
    assert page["total"]["on_time"]["denominator"] == 3


async def test_rates_are_grouped_by_place_and_matter(world) -> None:
    """A matter without a district is counted, last, and not dropped."""
    await _verdicts(world)
    for by, keys in (("district", ["990101", None]), ("category", ["environment-waste", None])):
        _, page = await get(world, "/v1/rates", None, by=by)
        assert [row["key"] for row in page["rows"]] == keys
        assert page["total"]["response"]["denominator"] == 4


async def test_a_verdict_counts_in_the_month_it_was_given(world) -> None:
    """By the city's midnights: 18 December 24:00 in Shanghai is 16:00 UTC."""
    key = await dispatch(world)
    await resolve(world, key)
    await world.wait(timedelta(days=24, hours=12) - timedelta(microseconds=1))
    await world.say(key, world.answer(key))
    for month, expected in (("2026-12", 1), ("2027-01", 0)):
        _, page = await get(world, "/v1/rates", None, month=month)
        assert page["total"]["response"]["denominator"] == expected
    assert page["begins_at"] == "2026-12-18T16:00:00Z"


async def test_totals_count_everything_once(world) -> None:
    """They are compared with what the other services count."""
    await _verdicts(world)
    key = new_id()
    await world.say(key, held())
    await world.wait(timedelta(days=8))
    _, totals = await get(world, "/v1/totals", Role.SERVICE)
    assert sum(row["count"] for row in totals["cases"]) == 8
    # Six cases of the street, two of them reopened; one of the company.
    assert sum(row["count"] for row in totals["orders"]) == 9
    assert sum(row["breached"] for row in totals["orders"]) == 3
    assert {row["state"]: row["count"] for row in totals["callbacks"]} == {
        "answered": 4,
        "dropped": 1,
        "lapsed": 1,
    }


async def test_the_weights_of_the_score_are_the_citys(dsn) -> None:
    """Changing a weight in the policy changes the score and no rate."""
    weights = SLA.replace('delay = "1h"', 'delay = "0s"').replace(
        "weight_resolution = 0.4\nweight_satisfaction = 0.5",
        "weight_resolution = 0.5\nweight_satisfaction = 0.4",
    )
    async with a_world(dsn, a_policy(sla=weights)) as world:
        await _verdicts(world)
        _, page = await get(world, "/v1/rates", None)
    # 100 x (0.1 x 3 + 0.5 x 3 + 0.4 x 1.9) / 4 = 100 x 2.56 / 4
    assert page["total"]["score"] == 64.0
    assert page["total"]["satisfaction"]["value"] == 0.475
