"""`whistle policy what-if`: a rule is tried on the past before anybody is sent anywhere."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.cli.policy.rerouting import Past, Replay, decide, said
from services.events import Matter, Place
from services.policy import Policy
from services.runtime.ids import new_id
from tests.builders import NOON, a_matter
from tests.cli.routing_city import RoutingCity, open_routing_city
from tests.policies import CATALOGUE, a_policy

EAST = Place(district="990101")
TODAY = ("--from", "2026-11-24", "--to", "2026-11-24")

#: Water is the housing department's: one rule moved.
MOVED = CATALOGUE.replace('lead = "water-company"', 'lead = "city-housing"').replace(
    'expect = "water-company"', 'expect = "city-housing"'
)


@pytest.fixture
async def city(dsn: str, tmp_path: Path) -> AsyncIterator[RoutingCity]:
    """A city whose router is at work."""
    async with open_routing_city(dsn, tmp_path) as city:
        yield city


@pytest.mark.postgres
async def test_the_same_policy_changes_nothing(city: RoutingCity) -> None:
    """Whatever agencies and persons did since; a folder and its hash are the same policy."""
    await city.receive(text="楼道着火了")
    await city.receive(text="邻居吵架", place=Place())
    key = await city.receive(text="家里停水了", place=EAST)
    await city.give_back(key, "water-company")
    for policy in (city.policy("same"), a_policy().hash):
        told = await city.told("what-if", "--policy", policy, *TODAY)
        assert (told["complaints"], told["changed"], told["otherwise"]) == (3, 0, 0)
        assert (told["moved_since"], told["differs_from_record"]) == (1, {})
        assert told["moves"] == []


@pytest.mark.postgres
async def test_a_moved_rule_changes_exactly_its_cases(city: RoutingCity) -> None:
    """By agency and category, with the complaint, both rules and both reasons."""
    number = "LZ-261124-000009"
    await city.receive(text="家里停水了", place=EAST, number=number)
    await city.receive(text="公交车到站不停", place=EAST)
    await city.receive(text="楼道着火了")
    told = await city.told("what-if", "--policy", city.policy("moved", catalogue=MOVED), *TODAY)
    assert (told["complaints"], told["changed"], told["otherwise"]) == (3, 1, 0)
    agencies = {one["outcome"]: (one["loses"], one["gets"]) for one in told["by_agency"]}
    assert agencies == {"water-company": (1, 0), "city-housing": (0, 1)}
    assert told["by_category"] == [
        {"category": "utilities-water", "name": "供水", "changed": 1, "complaints": 1}
    ]
    (move,) = told["moves"]
    assert (move["before"], move["after"], move["complaints"]) == (
        "water-company",
        "city-housing",
        1,
    )
    (example,) = move["examples"]
    assert (example["number"], example["text"]) == (number, "家里停水了")
    assert example["before"]["rule"] == example["after"]["rule"] == "water-to-company"
    assert "市住建局" in example["after"]["because"]


@pytest.mark.postgres
async def test_a_change_is_held_against_what_became_of_it(city: RoutingCity) -> None:
    """A rule that sends complaints at once where they end up anyway is worth having."""
    mended = await city.receive(text="家里停水了", place=EAST)
    await city.give_back(mended, "water-company")  # To the district, where it stays.
    await city.receive(text="家里停水了", place=EAST)
    without = CATALOGUE.replace('category = "utilities-water"', 'category = "housing"', 1)
    folder = city.policy("without", catalogue=without)
    told = await city.told("what-if", "--policy", folder, *TODAY)
    assert (told["changed"], told["mended"], told["undone"]) == (2, 1, 1)


@pytest.mark.postgres
async def test_another_standard_alone_is_no_other_office(city: RoutingCity) -> None:
    """The order goes where it went; the promise is another."""
    await city.receive(text="公交车到站不停", place=EAST)
    slower = CATALOGUE.replace(
        'lead = "city-transport"', 'lead = "city-transport"\nstandard = "complex"'
    )
    told = await city.told("what-if", "--policy", city.policy("slower", catalogue=slower), *TODAY)
    assert (told["changed"], told["otherwise"]) == (0, 1)


@pytest.mark.postgres
async def test_only_the_span_is_looked_at_and_pages_lose_nothing(city: RoutingCity) -> None:
    """A date counts whole, in the city's time; more than a page comes as several."""
    await city.receive_many(501, text="家里停水了", place=EAST)
    city.path.clock.advance(timedelta(hours=12))  # 00:00 of the next day.
    await city.receive(text="家里停水了", place=EAST)
    folder = city.policy("moved", catalogue=MOVED)
    today = await city.told("what-if", "--policy", folder, *TODAY)
    assert (today["complaints"], today["changed"]) == (501, 501)
    both = await city.told("what-if", "--policy", folder, *TODAY[:3], "2026-11-25")
    assert both["complaints"] == 502


@pytest.mark.postgres
async def test_people_get_a_table(city: RoutingCity) -> None:
    """With names, sums and an example in words."""
    await city.receive(text="家里停水了", place=EAST)
    folder = city.policy("moved", catalogue=MOVED)
    result = await city.whistle("what-if", "--policy", folder, *TODAY)
    assert result.exit_code == 0, result.output
    for said_to_people in ("would go elsewhere (100.0%)", "市住建局 city-housing", "家里停水了"):
        assert said_to_people in result.output


@pytest.mark.postgres
async def test_a_bundle_that_is_gone_is_said_and_left_out(city: RoutingCity) -> None:
    """What can't be compared is never counted as unchanged."""
    await city.receive(text="家里停水了", place=EAST)
    await city.path.pool.execute("UPDATE router.route_attempt SET policy = 'feedfeedfeedfeed'")
    told = await city.told("what-if", "--policy", city.policy("same"), *TODAY)
    assert told["complaints"] == 0
    assert told["left_out"] == {"no policy bundle feedfeedfeedfeed": 1}


@pytest.mark.postgres
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--policy", "nowhere/at-all", *TODAY], "there is no folder"),
        (["--policy", "0123456789abcdef", *TODAY], "no policy bundle"),
        (["--policy", "current", "--from", "2026-11-25", "--to", "2026-11-24"], "must be after"),
        (["--policy", "current", "--from", "yesterday", "--to", "2026-11-24"], "ISO 8601"),
    ],
)
async def test_what_is_wrong_is_said(city: RoutingCity, arguments: list[str], message: str) -> None:
    """Rather than an answer about nothing."""
    result = await city.whistle("what-if", *arguments)
    assert result.exit_code != 0
    assert message in result.output


TEXTS = st.sampled_from(
    ["家里停水了", "邻居吵架", "楼道着火了", "公交车到站不停", "门口垃圾没人清"]
)
PLACES = st.sampled_from([Place(), EAST, Place(district="990101", street="990101001")])
MATTERS = st.builds(lambda text, place: a_matter(text=text, place=place), TEXTS, PLACES)
SAME, OTHER = a_policy(), a_policy(catalogue=MOVED)


def a_replay(matters: list[Matter], before: Policy, after: Policy) -> Replay:
    """Route complaints by two policies."""
    replay = Replay()
    for matter in matters:
        old = decide(matter, before)
        past = Past(new_id(), NOON, matter, said(old), "rule", is_standing=True, lead_now=None)
        replay.add(past, old, decide(matter, after))
    return replay


@given(st.lists(MATTERS, max_size=30))
def test_a_policy_compared_with_itself_changes_nothing(matters: list[Matter]) -> None:
    """Also where it is another object of the same words."""
    again = a_policy()
    for other in (SAME, again):
        replay = a_replay(matters, SAME, other)
        assert (replay.changed, replay.otherwise, len(replay.moves)) == (0, 0, 0)
        assert replay.complaints == len(matters)


@given(st.lists(MATTERS, max_size=30))
def test_what_agencies_lose_others_get(matters: list[Matter]) -> None:
    """No complaint is lost between two policies."""
    replay = a_replay(matters, SAME, OTHER)
    loses = sum(one for one, _ in replay.agencies.values())
    gets = sum(one for _, one in replay.agencies.values())
    water = sum("停水" in matter.text for matter in matters)
    assert loses == gets == replay.changed == sum(replay.moves.values()) == water
    assert sum(replay.changed_by_category.values()) == replay.changed


def test_counts_do_not_grow_with_complaints() -> None:
    """A year of complaints must fit into the memory of a desk."""
    replay = a_replay([a_matter(text="家里停水了", place=EAST) for _ in range(100)], SAME, OTHER)
    assert replay.changed == 100
    assert [len(examples) for examples in replay.examples.values()] == [2]
