"""Two generations of one taxonomy: an older code has the newer one's rules and standard."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from services.events import Place
from services.policy import Policy, check, folder, load
from services.router.decide import Complaint, outcome_of, route
from tests.policies import CATALOGUE, CATEGORIES, a_policy, policy_files

#: The tiny policy's categories, and an older branch beside them: buses and deeds were once filed
#: under 老分类, deeds with a standard of their own.
TWO_GENERATIONS = (
    CATEGORIES.replace("words\n", "words,same_as\n", 1)
    .replace("\n", ",\n")
    .replace("words,same_as,\n", "words,same_as\n", 1)
    + """old,老分类,,ordinary,,
old-bus,公共汽车,old,,,traffic-bus
old-bus-late,晚点,old-bus,,,
old-deed,产权证,old,ordinary,,housing-deed
old-other,其他,old,,,
"""
)


def a_city(**overrides: str) -> Policy:
    """The tiny policy in two generations."""
    return a_policy(categories=TWO_GENERATIONS, **overrides)


def faults_of(old: str, new: str) -> list[tuple[int, str]]:
    """Check the categories with something else in one place."""
    assert old in TWO_GENERATIONS
    text = TWO_GENERATIONS.replace(old, new)
    found = check(policy_files(categories=text))
    return [(fault.line, fault.message) for fault in found if fault.severity == "error"]


def line_of(text: str, part: str) -> int:
    """Count the line that begins so."""
    return next(n for n, line in enumerate(text.split("\n"), 1) if line.startswith(part))


def sent_to(category: str, policy: Policy) -> str:
    """Route a complaint that says nothing but its category."""
    place = Place(district="990101", street="990101001")
    return outcome_of(route(Complaint(text="见附件", category=category, place=place), policy))


def test_an_older_code_has_its_successors_rules():
    """A record of last year must not go astray because the kinds were renamed."""
    policy = a_city()
    assert policy.category_chain("old-bus") == ("traffic-bus", "traffic")
    assert policy.rules_on("old-bus") == policy.rules_on("traffic-bus") != ()
    assert sent_to("old-bus", policy) == sent_to("traffic-bus", policy) == "city-transport"


def test_what_lies_below_an_older_code_goes_with_it():
    """Its details needn't all be mapped one by one."""
    policy = a_city()
    assert policy.category_chain("old-bus-late") == ("old-bus-late", "traffic-bus", "traffic")
    assert sent_to("old-bus-late", policy) == "city-transport"


def test_an_older_code_has_its_successors_standard():
    """One matter may not have two clocks, whichever name it came under."""
    policy = a_city()
    assert policy.categories["old-deed"].standard == "complex"
    assert policy.categories["old-bus-late"].standard == policy.categories["traffic-bus"].standard


def test_a_record_is_still_found_by_its_older_names():
    """What somebody wrote is kept as written; only the rules come from the newer code."""
    policy = a_city()
    assert policy.category_by_path(["老分类", "公共汽车"]) == "old-bus"
    assert policy.category_by_path(["老分类", "公共汽车", "晚点"]) == "old-bus-late"
    assert policy.category_by_path(["交通管理", "公交"]) == "traffic-bus"


def test_what_is_not_mapped_keeps_its_own_place():
    """Nobody knows what 其他 was; it must not borrow another kind's rules."""
    policy = a_city()
    assert policy.category_chain("old-other") == ("old-other", "old")
    assert sent_to("old-other", policy) == "government-990101"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "old-bus,公共汽车,old,,,traffic-bus",
            "old-bus,公共汽车,old,,,tram",
            "has the code 'tram'",
        ),
        ("old-bus,公共汽车,old,,,traffic-bus", "old-bus,公共汽车,old,,,old-bus", "own successor"),
        (
            "old-bus,公共汽车,old,,,traffic-bus",
            "old-bus,公共汽车,old,,,old-deed",
            "is itself the same as housing-deed: name that one",
        ),
    ],
)
def test_a_successor_that_is_none_is_named_with_its_line(old, new, message):
    """An unknown code, itself, or one that was renamed again."""
    found = faults_of(old, new)
    assert [line for line, said in found if message in said] == [
        line_of(TWO_GENERATIONS, "old-bus,")
    ]


def test_two_codes_that_name_each_other_are_both_at_fault():
    """Neither would have a rule."""
    found = faults_of(
        "traffic-bus,公交,traffic,,公交车,", "traffic-bus,公交,traffic,,公交车,old-bus"
    )
    said = [(line, message) for line, message in found if "name each other" in message]
    lines = {line_of(TWO_GENERATIONS, "old-bus,"), line_of(TWO_GENERATIONS, "traffic-bus,")}
    assert {line for line, _ in said} == lines


def test_a_successor_below_the_older_code_is_a_fault():
    """Going up from it would never end."""
    found = faults_of("old,老分类,,ordinary,,", "old,老分类,,ordinary,,old-other")
    assert (line_of(TWO_GENERATIONS, "old,"), "old lies below itself") in found


def test_a_rule_for_an_older_code_is_a_fault():
    """Nothing would ever reach it, because the complaint is under the newer code."""
    rule = CATALOGUE.replace('category = "traffic-bus"', 'category = "old-bus"')
    found = check(policy_files(categories=TWO_GENERATIONS, catalogue=rule))
    assert any("old-bus is the older code of traffic-bus" in fault.message for fault in found)


@cache
def haikou() -> Policy:
    """The city whose hotline changed its taxonomy on 21 January 2018."""
    return load(folder.read(Path(__file__).parents[2] / "policy" / "haikou"))


def test_haikou_maps_its_older_taxonomy_onto_the_newer():
    """Both generations occur in its orders; half of the older codes have a sure successor."""
    policy = haikou()
    mapped = [category for category in policy.categories.values() if category.same_as]
    assert len(mapped) >= 300
    newer = "（事件类）", "（部件类）", "（底数资源）"
    for category in mapped:
        assert policy.categories[policy.category_chain(category.code)[-1]].name.endswith(newer)


@pytest.mark.parametrize(
    ("older", "newer"),
    [
        (
            ("交通港口", "出租车", "服务规范", "拒载"),
            ("城市管理（事件类）", "交通管理", "出租车", "拒载"),
        ),
        (
            ("公安（治安、交通）", "户籍管理", "户口迁移", "引进人才落户"),
            ("社会管理（事件类）", "人口管理", "户口身份登记", "引进人才落户"),
        ),
    ],
)
def test_haikou_gives_one_matter_to_one_unit_under_both_names(older, newer):
    """A name changed; who is responsible didn't."""
    policy = haikou()
    first, second = policy.category_by_path(older), policy.category_by_path(newer)
    assert first != second
    assert policy.category_chain(first) == policy.category_chain(second)
    assert policy.rules_on(first) == policy.rules_on(second)
