"""`whistle policy check` and `publish`: nothing wrong is ever put in force."""

from __future__ import annotations

import asyncio
import getpass
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import asyncpg
import typer
from rich.text import Text

from services.cli.installation import find_stack
from services.cli.policy.screen import Json, instant, print_json, screen, stop
from services.intake.decide.hook_examples import broken_hook_examples
from services.policy import Fault, Policy, PolicyError, load
from services.policy import check as check_files
from services.policy.folder import read
from services.router.decide import BrokenExample, broken_examples
from services.runtime import policies
from services.runtime.clock import SystemClock
from services.runtime.errors import DATABASE_TROUBLE

if TYPE_CHECKING:
    from datetime import date, datetime

_Folder = Annotated[Path, typer.Argument(help="Such as policy/beijing.", show_default=False)]


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
            "answers": len(self.policy.answers),
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


def check(folder: _Folder, *, as_json: Json = False) -> None:
    """Check all files of a policy and run all its examples; exit status 1 on any error."""
    report = examine(folder, SystemClock().now().date())
    if as_json:
        print_json(_report_json(report))
    else:
        _show_report(report, folder)
    raise typer.Exit(0 if report.is_good else 1)


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
    at = instant(effective_at, report.policy, "--effective-at") if effective_at else None
    address = dsn or _address_of_stack(data)
    try:
        stored = asyncio.run(_publish(address, report.files, actor or getpass.getuser(), at))
    except (*DATABASE_TROUBLE, asyncpg.PostgresError) as error:
        raise stop(f"nothing was published: {error}") from error
    when = at.isoformat() if at else "now"
    screen().print(f"{stored}  {report.policy.city.name}, in force from {when}", soft_wrap=True)


async def _publish(dsn: str, files: dict[str, bytes], actor: str, at: datetime | None) -> str:
    conn = await asyncpg.connect(dsn)
    try:
        return await policies.publish(conn, files, actor=actor, effective_at=at)
    finally:
        await conn.close()


def _address_of_stack(data: Path) -> str:
    stack = find_stack(data)
    if stack is None:
        raise stop(f"nothing runs on {data}: start `whistle up`, or give --dsn")
    return stack.dsn


def _report_json(report: Report) -> dict[str, Any]:
    broken = [asdict(one.fault) | {"rule": one.rule, "trace": one.why} for one in report.broken]
    return {
        "ok": report.is_good,
        "hash": report.policy.hash if report.policy else None,
        "counts": report.counts,
        "faults": [*(asdict(fault) for fault in report.faults), *broken],
    }


def _show_report(report: Report, folder: Path) -> None:
    console = screen()
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
