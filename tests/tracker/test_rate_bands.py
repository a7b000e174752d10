"""Fairness: what was to be expected, ranks in one's own list, bands, and when there are none."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.policy import Band, Scoring
from services.tracker.decide.rate_bands import Expected, Group, Standing, place
from services.tracker.decide.rates import Verdicts, rate

#: Only solved or not, to make the arithmetic plain: the score is the share of solved x 100.
PLAIN = Scoring(
    weight_response=0.0,
    weight_resolution=1.0,
    weight_satisfaction=0.0,
    basically_counts=0.9,
    month_starts_on=1,
    bands=(
        Band("excellent", "优秀", 90),
        Band("good", "良好", 60),
        Band("poor", "需整改", 0),
    ),
)
CITY = Verdicts(valid=1000, solved=800)  # 80


def a_group(
    key: str | None,
    solved: int,
    *,
    valid: int = 100,
    due: float = 80.0,
    listed: str | None = "street",
    others: float = 1.0,
) -> Group:
    """A group of which `due` percent were to be solved; `others` is a share."""
    expected = Expected(0.0, due * valid / 100, 0.0, 0.0, others * valid)
    return Group(key, listed, Verdicts(valid=valid, solved=solved), expected)


def placed(*groups: Group, scoring: Scoring = PLAIN) -> list[Standing]:
    """Their standings."""
    return place(groups, [rate(group.verdicts, scoring) for group in groups], CITY, scoring)


def test_an_agency_with_hard_matters_is_not_blamed_for_them() -> None:
    """70 where 60 was to be expected is better than 85 where 90 was."""
    hard, easy = placed(a_group("hard", 70, due=60), a_group("easy", 85, due=90))
    assert (hard.expected, hard.above, hard.adjusted) == (60.0, 10.0, 90.0)  # 80 + 10
    assert (easy.expected, easy.above, easy.adjusted) == (90.0, -5.0, 75.0)  # 80 - 5
    assert (hard.rank, easy.rank) == (1, 2)
    assert (hard.band, easy.band) == ("excellent", "good")


def test_the_interval_moves_with_the_score() -> None:
    """Wilson of 70 in 100 is 60.42 to 78.11; 20 more is 80.42 to 98.11."""
    (hard,) = placed(a_group("hard", 70, due=60))
    assert hard.adjusted_interval == pytest.approx((80.42, 98.11))
    assert hard.is_band_sure is False  # It reaches below 90.


def test_a_band_is_sure_where_the_whole_interval_lies_in_it() -> None:
    """1000 verdicts say more than 20."""
    many, few = placed(a_group("many", 750, valid=1000), a_group("few", 15, valid=20))
    assert (many.band, many.is_band_sure) == ("good", True)
    assert (few.band, few.is_band_sure) == ("good", False)  # 53.13 to 88.81


def test_an_adjusted_score_stays_on_the_scale_and_the_rank_goes_by_what_is_behind_it() -> None:
    """Nobody has 105 of 100, and who is 25 above comes before who is 20 above."""
    one, two = placed(a_group("one", 100, due=75), a_group("two", 100, due=80))
    assert (one.adjusted, two.adjusted) == (100.0, 100.0)
    assert (one.rank, two.rank) == (1, 2)


def test_each_is_ranked_in_its_own_list() -> None:
    """Streets aren't ranked among departments."""
    street, other, department = placed(
        a_group("s1", 90), a_group("s2", 80), a_group("d1", 50, listed="city-department")
    )
    assert (street.rank, street.ranked) == (1, 2)
    assert (other.rank, other.ranked) == (2, 2)
    assert (department.rank, department.ranked) == (1, 1)


def test_the_larger_comes_first_among_equals_and_true_equals_share_a_rank() -> None:
    """By score, then by volume, as 怀柔 sorts; the next one's rank counts both."""
    small, large, twin, last = placed(
        a_group("a", 80),
        a_group("b", 160, valid=200),
        a_group("c", 80),
        a_group("d", 50),
    )
    assert [one.rank for one in (large, small, twin, last)] == [1, 2, 2, 4]


def test_few_verdicts_make_no_rank_and_no_band() -> None:
    """Two citizens' moods aren't an agency's work."""
    small, enough = placed(
        a_group("small", 29, valid=29),
        a_group("enough", 30, valid=30),
        scoring=replace(PLAIN, valid_min=30),
    )
    assert small == Standing(unranked="small")
    assert (enough.rank, enough.ranked, enough.band) == (1, 1, "excellent")


def test_without_a_verdict_there_is_nothing_to_place() -> None:
    """Neither first nor last."""
    (nobody,) = placed(Group("x", "street", Verdicts(no_answer=7)))
    assert nobody == Standing(unranked="none")


def test_the_only_heat_company_is_compared_with_nobody() -> None:
    """Its expectation would be itself, and so any score just average."""
    alone, half = placed(a_group("alone", 30, others=0.49), a_group("half", 30, others=0.5))
    assert (alone.unranked, alone.rank, alone.adjusted) == ("alone", None, None)
    assert (alone.band, alone.is_band_sure) == ("poor", True)  # By its plain score: 21.89 to 39.58.
    assert half.rank == 1


def test_what_belongs_to_no_list_is_graded_and_not_ranked() -> None:
    """Matters without a place, or of an agency that the policy has dropped."""
    (nowhere,) = placed(a_group(None, 95, listed=None))
    assert (nowhere.unranked, nowhere.rank, nowhere.band) == ("unlisted", None, "excellent")


def test_a_city_without_bands_gives_none() -> None:
    """The default: a rank with its interval."""
    (one,) = placed(a_group("one", 95), scoring=replace(PLAIN, bands=()))
    assert (one.rank, one.band, one.is_band_sure) == (1, None, None)


@given(st.lists(st.tuples(st.integers(1, 200), st.integers(0, 200), st.floats(0, 100)), max_size=9))
def test_ranks_follow_the_margin_and_leave_nobody_out(drawn) -> None:
    """Whoever is further above its expectation never stands behind."""
    groups = [
        a_group(f"g{at}", min(solved, valid), valid=valid, due=due)
        for at, (valid, solved, due) in enumerate(drawn)
    ]
    found = placed(*groups)
    ranks = sorted(one.rank or 0 for one in found)
    assert all(rank >= 1 for rank in ranks)
    assert ranks[:1] in ([], [1])
    for one in found:
        assert one.ranked == len(groups)
        assert all((one.rank or 0) <= (two.rank or 0) for two in found if one.above > two.above)
        assert 0 <= (one.adjusted or 0) <= 100
