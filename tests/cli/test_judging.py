"""`whistle policy accuracy` and `errors`: figures that an official can follow to their cases."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from services.events import Place
from tests.cli.routing_city import RoutingCity, open_routing_city

pytestmark = pytest.mark.postgres

EAST = Place(district="990101")
TODAY = ("--from", "2026-11-24", "--to", "2026-11-24")


@pytest.fixture
async def city(dsn: str, tmp_path: Path) -> AsyncIterator[RoutingCity]:
    """A city in which one of three dispatches was wrong."""
    async with open_routing_city(dsn, tmp_path) as city:
        key = await city.receive(text="家里停水了", place=EAST, number="LZ-261124-000003")
        await city.receive(text="公交车到站不停", place=EAST)
        await city.receive(text="邻居吵架", place=EAST)
        await city.receive(text="楼道着火了")
        await city.give_back(key, "water-company", "小区自建管网")
        yield city


async def test_accuracy_is_shown_with_names_and_sums(city: RoutingCity) -> None:
    """And what was left out of the denominator."""
    result = await city.whistle("accuracy", *TODAY)
    assert result.exit_code == 0, result.output
    (total,) = [line for line in result.output.splitlines() if line.startswith("all")]
    assert total.split() == ["all", "3", "2", "1", "0", "0", "66.7%"]
    assert "市自来水公司 water-company" in result.output
    assert "1 diverted" in result.output


async def test_accuracy_can_be_read_by_programs(city: RoutingCity) -> None:
    """The same figures, by what one asks."""
    told = await city.told("accuracy", "--by", "decided_by", *TODAY)
    accuracy = {row["key"]: row["accuracy"] for row in told["rows"]}
    assert accuracy == {"rule": 0.5, "fallback": 1.0}
    assert (told["from"], told["to"]) == ("2026-11-24", "2026-11-24")


async def test_errors_show_the_rule_the_case_and_the_reason(city: RoutingCity) -> None:
    """One line a case: when, which, from whom to whom, and why."""
    result = await city.whistle("errors", *TODAY)
    assert result.exit_code == 0, result.output
    assert "water-to-company  1 of 1 wrong, 100.0% (at least 20.7%)" in result.output
    (case,) = [line for line in result.output.splitlines() if "LZ-261124-000003" in line]
    assert "市自来水公司 → 东区政府  returned: 小区自建管网" in case


async def test_errors_can_be_read_by_programs(city: RoutingCity) -> None:
    """A city's own tools go on from here."""
    told = await city.told("errors", *TODAY)
    assert [(rule["rule"], len(rule["cases"])) for rule in told["rules"]] == [
        ("water-to-company", 1)
    ]


async def test_a_span_without_errors_says_so(city: RoutingCity) -> None:
    """Nothing at all would look like a command that failed."""
    result = await city.whistle("errors", "--from", "2026-11-25", "--to", "2026-11-25")
    assert (result.exit_code, result.output.splitlines()[-1]) == (0, "none")
