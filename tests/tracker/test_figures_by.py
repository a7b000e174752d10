"""The rates of a part of the city: by street or kind, filtered, compared, with exclusions."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from pydantic import TypeAdapter

from services.events import AgencyAction, OrderActionReported, Place
from services.runtime.keys import Role
from services.tracker.http.figure_views import RatesPage
from tests.policies import CATEGORIES, a_policy
from tests.tracker.graded import (
    BRIDGE,
    GRADED,
    HILL,
    HOUSING,
    TRANSPORT,
    exclude,
    graded_policy,
    verdict,
)
from tests.tracker.officers import RELIEF
from tests.tracker.stories import STREET
from tests.tracker.world import World, a_world, dispatch, get

pytestmark = pytest.mark.postgres

PAGE = TypeAdapter(RatesPage)
EAST = Place(district="990101", street="990101001")
HILLS = Place(district="990101", street="990101002")
WEST = Place(district="990102", street="990102001")


@pytest.fixture
async def world(dsn: str) -> AsyncIterator[World]:
    """A tracker of the city that grades."""
    async with a_world(dsn, graded_policy()) as world:
        yield world


async def rows(world: World, role: Role | None = None, **params: Any) -> dict[str | None, Any]:
    """The rows by key, and the total under `total`; the answer is just what is documented."""
    status, page = await get(world, "/v1/rates", role, **params)
    assert status == 200, page
    assert PAGE.dump_python(PAGE.validate_python(page), mode="json") == page
    return {"total": page["total"]} | {row["key"]: row for row in page["rows"]}


async def test_rates_are_those_of_the_scored_unit_not_of_who_was_told(world) -> None:
    """A locality that gets a copy isn't blamed for a city department's work."""
    await verdict(world, "unsolved", TRANSPORT, copies=("government-990101",), place=EAST)
    found = await rows(world)
    assert found[TRANSPORT]["resolution"]["denominator"] == 1
    assert "government-990101" not in found
    assert STREET not in found


async def test_rates_are_given_by_street_with_its_name(world) -> None:
    """Of the place, whoever handled it; a matter without a street is there too."""
    await verdict(world, "pleased", place=EAST)
    await verdict(world, "unsolved", TRANSPORT, place=EAST)
    await verdict(world, "pleased", HILL, place=HILLS)
    await verdict(world, "pleased", HILL, place=Place(district="990101"))
    found = await rows(world, by="street")
    assert found["990101001"]["name"] == "河街街道"
    assert found["990101001"]["resolution"]["value"] == 0.5
    assert found["990101002"]["resolution"]["value"] == 1.0
    assert (found[None]["name"], found[None]["resolution"]["denominator"]) == (None, 1)
    assert found[None]["standing"]["unranked"] == "unlisted"


async def test_filters_combine_with_groups(world) -> None:
    """One street's work in one kind of matter; the rest is neither in rows nor in the total."""
    await verdict(world, "pleased", place=EAST)
    await verdict(world, "cross", category="environment-stall", place=EAST)
    await verdict(world, "unsolved", BRIDGE, place=WEST)
    for filters, keys, valid in (
        ({"district": "990101"}, {STREET}, 2),
        ({"street": "990102001"}, {BRIDGE}, 1),
        ({"category": "environment"}, {STREET, BRIDGE}, 3),  # With those below it.
        ({"category": "environment-waste"}, {STREET, BRIDGE}, 2),
        ({"agency": STREET, "category": "environment-waste"}, {STREET}, 1),
        ({"agency": "nobody"}, set(), 0),
    ):
        found = await rows(world, **filters)
        assert found.keys() - {"total"} == keys, filters
        assert found["total"]["resolution"]["denominator"] == valid
        assert found["total"]["orders"]["resolved_on_time"] == valid


async def test_categories_are_summed_up_to_a_level(world) -> None:
    """By the policy's parents; a kind it doesn't know stands for itself."""
    for category in ("environment-waste", "environment-stall", "traffic-bus", "of-yesterday"):
        await verdict(world, "pleased", category=category)
    top = await rows(world, by="category", level=1)
    assert {key: row["resolution"]["denominator"] for key, row in top.items()} == {
        "total": 4,
        "environment": 2,
        "traffic": 1,
        "of-yesterday": 1,
    }
    assert (top["environment"]["name"], top["environment"]["standing"]) == ("市容环境", None)
    assert (await rows(world, by="category", level=2)).keys() >= {"environment-waste"}


async def test_an_agency_is_compared_with_what_the_city_scores_on_its_mix(world) -> None:
    """Waste is mostly solved, stalls mostly not: the arithmetic of a fair comparison.

    All contacted, `pleased` 100, `unsolved` 10 (only contacted). Waste: 100 100 100 10, mean
    77.5. Stalls: 100 10 10 10, mean 32.5. City: (310 + 130) / 8 = 55.
    """
    waste, stall = "environment-waste", "environment-stall"
    for agency, category, answer in (
        (STREET, waste, "pleased"),
        (STREET, waste, "pleased"),
        (STREET, stall, "unsolved"),
        (HILL, waste, "pleased"),
        (HILL, stall, "unsolved"),
        (HILL, stall, "pleased"),
        (BRIDGE, waste, "unsolved"),
        (BRIDGE, stall, "unsolved"),
    ):
        await verdict(world, answer, agency, category=category)
    found = await rows(world)
    street, hill, bridge = (found[key]["standing"] for key in (STREET, HILL, BRIDGE))
    # Street: score 210 / 3 = 70; expected (2 x 77.5 + 32.5) / 3 = 62.5; 7.5 above.
    assert found[STREET]["score"] == 70.0
    assert (street["expected"], street["above"], street["adjusted"]) == (62.5, 7.5, 62.5)
    # Hill: also 70; expected (77.5 + 2 x 32.5) / 3 = 47.5; 22.5 above: its matters are harder.
    assert found[HILL]["score"] == 70.0
    assert (hill["expected"], hill["above"], hill["adjusted"]) == (47.5, 22.5, 77.5)
    # Bridge: 10; expected (77.5 + 32.5) / 2 = 55; 45 below.
    assert (bridge["expected"], bridge["above"], bridge["adjusted"]) == (55.0, -45.0, 10.0)
    assert [one["rank"] for one in (hill, street, bridge)] == [1, 2, 3]
    assert [one["band"] for one in (hill, street, bridge)] == ["good", "good", "poor"]
    assert {one["listed"] for one in (hill, street, bridge)} == {"street"}
    # A filter changes who is shown, and not what they are compared with.
    alone = (await rows(world, agency=STREET))[STREET]["standing"]
    assert (alone["expected"], alone["adjusted"]) == (62.5, 62.5)


async def test_who_has_a_matter_alone_is_not_ranked_also_behind_a_filter(world) -> None:
    """What is outside the filter are its own verdicts too."""
    await verdict(world, "pleased", HOUSING, category="housing-deed", place=EAST)
    await verdict(world, "pleased", HOUSING, category="housing-deed", place=WEST)
    for filters in ({}, {"district": "990101"}):
        standing = (await rows(world, **filters))[HOUSING]["standing"]
        assert (standing["unranked"], standing["rank"]) == ("alone", None)


async def test_few_verdicts_have_neither_rank_nor_band(dsn) -> None:
    """The page says how many there must be, and which bands there are."""
    async with a_world(dsn, graded_policy(2)) as world:
        await verdict(world, "pleased")
        await verdict(world, "pleased", HILL)
        await verdict(world, "pleased", HILL)
        _, page = await get(world, "/v1/rates", None)
    hill, street = sorted(page["rows"], key=lambda row: row["score_interval"]["low"], reverse=True)
    assert (page["valid_min"], page["bands"][0]["name"]) == (2, "优秀")
    assert (street["key"], street["standing"]["unranked"]) == (STREET, "small")
    assert (street["standing"]["band"], street["score"]) == (None, 100.0)
    assert hill["standing"]["unranked"] != "small"


async def test_exclusions_are_shown_with_the_score_before_them(world) -> None:
    """An agency that looks better by exclusions looks like one."""
    await verdict(world, "pleased")
    for reason, officer in (("malicious", "anna"), ("malicious", "bela"), ("beyond-duty", "bela")):
        await exclude(world, await verdict(world, "unsolved"), reason, officer)
    public = (await rows(world))[STREET]
    assert (public["score"], public["resolution"]["denominator"]) == (100.0, 1)
    assert public["score_before_exclusions"] == 32.5  # (100 + 3 x 10) / 4
    assert public["exclusions"]["officers"] == [
        {"reason": "beyond-duty", "name": "超出职责", "approved_by": None, "count": 1},
        {"reason": "malicious", "name": "恶意诉求", "approved_by": None, "count": 2},
    ]
    for role in (Role.SUPERVISOR, Role.AUDITOR):
        shown = (await rows(world, role))[STREET]["exclusions"]["officers"]
        named = [(one["reason"], one["approved_by"], one["count"]) for one in shown]
        assert named == [
            ("beyond-duty", "bela", 1),
            ("malicious", "anna", 1),
            ("malicious", "bela", 1),
        ]


async def test_officers_names_are_for_those_who_answer_for_them(world) -> None:
    """Not for the public, an agency, or a key that nobody knows."""
    await exclude(world, await verdict(world, "unsolved"))
    for role, agency in ((None, None), (Role.AGENCY, STREET), (Role.REPORTER, None)):
        _, page = await get(world, "/v1/rates", role, agency)
        assert page["total"]["exclusions"]["officers"][0]["approved_by"] is None
    assert (await rows(world))[STREET]["score"] is None  # Nothing is left to judge by.


async def test_a_clock_that_stands_still_is_not_overdue(dsn) -> None:
    """Who waits with permission isn't late; who just waits is."""
    async with a_world(dsn, a_policy(sla=GRADED + RELIEF)) as world:
        paused, waiting = await dispatch(world), await dispatch(world)
        await world.say(paused, world.report(paused, AgencyAction.SIGN))
        order = world.order(paused)
        await world.wait(timedelta(days=6))
        asks = OrderActionReported(
            order_id=order.order_id,
            agency=order.agency,
            action=AgencyAction.PAUSE,
            reason="unreachable",
            note="多次致电无人接听",
            reported_at=world.clock.now(),
        )
        await world.say(paused, asks)
        assert "ClockPaused" in world.said(paused)
        await world.wait(timedelta(days=2))
        total = (await rows(world))["total"]
        assert (total["orders"]["open_in_time"], total["orders"]["open_overdue"]) == (1, 1)
        assert total["on_time"]["denominator"] == 1
        assert waiting != paused


async def test_an_older_code_is_summed_up_with_its_successor(dsn) -> None:
    """Categories are renamed, and records of both generations come in."""
    both = CATEGORIES.replace("words\n", "words,same_as\n", 1).rstrip()
    text = "\n".join(f"{line}," if at else line for at, line in enumerate(both.split("\n")))
    text += "\nold-waste,垃圾,,,,environment-waste\n"
    async with a_world(dsn, a_policy(sla=GRADED, categories=text)) as world:
        await verdict(world, "pleased", category="old-waste")
        await verdict(world, "unsolved")
        found = await rows(world, by="category", level=1)
        part = await rows(world, category="environment-waste")
    assert found["environment"]["resolution"]["denominator"] == 2
    assert part["total"]["resolution"]["denominator"] == 2
