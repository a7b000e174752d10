"""`whistle sla`: what a rule change would do to the promises that are running, and doing it.

A case keeps the policy that it was promised under. The tracker counts, page by page, what would
move; with a supervisor's key every case that moves is told so, one by one.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import asyncpg
import typer
from rich.progress import Progress, SpinnerColumn, TextColumn
from rich.table import Table

from services.cli.desk import Installation
from services.cli.policy.screen import Json, print_json, screen, stop, wide_screen
from services.policy import PolicyError
from services.policy.folder import read
from services.runtime.errors import DATABASE_TROUBLE
from services.runtime.policies import keep

if TYPE_CHECKING:
    from collections.abc import Iterator

app = typer.Typer(no_args_is_help=True, help="Promises that are running, and rule changes.")

_EXAMPLES_MAX = 10


@app.callback()
def _group() -> None:
    """Keep `recompute` a command of its own: more will follow."""


@app.command("recompute")
def recompute(
    policy: Annotated[
        str, typer.Option(help="A folder, or the hash of a stored policy.", show_default=False)
    ],
    *,
    is_dry: Annotated[
        bool, typer.Option("--dry-run/--approve", help="Only show, or move what is shown.")
    ] = True,
    provisional: Annotated[
        bool, typer.Option(help="Only orders whose calendar wasn't published yet.")
    ] = False,
    key: Annotated[
        str | None,
        typer.Option(
            envvar="WHISTLE_KEY", help="A supervisor's, who approves.", show_default=False
        ),
    ] = None,
    data: Annotated[Path, typer.Option(help="Data folder of `whistle up`.")] = Path(".data"),
    as_json: Json = False,
) -> None:
    """Count running promises anew by another policy; pauses and extensions stay.

    Nothing moves without --approve and a supervisor's key.
    """
    if not is_dry and key is None:
        raise stop("--approve needs a supervisor's key: --key or WHISTLE_KEY", 2)
    installation = Installation(data)
    policy_hash = _stored(policy, installation)
    found = Recount(policy_hash)
    with _progress(is_quiet=as_json) as progress:
        task = progress.add_task("cases", total=None)
        for page in _pages(installation, policy_hash):
            moving = found.add(page, only_provisional=provisional)
            if not is_dry and key is not None:
                for complaint_id in moving:
                    _approve(installation, key, policy_hash, complaint_id)
            progress.update(task, advance=page["looked_at"])
    if as_json:
        print_json(found.as_json() | {"is_approved": not is_dry})
    else:
        _show(found, is_dry=is_dry)


@dataclass(slots=True)
class Recount:
    """What would move; as large as there are agencies, however many cases there are."""

    policy: str
    cases: int = 0  #: Looked at.
    moved: int = 0  #: Orders.
    earlier: Counter[str] = field(default_factory=Counter)  #: By agency.
    later: Counter[str] = field(default_factory=Counter)
    settled: Counter[str] = field(default_factory=Counter)  #: No longer provisional.
    examples: list[dict[str, Any]] = field(default_factory=list)

    def add(self, page: dict[str, Any], *, only_provisional: bool = False) -> list[str]:
        """Count a page of `/v1/recounts`; gives the complaints whose promises move, each once."""
        self.cases += page["looked_at"]
        items = [one for one in page["items"] if one["was_provisional"] or not only_provisional]
        for one in items:
            self._count(one)
        return list(dict.fromkeys(one["complaint_id"] for one in items))

    def _count(self, one: dict[str, Any]) -> None:
        self.moved += 1
        by = shift_of(one)
        if by:
            (self.later if by > timedelta(0) else self.earlier)[one["agency"]] += 1
        self.settled[one["agency"]] += one["was_provisional"] and not one["is_provisional"]
        if len(self.examples) < _EXAMPLES_MAX:
            self.examples.append(one)

    def by_agency(self) -> list[dict[str, Any]]:
        """Count by agency, the most moved first."""
        total = self.earlier + self.later + self.settled
        return [
            {
                "agency": agency,
                "earlier": self.earlier[agency],
                "later": self.later[agency],
                "no_longer_provisional": self.settled[agency],
            }
            for agency, _ in sorted(total.items(), key=lambda one: (-one[1], one[0]))
        ]

    def as_json(self) -> dict[str, Any]:
        """Give it for programs."""
        return {
            "policy": self.policy,
            "cases": self.cases,
            "moved": self.moved,
            "by_agency": self.by_agency(),
            "examples": self.examples,
        }


def shift_of(one: dict[str, Any]) -> timedelta:
    """Say by how much an order's due instant would move."""
    return datetime.fromisoformat(one["due_at"]) - datetime.fromisoformat(one["was_due_at"])


def _stored(policy: str, installation: Installation) -> str:
    """Give the hash to ask for; a folder is stored first, which puts nothing in force."""
    folder = Path(policy)
    if not folder.is_dir():
        return policy
    try:
        return asyncio.run(_keep(installation.dsn, read(folder)))
    except PolicyError as error:
        raise stop("\n".join(str(fault) for fault in error.faults), 2) from error
    except (*DATABASE_TROUBLE, asyncpg.PostgresError) as error:
        raise stop(f"the policy can't be stored: {error}", 2) from error


async def _keep(dsn: str, files: dict[str, bytes]) -> str:
    conn = await asyncpg.connect(dsn)
    try:
        return await keep(conn, files)
    finally:
        await conn.close()


def _pages(installation: Installation, policy_hash: str) -> Iterator[dict[str, Any]]:
    asked = {"policy": policy_hash}
    while True:
        page = installation.ask("GET", "tracker", "/v1/recounts", params=asked)
        yield page
        if page["next"] is None:
            return
        asked["cursor"] = page["next"]


def _approve(installation: Installation, key: str, policy_hash: str, complaint_id: str) -> None:
    """Have one case counted anew; said again, nothing moves any more."""
    installation.ask(
        "POST",
        "intake",
        f"/v1/cases/{complaint_id}/actions",
        key=key,
        json={"action": "recompute", "policy": policy_hash},
    )


def _show(found: Recount, *, is_dry: bool) -> None:
    console = wide_screen()
    if found.moved:
        table = Table(title=f"{found.moved:,} orders", title_justify="left")
        for name in ("agency", "earlier", "later", "no longer provisional"):
            table.add_column(name, justify="left" if name == "agency" else "right")
        for row in found.by_agency():
            table.add_row(*(str(value) for value in row.values()))
        console.print(table)
    for one in found.examples:
        console.print(
            f"{one['number']}  {one['agency']}  {one['was_due_at']} -> {one['due_at']}",
            markup=False,
        )
    said = "would move" if is_dry else "were told to move"
    console.print(f"{found.cases:,} cases under other policies; {found.moved:,} orders {said}.")


def _progress(*, is_quiet: bool) -> Progress:
    columns = (SpinnerColumn(), TextColumn("{task.completed:,.0f} cases looked at"))
    return Progress(*columns, console=screen(stderr=True), disable=is_quiet, transient=True)
