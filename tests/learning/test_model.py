"""What a model suggests, and why."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.learning import Model
from services.learning.training import TooFewError, train, usable
from services.policy import Policy
from tests.learning.towns import orders


def test_the_department_whose_words_a_text_holds_is_first(model: Model) -> None:
    """The surest suggestion for a burst pipe is the water company, by the policy's code."""
    first = model.suggest("幸福里小区水管爆裂，家里停水")[0]
    assert (first.label, first.agency) == ("市自来水公司", "water-company")
    assert first.category == "utilities-water"


def test_suggestions_come_with_reasons(model: Model) -> None:
    """A person who decides sees telling words of this text and past orders by their ids."""
    text = "幸福里小区水管爆裂，家里停水"
    first = model.suggest(text)[0]
    assert first.words
    assert all(word in text for word in first.words)
    assert first.neighbours
    assert all(near.order_id.startswith("LZ") for near in first.neighbours)


def test_the_first_suggestion_is_the_surest(model: Model) -> None:
    """Three are told, the surest first, with chances that could be of one world."""
    found = model.suggest("公交车不进站")
    chances = [one.confidence for one in found]
    assert len(found) == 3
    assert chances[0] == max(chances)
    assert all(0 <= chance <= 1 for chance in chances)
    assert sum(chances) <= 1 + 1e-6


def test_a_label_unknown_to_the_policy_never_becomes_an_agency(model: Model) -> None:
    """The town has no agency for spaceships, whatever its records say."""
    first = model.suggest("飞船降落太响，飞船漏油")[0]
    assert (first.label, first.agency, first.agency_confidence) == ("飞船管理处", None, 0.0)


@pytest.mark.parametrize("district", ["990101", "990102"])
def test_a_place_tells_which_district_s_office(model: Model, district: str) -> None:
    """Both districts enforce; the one whose place it is gets the order."""
    first = model.suggest("占道经营，烧烤油烟扰民", place=district)[0]
    assert first.agency == f"enforcement-{district}"


def test_a_street_lies_in_its_district(model: Model) -> None:
    """A narrower place still names the district's office."""
    first = model.suggest("占道经营，摆摊吵闹", place="990102001")[0]
    assert first.agency == "enforcement-990102"


def test_without_a_place_the_office_is_less_sure_than_the_department(model: Model) -> None:
    """Which of two districts it is can't be told from these words."""
    first = model.suggest("占道经营，烧烤油烟扰民")[0]
    assert first.agency_confidence < first.confidence


def test_words_that_nobody_ever_used_suggest_nothing(model: Model) -> None:
    """A text without a known piece is a person's business."""
    assert model.suggest("☃☃☃") == []
    assert model.suggest("") == []


@settings(max_examples=60, deadline=None)
@given(text=st.text(max_size=300))
def test_any_text_is_answered(model: Model, text: str) -> None:
    """Whatever is typed, suggestions are chances in order, and nothing is raised."""
    for one in model.suggest(text, title=text[:20]):
        assert 0 <= one.agency_confidence <= one.confidence <= 1


def test_training_twice_gives_the_same_model(town: Policy, model: Model) -> None:
    """Nothing random is left to chance: two trainings suggest the same."""
    again = train(orders(), town)
    text = "末班公交太早，希望尽快解决"
    assert again.suggest(text) == model.suggest(text)


def test_too_little_to_learn_from_is_said(town: Policy) -> None:
    """Two orders of a department are no history."""
    with pytest.raises(TooFewError, match="fewer than two departments"):
        train(orders(8), town)


def test_a_department_with_few_orders_is_not_learned() -> None:
    """Only departments with ten orders count."""
    many = orders()
    rare = [one for one in many if one.label == "飞船管理处"][:9]
    kept = usable([one for one in many if one.label != "飞船管理处"] + rare)
    assert "飞船管理处" not in {one.label for one in kept}
