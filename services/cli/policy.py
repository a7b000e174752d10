"""`whistle policy`: check a folder, put it in force, and ask it about a text."""

from __future__ import annotations

import asyncio
import getpass
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from zoneinfo import ZoneInfo

import asyncpg
import orjson
import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from services.cli.installation import find_stack
from services.events import Nature
from services.intake.decide.hook_examples import broken_hook_examples
from services.policy import Fault, Policy, PolicyError, load
from services.policy import check as check_files
from services.policy.folder import read
from services.router.decide import (
    BrokenExample,
    Complaint,
    Explanation,
    Routed,
    Verdict,
    WrittenPlace,
    broken_examples,
    explain,
    find_category,
    find_place,
    outcome_of,
)
from services.runtime import policies
from services.runtime.clock import SystemClock
from services.runtime.errors import DATABASE_TROUBLE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

app = typer.Typer(no_args_is_help=True, help="Check, publish and question a city's rules.")

_Folder = Annotated[Path, typer.Argument(help="Such as policy/beijing.", show_default=False)]
_Json = Annotated[bool, typer.Option("--json", help="Machine-readable output.")]

_RULES_SHOWN = 12


@dataclass(frozen=True, slots=True)
class Report:
    """What a check found."""

    policy: Policy | None  #: None where the bundle doesn't load.
    files: dict[str, bytes]
    faults: tuple[Fault, ...]
    broken: tuple[BrokenExample, ...]

    @property
    def is_good(self) -> bool:
        """True where nothing but warnings was found."""
        return not self.broken and all(fault.severity != "error" for fault in self.faults)

    @property
    def counts(self) -> dict[str, int]:
        """How much of each there is; empty where the bundle doesn't load."""
        if self.policy is None:
            return {}
        return {
            "divisions": len(self.policy.divisions),
            "agencies": len(self.policy.agencies),
            "categories": len(self.policy.categories),
            "rules": len(self.policy.catalogue),
            "diversions": len(self.policy.diversions),
            "standards": len(self.policy.standards),
            "hooks": len(self.policy.hooks),
            "examples": len(self.policy.examples()),
        }


def examine(folder: Path, today: date) -> Report:
    """Check a folder's structure, then run every example through the router.

    Args:
        folder: Such as `policy/beijing`.
        today: A calendar that doesn't reach this year is a warning.

    Returns:
        Everything found. Examples aren't run where the bundle doesn't load.
    """
    try:
        files = read(folder)
        faults = check_files(files, today=today)
        if any(fault.severity == "error" for fault in faults):
            return Report(None, files, faults, ())
        policy = load(files)
    except PolicyError as error:
        return Report(None, {}, error.faults, ())
    faults = (*faults, *broken_hook_examples(policy))
    return Report(policy, files, faults, broken_examples(policy))


@app.command()
def check(folder: _Folder, *, as_json: _Json = False) -> None:
    """Check all files of a policy and run all its examples; exit status 1 on any error."""
    report = examine(folder, SystemClock().now().date())
    if as_json:
        _print_json(_report_json(report))
    else:
        _show_report(report, folder)
    raise typer.Exit(0 if report.is_good else 1)


@app.command()
def publish(
    folder: _Folder,
    *,
    effective_at: Annotated[
        str | None,
        typer.Option(help="From when, in ISO 8601; without an offset in the city's time. Now."),
    ] = None,
    dsn: Annotated[
        str | None,
        typer.Option(
            envvar=["WHISTLE_PLATFORM_DSN", "WHISTLE_DSN"],
            help="The installation's database; by default that of the stack in --data.",
            show_default=False,
        ),
    ] = None,
    data: Annotated[Path, typer.Option(help="Data folder of `whistle up`.")] = Path(".data"),
    actor: Annotated[str | None, typer.Option(help="Who publishes; your login name.")] = None,
) -> None:
    """Put a policy in force; one with errors is never stored."""
    report = examine(folder, SystemClock().now().date())
    if not report.is_good or report.policy is None:
        _show_report(report, folder)
        raise typer.Exit(1)
    at = _instant(effective_at, report.policy) if effective_at else None
    address = dsn or _address_of_stack(data)
    try:
        stored = asyncio.run(_publish(address, report.files, actor or getpass.getuser(), at))
    except (*DATABASE_TROUBLE, asyncpg.PostgresError) as error:
        raise _stop(f"nothing was published: {error}") from error
    when = at.isoformat() if at else "now"
    _console().print(f"{stored}  {report.policy.city.name}, in force from {when}", soft_wrap=True)


@app.command(name="explain")
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
    as_json: _Json = False,
) -> None:
    """Say who would get a complaint, and why; nothing is recorded and nothing need run."""
    try:
        loaded = load(read(policy))
    except PolicyError as error:
        raise _stop("\n".join(str(fault) for fault in error.faults)) from error
    place, unclear = find_place(WrittenPlace(district, street), loaded)
    if unclear:
        raise _stop("\n".join(message for _, message in unclear))
    known = find_category(category, loaded) if category else None
    if category and known is None:
        raise _stop(f"no category, or more than one, is called {category!r}")
    complaint = Complaint(text, category=known, nature=nature, place=place)
    explanation = explain(complaint, loaded)
    if as_json:
        _print_json(_explanation_json(explanation, loaded))
    else:
        _show_explanation(explanation, loaded)


async def _publish(dsn: str, files: dict[str, bytes], actor: str, at: datetime | None) -> str:
    conn = await asyncpg.connect(dsn)
    try:
        return await policies.publish(conn, files, actor=actor, effective_at=at)
    finally:
        await conn.close()


def _address_of_stack(data: Path) -> str:
    stack = find_stack(data)
    if stack is None:
        raise _stop(f"nothing runs on {data}: start `whistle up`, or give --dsn")
    return stack.dsn


def _instant(text: str, policy: Policy) -> datetime:
    """Read an instant; an official who writes no offset means the city's own time."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError as error:
        raise _stop(f"--effective-at: {text!r} is not an ISO 8601 date and time") from error
    if at.tzinfo is None:
        at = at.replace(tzinfo=ZoneInfo(policy.city.time_zone))
    return at.astimezone(UTC)


def _stop(message: str) -> typer.Exit:
    _console(stderr=True).print(message, style="red", markup=False, soft_wrap=True)
    return typer.Exit(1)


def _console(*, stderr: bool = False) -> Console:
    # Made anew, so that it writes to where standard output points now.
    return Console(stderr=stderr, highlight=False)


def _print_json(content: dict[str, Any]) -> None:
    typer.echo(orjson.dumps(content, option=orjson.OPT_INDENT_2).decode())


def _report_json(report: Report) -> dict[str, Any]:
    broken = [asdict(one.fault) | {"rule": one.rule, "trace": one.why} for one in report.broken]
    return {
        "ok": report.is_good,
        "hash": report.policy.hash if report.policy else None,
        "counts": report.counts,
        "faults": [*(asdict(fault) for fault in report.faults), *broken],
    }


def _show_report(report: Report, folder: Path) -> None:
    console = _console()
    colours = {"error": "red", "warning": "yellow"}
    traces = {broken.fault: broken.why for broken in report.broken}
    faults = (*report.faults, *traces)
    for fault in faults:
        console.print(Text(str(fault), style=colours[fault.severity]), soft_wrap=True)
        for reason in traces.get(fault, ()):
            console.print(Text(f"    {reason}", style="dim"), soft_wrap=True)
    errors = sum(fault.severity == "error" for fault in faults)
    name = f"{report.policy.city.name} {report.policy.hash}" if report.policy else str(folder)
    verdict = f"{name}: {errors} errors, {len(faults) - errors} warnings"
    console.print(Text(verdict, style="bold"), soft_wrap=True)
    counts = ", ".join(f"{count} {what}" for what, count in report.counts.items())
    console.print(Text(counts), soft_wrap=True)


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
    console = _console()
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
