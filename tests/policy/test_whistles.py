"""`whistles.toml`: every fault at its line, and a city without the file has no whistles."""

from __future__ import annotations

from pathlib import Path

import pytest

from services.policy import AgencyKind, Precondition, check, load
from services.policy.folder import read
from services.policy.whistles import REFUSALS
from tests.policies import WHISTLES, a_policy, policy_files

CITIES = Path(__file__).parents[2] / "policy"
RATE = '[rate]\nsource = "test"\nhigh_per_1000 = 30\n'


def test_a_city_without_the_file_has_no_whistles() -> None:
    """New York has none; nothing may be demanded of it."""
    assert a_policy(whistles=None).whistles is None
    assert load(read(CITIES / "nyc")).whistles is None


def test_kinds_say_who_may_blow_and_what_comes_first() -> None:
    """The router and the tracker read nothing else."""
    rules = a_policy().whistles
    assert rules is not None
    assert list(rules.kinds) == ["daily", "hard", "emergency", "cross-district"]
    hard = rules.kinds["hard"]
    assert (hard.rank, hard.approvals_min, hard.complaints_min) == ("principal", 2, 1)
    assert hard.requires == frozenset(Precondition)
    assert hard.raisers == {AgencyKind.STREET}
    assert rules.kinds["cross-district"].crosses_districts
    assert not hard.crosses_districts
    assert str(rules.standards["emergency"].arrive_within) == "30m"


@pytest.mark.parametrize(
    ("rank", "least", "is_enough"),
    [
        ("team", "team", True),
        ("principal", "team", True),
        ("team", "principal", False),
        ("mayor", "team", False),
    ],
)
def test_a_rank_counts_from_its_own_upwards(rank: str, least: str, is_enough: bool) -> None:
    """Whoever may approve the harder kind may approve the easier."""
    rules = a_policy().whistles
    assert rules is not None
    assert rules.is_rank_enough(rank, least) is is_enough


def test_a_refusal_speaks_every_language_that_the_city_wrote() -> None:
    """The street's screen chooses; the city's own language is always there."""
    rules = a_policy().whistles
    assert rules is not None
    values = {"agencies": "东区城管局", "kind": "日常哨"}
    assert rules.words("one-department", values) == {
        "zh": "属东区城管局一家职责，请移交。",
        "en": "Transfer it to 东区城管局.",
    }


@pytest.mark.parametrize(
    ("old", "new", "where", "message"),
    [
        ('targets = ["district-department", "enterprise"]', "", "", "names nobody"),
        ('"district-department", "enter', '"central-unit", "enter', "central-unit", "can't be"),
        ('"district-department", "enter', '"bureau", "enter', "bureau", "is none of"),
        ('key = "principal"', 'key = "team"', 'key = "team"', "twice"),
        ('contact_within = "24h"', 'contact_within = "9d"', '"9d"', "longer than arriving"),
        ('sign_within = "1h"', 'sign_within = "9wd"', '"9wd"', "longer than arriving"),
        ('sign_within = "1h"', 'sign_within = "soon"', '"soon"', "must be a duration"),
        ('raisers = ["street"]', 'raisers = ["enterprise"]', '["enterprise"]', "division of its"),
        ('"several-departments", ', '"luck", ', '"luck"', "is none of"),
        ('rank = "team"', 'rank = "mayor"', '"mayor"', "no rank is called"),
        ('standard = "emergency"', 'standard = "slow"', '"slow"', "no standard is called"),
        ("approvals_min = 2", "approvals_min = 0", "approvals_min = 0", "at least 1"),
        ("complaints_min = 1", "complaints_min = 4", "complaints_max = 3", "no number of"),
        ('crosses = "districts"', 'crosses = "oceans"', "oceans", "may only be"),
        ('basis = "街道', 'base = "街道', 'base = "街道', "means nothing here"),
        (
            'arrive_within = "30m"',
            'arrive_within = "30m"\nlapse_within = "20m"',
            '"20m"',
            "is over",
        ),
        ("targets = [", 'judge_within = "ages"\ntargets = [', '"ages"', "must be a duration"),
        ("[refusals]", f"{RATE}low_per_1000 = 30\n[refusals]", "low_per_1000 = 30", "too few"),
        ("[refusals]", f"{RATE}[refusals]", "[rate]", "`low_per_1000` must be"),
        ("[refusals]", f"{RATE}lowest = 1\n[refusals]", "lowest = 1", "means nothing here"),
        ("unknown-kind = {", "no-such = {", "no-such", "no refusal is called"),
        ("没有{kind}。", "没有{name}。", "没有{name}。", "unknown variable {name}"),
        ('{ zh = "不在辖区。" }', '{ en = "Not yours." }', "not-your-place", "lacks the city's"),
    ],
)
def test_faults_are_named_with_their_line(old: str, new: str, where: str, message: str) -> None:
    """An official corrects the file without a programmer."""
    text = WHISTLES.replace(old, new)
    assert text != WHISTLES
    lines = [number for number, line in enumerate(text.split("\n"), start=1) if where in line]
    found = [fault for fault in check(policy_files(whistles=text)) if message in fault.message]
    assert found
    assert all(fault.file == "whistles.toml" for fault in found)
    assert not where or found[0].line in lines


def test_what_follows_the_routing_has_a_limit_where_the_file_sets_none() -> None:
    """No whistle stays open for ever; who is flagged, only the city can say."""
    rules = a_policy().whistles
    assert rules is not None
    assert str(rules.standards["daily"].lapse_within) == "30d"
    assert str(rules.judge_within) == "10wd"
    assert rules.rate is None
    assert rules.raisers == {AgencyKind.STREET}


def test_a_file_that_says_nothing_is_a_fault() -> None:
    """An empty file is a slip, not a city without whistles: that leaves the file out."""
    messages = {fault.message for fault in check(policy_files(whistles=""))}
    assert {"there are no kinds of whistles", "there are no ranks"} <= messages


def test_beijing_has_all_kinds_and_a_text_for_every_refusal() -> None:
    """In both languages, for the street that reads it."""
    rules = load(read(CITIES / "beijing")).whistles
    assert rules is not None
    assert set(rules.kinds) == {"daily", "hard", "emergency", "cross-district"}
    assert set(rules.refusals) == {(reason, lang) for reason in REFUSALS for lang in ("zh", "en")}
    assert AgencyKind.CENTRAL_UNIT not in rules.targets
    assert rules.rate is not None
    assert rules.rate.low_per_1000 < rules.rate.high_per_1000
