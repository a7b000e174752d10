"""`open311.toml`: faults are found where they stand, and names come from the right place."""

from __future__ import annotations

import pytest

from services.policy import check
from tests.policies import OPEN311, a_policy, policy_files


def _faults(text: str) -> list[tuple[int, str]]:
    found = check(policy_files(open311=text))
    return [(one.line, one.message) for one in found if one.file == "open311.toml"]


def test_a_city_without_the_file_has_no_open311() -> None:
    """Nothing is published by accident."""
    assert a_policy(open311=None).open311 is None


def test_services_are_the_categories_with_none_below() -> None:
    """An app offers what can be told apart, not headings."""
    rules = a_policy().open311
    assert rules is not None
    assert list(rules.services)[:2] == ["environment-waste", "environment-stall"]
    waste = rules.services["environment-waste"]
    assert waste.name == {"zh": "垃圾清运", "en": "Waste not collected"}
    assert waste.group == {"zh": "市容环境", "en": "Cleanliness"}
    assert waste.keywords == ("垃圾", "rubbish")
    assert [one.code for one in rules.services["utilities-water"].attributes] == [
        "WHISPAWN",
        "WHISDORN",
    ]


def test_a_city_chooses_how_deep_its_services_are() -> None:
    """Thousands of fine categories help no citizen; some aren't for the public at all."""
    rules = a_policy(open311=f'depth = 1\nwithout = ["housing"]\n{OPEN311}').open311
    assert rules is not None
    assert list(rules.services) == ["environment", "utilities", "traffic"]


ATTRIBUTE = """
[[attribute]]
categories = ["traffic-bus"]
code = "line"
datatype = "string"
description = { zh = "几路车？" }
"""
LINE = len(OPEN311.splitlines())


@pytest.mark.parametrize(
    ("changed", "line", "message"),
    [
        (ATTRIBUTE.replace("traffic-bus", "tram"), 3, "no category has the code 'tram'"),
        (ATTRIBUTE.replace('"string"', '"colour"'), 5, "`datatype` must be one of"),
        (ATTRIBUTE.replace('"string"', '"singlevaluelist"'), 5, "a singlevaluelist needs `values`"),
        (ATTRIBUTE.replace("zh =", "en ="), 6, "`description` lacks the city's language, zh"),
        (ATTRIBUTE + ATTRIBUTE, 10, "traffic-bus asks for 'line' twice"),
        (ATTRIBUTE + "requred = true\n", 7, "`requred` means nothing here"),
        (ATTRIBUTE + 'required = "yes"\n', 7, "`required` must be true or false"),
    ],
)
def test_a_fault_is_told_with_its_line(changed: str, line: int, message: str) -> None:
    """An official must find it."""
    found = _faults(OPEN311 + changed)
    assert [at - LINE for at, _ in found] == [line]
    assert found[0][1].startswith(message)


def test_what_discovery_must_tell_cant_be_missing() -> None:
    """All its fields are required (Service Discovery)."""
    assert (1, "`contact` is missing") in _faults(OPEN311.replace('contact = "', 'contract = "'))
