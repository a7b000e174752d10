"""What must hold of deciding itself, for any catalogue with every kind of condition."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from services.policy import Rule, load
from services.router.decide import Complaint, Diverted, Held, Routed, explain, route
from tests.policies import policy_files
from tests.router.catalogues import LINZHOU, catalogues, complaints, fits, with_rules

EXAMPLES = settings(max_examples=80, deadline=None)


@EXAMPLES
@given(catalogues(), complaints)
def test_the_same_policy_again_changes_nothing(
    rules: tuple[Rule, ...], complaint: Complaint
) -> None:
    """A what-if with the policy in force must report no change, to the last word."""
    first, second = with_rules(rules), with_rules(rules)
    before, again, other = (route(complaint, policy) for policy in (first, first, second))
    assert before == again == other
    assert before.trace.trials == again.trace.trials == other.trace.trials


@given(complaints)
@settings(max_examples=30, deadline=None)
def test_the_same_bundle_loaded_twice_decides_the_same(complaint: Complaint) -> None:
    """Every service loads its own copy."""
    one, other = load(policy_files()), load(policy_files())
    assert one.hash == other.hash
    assert route(complaint, one) == route(complaint, other)


@EXAMPLES
@given(catalogues(), complaints, catalogues(4))
def test_rules_that_do_not_fit_change_nothing(
    rules: tuple[Rule, ...], complaint: Complaint, more: tuple[Rule, ...]
) -> None:
    """Whatever an official adds about other matters, places, people or times."""
    before = route(complaint, with_rules(rules))
    strangers = tuple(
        replace(rule, id=f"stranger-{rule.id}")
        for rule in more
        if not fits(rule, LINZHOU, complaint, before.category)
    )
    after = route(complaint, with_rules((*strangers, *rules)))
    assert _what_is_told(after) == _what_is_told(before)


def _what_is_told(decision: object) -> object:
    """Everything but the trace, and the reason for holding where a rule now asks for a place."""
    return replace(
        decision,  # type: ignore[type-var]
        trace=None,
        **({"reason": None, "explanation": ""} if isinstance(decision, Held) else {}),
    )


@EXAMPLES
@given(catalogues(), complaints, st.data())
def test_a_rule_that_lost_may_go_and_nothing_changes(
    rules: tuple[Rule, ...], complaint: Complaint, data: st.DataObject
) -> None:
    """Only rules that decide decide: taking out any other moves no complaint."""
    policy = with_rules(rules)
    before = route(complaint, policy)
    finding = before.trace.finding
    deciding = {match.rule.id for match in finding.best} if finding else set()
    losing = [rule for rule in rules if rule.id not in deciding]
    gone = data.draw(st.sampled_from(losing)) if losing else None
    after = route(complaint, with_rules([rule for rule in rules if rule is not gone]))
    assert type(after) is type(before)
    if isinstance(before, Routed) and isinstance(after, Routed):
        assert (after.lead, after.rule) == (before.lead, before.rule)
        assert (after.assists, after.copies) == (before.assists, before.copies)


@EXAMPLES
@given(catalogues(), complaints)
def test_a_rule_never_decides_where_a_condition_of_it_fails(
    rules: tuple[Rule, ...], complaint: Complaint
) -> None:
    """The decision says which rule made it, and that rule fits by the plain reading."""
    decision = route(complaint, with_rules(rules))
    if isinstance(decision, Routed) and decision.rule is not None:
        (rule,) = [rule for rule in rules if rule.id == decision.rule]
        assert fits(rule, LINZHOU, complaint, decision.category)


@EXAMPLES
@given(catalogues(), complaints)
def test_every_rule_that_fits_and_lost_says_to_what(
    rules: tuple[Rule, ...], complaint: Complaint
) -> None:
    """No silent losers: each trial that didn't fit names a condition, each loser a rule."""
    policy = with_rules(rules)
    explanation = explain(complaint, policy)
    if isinstance(explanation.decision, Diverted):
        return
    category = explanation.decision.category
    for trial in explanation.trials:
        (rule,) = [rule for rule in rules if rule.id == trial.rule]
        has_fitted = trial.specificity is not None or trial.verdict == "unresolved"
        assert has_fitted == fits(rule, LINZHOU, complaint, category), trial
        assert trial.why
