"""Why each rule did or didn't decide, in words an official can act on."""

from __future__ import annotations

from services.events import Nature, Place
from services.router.decide import Complaint, Trial, Verdict, explain
from tests.router.catalogues import LINZHOU, a_rule, with_rules

RIVER_STREET = Place(district="990101", street="990101001")


def trials(complaint: Complaint, *rules: object) -> dict[str, Trial]:
    policy = with_rules(rules)  # type: ignore[arg-type]
    return {trial.rule: trial for trial in explain(complaint, policy).trials}


def test_every_reason_for_not_deciding_has_its_verdict() -> None:
    """One rule for each way of missing, all in one explanation."""
    found = trials(
        Complaint("停水", nature=Nature.HELP, place=RIVER_STREET),
        a_rule("chosen", words=("停水",), places=("990101",)),
        a_rule("less-specific", words=("停水",)),
        a_rule("other-category", category="traffic"),
        a_rule("other-place", places=("990102",)),
        a_rule("other-words", words=("夜里",)),
        a_rule("other-nature", natures=(Nature.REPORT,)),
        a_rule("excepted", words=("停水",), except_places=("990101",)),
    )
    assert {name: trial.verdict.value for name, trial in found.items()} == {n: n for n in found}
    assert len(found) == 7


def test_a_rule_about_places_says_that_the_place_is_missing() -> None:
    """The operator learns what to ask the caller."""
    found = trials(Complaint("停水"), a_rule("east", places=("990101",), words=("停水",)))
    assert found["east"].verdict is Verdict.PLACE_UNKNOWN


def test_the_nearest_rules_come_first() -> None:
    """Whoever reads ten lines of a long catalogue must see those that matter."""
    rules = [
        a_rule("a-far", category="traffic"),
        a_rule("b-words", words=("夜里",)),
        a_rule("c-chosen", words=("停水",)),
    ]
    explanation = explain(Complaint("停水"), with_rules(rules))
    assert [trial.rule for trial in explanation.trials] == ["c-chosen", "b-words", "a-far"]


def test_a_diverted_complaint_says_what_would_have_followed() -> None:
    """An official who doubts a diversion wants to know who would have got it."""
    explanation = explain(Complaint("着火，停水"), LINZHOU)
    assert explanation.trials[0].rule == "water-to-company"
    assert explanation.trials[0].verdict is Verdict.CHOSEN
    assert explanation.words == ("停水", "着火")


def test_long_lists_are_cut() -> None:
    """A rule with forty words must not fill the screen."""
    words = tuple(f"词{number}号" for number in range(40))
    found = trials(Complaint("停水"), a_rule("wordy", words=words))
    assert found["wordy"].why.endswith("…")
    assert len(found["wordy"].why) < 80
