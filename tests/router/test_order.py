"""What holds for every catalogue and every complaint, tried on random ones."""

from __future__ import annotations

from dataclasses import fields, replace

from hypothesis import given, settings
from hypothesis import strategies as st

from services.events import Urgency
from services.policy import AgencyKind, Policy, Rule
from services.router.decide import (
    Complaint,
    Decision,
    Diverted,
    Held,
    Routed,
    explain,
    route,
)
from tests.router.catalogues import LINZHOU, a_rule, catalogues, complaints, fits, with_rules

EXAMPLES = settings(max_examples=60, deadline=None)


def without_trace(decision: Decision) -> dict[str, object]:
    return {f.name: getattr(decision, f.name) for f in fields(decision) if f.name != "trace"}


@EXAMPLES
@given(catalogues(), complaints, st.randoms(use_true_random=False))
def test_the_order_of_the_rules_never_matters(
    rules: tuple[Rule, ...], complaint: Complaint, random: object
) -> None:
    """An official who sorts the file must not move a single complaint."""
    turned = list(rules)
    random.shuffle(turned)  # type: ignore[attr-defined]
    diversions = list(LINZHOU.diversions)
    random.shuffle(diversions)  # type: ignore[attr-defined]
    straight = route(complaint, with_rules(rules))
    shuffled = route(complaint, replace(with_rules(turned), diversions=tuple(diversions)))
    assert straight == shuffled
    assert straight.trace.trials == shuffled.trace.trials


@EXAMPLES
@given(catalogues(), complaints)
def test_every_complaint_gets_exactly_one_sound_outcome(
    rules: tuple[Rule, ...], complaint: Complaint
) -> None:
    """Nothing is lost, and no order goes to somebody who can't be told of it."""
    decision = route(complaint, with_rules(rules))
    assert isinstance(decision, Routed | Diverted | Held)
    assert decision.explanation
    if isinstance(decision, Routed):
        told = (decision.lead, *decision.assists, *decision.copies, decision.scored)
        assert set(told) <= set(LINZHOU.agencies)
        assert len({decision.lead, *decision.assists, *decision.copies}) == 1 + len(
            decision.assists + decision.copies
        )
        assert decision.standard in LINZHOU.standards
        assert (decision.rule is None) == (decision.decided_by == "fallback")


@EXAMPLES
@given(catalogues(), complaints)
def test_a_street_that_leads_always_has_its_district_told(
    rules: tuple[Rule, ...], complaint: Complaint
) -> None:
    """Art. 12 knows no exception."""
    decision = route(complaint, with_rules(rules))
    if isinstance(decision, Routed):
        lead = LINZHOU.agencies[decision.lead]
        if lead.kind is AgencyKind.STREET:
            district = LINZHOU.government_of(lead.division)
            assert district in (*decision.copies, *decision.assists)


@EXAMPLES
@given(catalogues(), complaints, st.integers(0, 8))
def test_an_unrelated_rule_changes_nothing(
    rules: tuple[Rule, ...], complaint: Complaint, position: int
) -> None:
    """A new rule about something else must not move complaints it doesn't speak of."""
    stranger = a_rule("stranger", "city-housing", words=("没有人说过的词",))
    more = (*rules[:position], stranger, *rules[position:])
    before, after = route(complaint, with_rules(rules)), route(complaint, with_rules(more))
    assert before == after


@EXAMPLES
@given(catalogues(), complaints)
def test_the_index_finds_what_trying_every_rule_finds(
    rules: tuple[Rule, ...], complaint: Complaint
) -> None:
    """The cells are for speed alone."""
    policy = with_rules(rules)
    decision = route(replace(complaint, repeat_of=None), policy)
    if isinstance(decision, Diverted):
        return
    expected = _best_by_trying(policy, complaint, decision.category)
    finding = decision.trace.finding
    assert finding is not None
    assert {match.rule.id for match in finding.best} == expected
    for match in finding.best + finding.others:
        division = policy.place_code(complaint.place)
        assert match.specificity == policy.specificity(match.rule, division)


def _best_by_trying(policy: Policy, complaint: Complaint, category: str | None) -> set[str]:
    """The deciding rules, as the policy's own definitions have it."""
    division = policy.place_code(complaint.place)
    matching = [
        rule
        for rule in policy.catalogue
        if fits(rule, policy, complaint, category) and policy.owner(rule.lead, division) is not None
    ]
    top = max((policy.specificity(rule, division) for rule in matching), default=None)
    return {rule.id for rule in matching if policy.specificity(rule, division) == top}


@EXAMPLES
@given(catalogues(), complaints)
def test_returns_come_to_an_end(rules: tuple[Rule, ...], complaint: Complaint) -> None:
    """However often it comes back, nobody gets it twice, and in the end a person has it."""
    policy = with_rules(rules)
    excluded: tuple[str, ...] = ()
    decision = route(complaint, policy)
    while isinstance(decision, Routed):
        assert decision.lead not in excluded
        assert not {c.agency for c in decision.alternatives} & set(excluded)
        excluded = (*excluded, decision.lead)
        assert len(excluded) <= policy.routing.returns_max + 1
        decision = route(complaint, policy, excluded, len(excluded) + 1)
    assert isinstance(decision, Held) or not excluded


@EXAMPLES
@given(catalogues(), complaints)
def test_more_urgency_never_gives_more_time(rules: tuple[Rule, ...], complaint: Complaint) -> None:
    """Urgency raises the tier, never lowers it."""
    times = []
    for urgency in (Urgency.EMERGENCY, Urgency.URGENT, Urgency.NORMAL):
        decision = route(replace(complaint, urgency=urgency), with_rules(rules))
        if isinstance(decision, Routed):
            standard = LINZHOU.standards[decision.standard]
            times.append(standard.handle_within.rough_seconds)
    assert times == sorted(times)


@EXAMPLES
@given(catalogues(), complaints)
def test_an_explanation_tries_every_rule_once_and_decides_the_same(
    rules: tuple[Rule, ...], complaint: Complaint
) -> None:
    """What an official is shown is what happened."""
    policy = with_rules(rules)
    explanation = explain(complaint, policy)
    assert sorted(trial.rule for trial in explanation.trials) == sorted(r.id for r in rules)
    assert without_trace(explanation.decision) == without_trace(route(complaint, policy))
