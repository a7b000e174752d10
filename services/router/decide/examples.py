"""Run the examples that rules carry: each is the proof that its rule does its job."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from services.events import Attribute, Nature, Place, Point
from services.policy import DiversionRule, Fault, KnowledgeEntry, Rule
from services.router.decide.decision import Answered, Complaint, Diverted, Routed, Verdict
from services.router.decide.explain import explain
from services.router.decide.route import route

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from services.policy import Example, Policy
    from services.router.decide.decision import Decision

#: Files that hold examples, by kind of rule.
_FILES: dict[type, str] = {
    Rule: "catalogue.toml",
    DiversionRule: "diversions.toml",
    KnowledgeEntry: "answers.toml",
}


@dataclass(frozen=True, slots=True)
class BrokenExample:
    """An example that doesn't come out as its rule says."""

    fault: Fault  #: Where it stands, what was expected and what came.
    rule: str
    expected: str
    came: str
    why: tuple[str, ...]  #: What speaks most for what came: the first lines of the trace.


def complaint_of(example: Example, policy: Policy) -> Complaint:
    """Make an example a complaint.

    Args:
        example: Written by an official.
        policy: Its city; `at` is local time there unless it has an offset.
    """
    point = None
    if example.point is not None:
        point = Point(longitude=example.point[0], latitude=example.point[1])
    return Complaint(
        text=example.text or "",
        category=example.category,
        nature=example.nature or Nature.UNKNOWN,
        place=Place(district=example.district, street=example.street, point=point),
        received_at=_instant(example.at, policy.city.time_zone),
        attributes=tuple(
            Attribute(code=code, values=values) for code, values in example.attributes
        ),
    )


def _instant(written: datetime | None, zone: str) -> datetime | None:
    if written is None or written.tzinfo is not None:
        return written
    return written.replace(tzinfo=ZoneInfo(zone))


def outcome_of(decision: Decision) -> str:
    """Write an outcome: an agency, `held`, `diverted:KIND` or `answered:ENTRY`."""
    if isinstance(decision, Routed):
        return decision.lead
    if isinstance(decision, Diverted):
        return f"diverted:{decision.diversion}"
    return f"answered:{decision.entry}" if isinstance(decision, Answered) else "held"


def outcome_on_record(outcome: str, told: Mapping[str, Any]) -> str:
    """Write an outcome as `outcome_of` does, from what is stored of a decision.

    Args:
        outcome: As the history has it.
        told: The fact that was told, as JSON.
    """
    match outcome:
        case "routed":
            return str(told["lead"])
        case "diverted":
            return f"diverted:{told['diversion']}"
        case "answered":
            return f"answered:{told.get('entry')}"
        case _:
            return outcome


def broken_example(
    policy: Policy, rule: Rule | DiversionRule | KnowledgeEntry, example: Example
) -> BrokenExample | None:
    """Run one example.

    Args:
        policy: The whole policy: other rules have their say too.
        rule: The rule that carries it.
        example: A complaint and what must become of it.

    Returns:
        What is wrong, or None where it comes out as expected.
    """
    came = outcome_of(route(complaint_of(example, policy), policy))
    if _is_expected(rule, example.expect, came):
        return None
    file = _FILES[type(rule)]
    message = f"an example of {rule.id} expects {example.expect}, and {came} came"
    why = trace_lines(policy, complaint_of(example, policy))
    return BrokenExample(Fault(file, example.line, message), rule.id, example.expect, came, why)


def _is_expected(rule: Rule | DiversionRule | KnowledgeEntry, expect: str, came: str) -> bool:
    match expect:
        case "not-diverted":
            return not came.startswith("diverted:")
        case "not-answered":
            return not came.startswith("answered:")
        case "answered":
            return came == f"answered:{rule.id}"
    return expect == came


def broken_examples(policy: Policy) -> tuple[BrokenExample, ...]:
    """Run every example of a policy; none comes back where all hold."""
    ran = (broken_example(policy, rule, example) for rule, example in policy.examples())
    return tuple(broken for broken in ran if broken is not None)


def trace_lines(policy: Policy, complaint: Complaint, limit: int = 6) -> tuple[str, ...]:
    """Tell how a decision came about, briefly.

    Args:
        policy: The policy to decide by.
        complaint: What is decided.
        limit: How many rules to tell of.

    Returns:
        Lines for a person: outcome, category, place, then the nearest rules.
    """
    explanation = explain(complaint, policy)
    decision, trace = explanation.decision, explanation.decision.trace
    where = " < ".join(policy.divisions[code].name for code in trace.divisions) or "unknown"
    by = getattr(decision, "rule", None)
    told = (trial for trial in explanation.trials if trial.verdict is not Verdict.OTHER_CATEGORY)
    rules = tuple(f"{trial.rule}: {trial.verdict}: {trial.why}" for trial in told)
    return (
        f"outcome: {outcome_of(decision)}" + (f" by {by}" if by else ""),
        f"category: {trace.category or 'none'} ({trace.category_why})",
        f"place: {where}",
        *trace.notes,
        *rules[:limit],
    )
