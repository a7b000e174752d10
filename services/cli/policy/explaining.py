"""`whistle policy explain`: who would get a complaint, and why."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from services.cli.policy.screen import Json, print_json, screen, stop
from services.events import Nature
from services.policy import Policy, PolicyError, load
from services.policy.folder import read
from services.router.decide import (
    Answered,
    Complaint,
    Explanation,
    Routed,
    Verdict,
    WrittenPlace,
    explain,
    find_category,
    find_place,
    outcome_of,
)
from services.runtime.clock import SystemClock

if TYPE_CHECKING:
    from collections.abc import Iterator

_RULES_SHOWN = 12


def explain_text(
    text: Annotated[str, typer.Argument(help="What the citizen says.", show_default=False)],
    *,
    district: Annotated[str | None, typer.Option(help="Name or code.")] = None,
    street: Annotated[str | None, typer.Option(help="Name or code.")] = None,
    category: Annotated[str | None, typer.Option(help="Name, code, or path joined by >.")] = None,
    nature: Annotated[Nature, typer.Option()] = Nature.UNKNOWN,
    policy: Annotated[Path, typer.Option(envvar="WHISTLE_POLICY", help="Folder.")] = Path(
        "policy/beijing"
    ),
    as_json: Json = False,
) -> None:
    """Say who would get a complaint, and why; nothing is recorded and nothing need run."""
    try:
        loaded = load(read(policy))
    except PolicyError as error:
        raise stop("\n".join(str(fault) for fault in error.faults)) from error
    place, unclear = find_place(WrittenPlace(district, street), loaded)
    if unclear:
        raise stop("\n".join(message for _, message in unclear))
    known = find_category(category, loaded) if category else None
    if category and known is None:
        raise stop(f"no category, or more than one, is called {category!r}")
    now = SystemClock().now()
    complaint = Complaint(text, category=known, nature=nature, place=place, received_at=now)
    explanation = explain(complaint, loaded)
    if as_json:
        print_json(_explanation_json(explanation, loaded))
    else:
        _show_explanation(explanation, loaded)


def _facts(explanation: Explanation, policy: Policy) -> Iterator[tuple[str, str]]:
    """Give what there is to say about a decision, line by line."""
    decision, trace = explanation.decision, explanation.decision.trace
    yield "outcome", outcome_of(decision)
    yield "because", decision.explanation
    if isinstance(decision, Routed):
        yield "lead", policy.agencies[decision.lead].name
        for role, codes in (("assists", decision.assists), ("copies", decision.copies)):
            if codes:
                yield role, ", ".join(policy.agencies[code].name for code in codes)
        yield "scored", policy.agencies[decision.scored].name
        yield "standard", f"{decision.standard}: {trace.standard_why}"
    if isinstance(decision, Answered):
        yield "answer", decision.answer
        yield "kept by", policy.agencies[decision.owner].name
    category = policy.categories[trace.category].name if trace.category else "none"
    yield "category", f"{category}: {trace.category_why}"
    yield "place", " < ".join(policy.divisions[code].name for code in trace.divisions) or "unknown"
    yield from (("note", note) for note in trace.notes)


def _show_explanation(explanation: Explanation, policy: Policy) -> None:
    facts = Table.grid(padding=(0, 2))
    facts.add_column(no_wrap=True)
    facts.add_column(overflow="fold")
    for label, value in _facts(explanation, policy):
        facts.add_row(Text(label, style="bold"), Text(value))
    near = [t for t in explanation.trials if t.verdict is not Verdict.OTHER_CATEGORY]
    rules = Table("rule", "verdict", "why", box=None)
    for trial in near[:_RULES_SHOWN]:
        style = "green" if trial.verdict is Verdict.CHOSEN else ""
        rules.add_row(*(Text(cell, style) for cell in (trial.rule, trial.verdict, trial.why)))
    rest = len(explanation.trials) - len(near[:_RULES_SHOWN])
    console = screen()
    console.print(facts, "", rules, Text(f"and {rest} rules further away", style="dim"))


def _explanation_json(explanation: Explanation, policy: Policy) -> dict[str, Any]:
    facts = dict(_facts(explanation, policy))
    facts.pop("note", None)
    rules = [
        {"rule": trial.rule, "verdict": trial.verdict, "why": trial.why, "lead": trial.lead}
        for trial in explanation.trials
    ]
    notes = explanation.decision.trace.notes
    return {"policy": policy.hash, **facts, "notes": notes, "rules": rules}
