"""`whistle policy accuracy` and `errors`: how often first dispatches stood, and where not."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from services.cli.desk import Installation
from services.cli.policy.screen import Json, print_json, screen, wide_screen
from services.runtime.clock import SystemClock

_DAYS = 30
#: Nowhere on earth is the date later than this much after UTC.
_EARLIEST_ZONE = timedelta(hours=14)
_ROWS_MAX = 30
_DAY_FORMATS = ["%Y-%m-%d"]

_First = Annotated[
    datetime | None,
    typer.Option(
        "--from", formats=_DAY_FORMATS, help="First day of dispatch, in the city; 30 days ago."
    ),
]
_Last = Annotated[
    datetime | None,
    typer.Option("--to", formats=_DAY_FORMATS, help="Last day of dispatch; today."),
]
_Data = Annotated[Path, typer.Option(help="Data folder of `whistle up`.")]


class By(StrEnum):
    """What accuracy is told by."""

    RULE = "rule"
    AGENCY = "agency"
    CATEGORY = "category"
    DECIDED_BY = "decided_by"


def accuracy(
    *,
    by: Annotated[By, typer.Option(help="What to tell it by.")] = By.AGENCY,
    start: _First = None,
    end: _Last = None,
    data: _Data = Path(".data"),
    as_json: Json = False,
) -> None:
    """Say which share of complaints stayed with the agency they were given to first."""
    span = _span(start, end)
    found = Installation(data).ask("GET", "router", "/v1/accuracy", params=span | {"by": by.value})
    if as_json:
        print_json({**span, **found})
    else:
        _show_accuracy(found, span)


def errors(
    *,
    start: _First = None,
    end: _Last = None,
    limit: Annotated[int, typer.Option(help="Rules to tell of.", min=1, max=200)] = 20,
    cases: Annotated[int, typer.Option(help="Cases of each.", min=0, max=50)] = 3,
    data: _Data = Path(".data"),
    as_json: Json = False,
) -> None:
    """List rules by how often their first dispatch was wrong, with the newest cases."""
    span = _span(start, end)
    params = span | {"limit": str(limit), "cases": str(cases)}
    found = Installation(data).ask("GET", "router", "/v1/errors/rules", params=params)
    if as_json:
        print_json({**span, **found})
    else:
        _show_errors(found, span)


def _span(start: datetime | None, end: datetime | None) -> dict[str, str]:
    last = end.date() if end else (SystemClock().now().astimezone(UTC) + _EARLIEST_ZONE).date()
    first: date = start.date() if start else last - timedelta(days=_DAYS)
    return {"from": first.isoformat(), "to": last.isoformat()}


def _show_accuracy(found: dict[str, Any], span: dict[str, str]) -> None:
    table = Table(found["by"], box=None, padding=(0, 2, 0, 0))
    for name in ("dispatched", "stood", "returned", "reassigned", "upheld", "accuracy"):
        table.add_column(name, justify="right")
    for row in found["rows"][:_ROWS_MAX]:
        table.add_row(Text(_label(row)), *_counts(row))
    table.add_section()
    table.add_row("all", *_counts(found["total"]), style="bold")
    console = wide_screen()
    console.print(Text(f"first dispatches, {span['from']} to {span['to']}", style="bold"))
    console.print(table)
    rest = len(found["rows"]) - _ROWS_MAX
    if rest > 0:
        console.print(Text(f"and {rest} more; --json has all", style="dim"))
    others = found["not_dispatched"]
    told = ", ".join(f"{count} {outcome}" for outcome, count in others.items())
    console.print(Text(f"at first not dispatched, and not counted here: {told}", style="dim"))


def _label(row: dict[str, Any]) -> str:
    if not row["key"]:
        return f"({row['decided_by']})" if row["decided_by"] else "(none)"
    return row["key"] if row["key"] == row["name"] else f"{row['name']} {row['key']}"


def _counts(row: dict[str, Any]) -> list[str]:
    names = ("dispatched", "stood", "returned", "reassigned", "upheld")
    share = row["accuracy"]
    return [*(f"{row[name]:,}" for name in names), "n/a" if share is None else f"{share:.1%}"]


def _show_errors(found: dict[str, Any], span: dict[str, str]) -> None:
    console = wide_screen()
    title = f"rules that were wrong, {span['from']} to {span['to']}"
    console.print(Text(title, style="bold"))
    if not found["rules"]:
        console.print("none")
    for rule in found["rules"]:
        _show_rule(rule)
    rest = found["rules_total"] - len(found["rules"])
    if rest > 0:
        console.print(Text(f"and {rest} more; --limit shows more", style="dim"))


def _show_rule(rule: dict[str, Any]) -> None:
    console = screen()
    wrong = rule["returned"] + rule["reassigned"] - rule["upheld"]
    line = Text(rule["rule"] or f"({rule['decided_by']})", style="bold")
    line.append(
        f"  {wrong:,} of {rule['dispatched']:,} wrong, {rule['error_rate']:.1%}"
        f" (at least {rule['error_at_least']:.1%})",
        style="red",
    )
    console.print(line, soft_wrap=True)
    for case in rule["cases"]:
        console.print(Text(f"    {_case(case)}"), soft_wrap=True)


def _case(case: dict[str, Any]) -> str:
    upheld = ", upheld" if case["upheld"] else ""
    reason = f": {case['reason']}" if case["reason"] else ""
    theirs = f" ({case['suggests']['name']}, they say)" if case["suggests"] else ""
    now = case["lead"]["name"] if case["lead"] else case["outcome"]
    way = f"{case['agency']['name']} → {now}"
    return f"{case['fell_at'][:10]} {case['number']} {way}  {case['fell']}{upheld}{reason}{theirs}"
