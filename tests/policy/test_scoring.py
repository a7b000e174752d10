"""`[scoring]`: weights, bands and reasons to exclude, read; and mistakes in them, found."""

from __future__ import annotations

from pathlib import Path

import pytest

from services.policy import Band, ExclusionReason, check, load
from services.policy.folder import read
from tests.policies import SLA, a_policy, policy_files
from tests.policy.planting import line_of
from tests.tracker.graded import GRADED

POLICY = Path(__file__).parents[2] / "policy"


def test_a_city_that_says_no_more_than_weights_grades_and_excludes_nothing() -> None:
    """Older bundles go on as they were."""
    scoring = a_policy().scoring
    assert (scoring.valid_min, scoring.bands, scoring.exclusions) == (1, (), ())
    assert not scoring.allows_exclusion("malicious")


def test_bands_and_reasons_are_read() -> None:
    """Best first, each with its name in the city's language."""
    scoring = a_policy(sla=GRADED).scoring
    assert scoring.bands[0] == Band("excellent", "优秀", 90)
    assert [band.at_least for band in scoring.bands] == [90, 60, 0]
    assert scoring.exclusions[0] == ExclusionReason("malicious", "恶意诉求", "第十一条")
    assert scoring.allows_exclusion("beyond-duty")
    assert not scoring.allows_exclusion(None)


@pytest.mark.parametrize(
    ("old", "new", "where", "message"),
    [
        ("at_least = 60", "at_least = 95", "at_least = 95", "best first"),
        ("at_least = 90", "at_least = 101", "at_least = 101", "no score is above 100"),
        ("at_least = 0", "at_least = 5", "[[scoring.bands]]", "must begin at 0"),
        ('key = "good"', 'key = "excellent"', 'key = "excellent"', "is there already"),
        ('name = "良好"\n', "", "[[scoring.bands]]", "`name` is missing"),
        ('basis = "第十一条"', "bases = 1", "bases", "means nothing here"),
        ('name = "超出职责"\nsource = "test"', 'name = "超出职责"', None, "`source` is missing"),
        ('key = "beyond-duty"', 'key = "malicious"', 'key = "malicious"', "is there already"),
        ("month_starts_on = 19", "month_starts_on = 29", "= 29", "not every month"),
        ("month_starts_on = 19", "month_starts_on = 1\nvalid_min = 0", "valid_min", "at least 1"),
    ],
)
def test_mistakes_are_found_where_they_stand(old, new, where, message) -> None:
    """File, line and what is wrong."""
    assert old in GRADED
    text = GRADED.replace(old, new)
    faults = check(policy_files(sla=text))
    found = [fault for fault in faults if message in fault.message]
    assert [fault.file for fault in found] == ["sla.toml"], faults
    if where is not None and not where.startswith("["):
        assert found[0].line == line_of(text, where)


@pytest.mark.parametrize("city", ["beijing", "haikou", "nyc"])
def test_every_city_has_a_scoring_that_loads(city) -> None:
    """Three cities, one reader."""
    scoring = load(read(POLICY / city)).scoring
    assert scoring.valid_min >= 1
    assert all(reason.name for reason in scoring.exclusions)


def test_beijing_grades_and_says_what_may_be_excluded() -> None:
    """国办函〔2025〕66号 asks for bands; art. 11 names the classes that no agency answers for."""
    scoring = load(read(POLICY / "beijing")).scoring
    assert scoring.valid_min > 1
    assert scoring.bands[-1].at_least == 0
    assert all(reason.basis for reason in scoring.exclusions)
    assert {"malicious", "beyond-duty"} <= {reason.key for reason in scoring.exclusions}
    assert "[[scoring.bands]]" not in SLA
