"""`whistle vault retain|erase`: forget what isn't needed, and whoever asks to be forgotten."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID  # noqa: TC003 - typer reads the annotation

import typer

from services.cli.vault.opening import DATA, Data, Json, Opened, at_vault, fail, show_json
from services.intake.adapters.vault import erasure
from services.intake.adapters.vault.accesses import AccessLog
from services.intake.decide.person import normal_phone, person_token
from services.runtime.clock import SystemClock

if TYPE_CHECKING:
    from services.intake.adapters.vault.erasure import Found

_AGE = re.compile(r"([1-9][0-9]{0,4})([dy])")
_DAYS = {"d": 1, "y": 366}  # Of the longer year: rather a day too long than too short.

#: Countries whose spelling of local numbers intake knows; an installation has one of them.
_COUNTRIES = ("86", "1")

_DryRun = Annotated[bool, typer.Option("--dry-run", help="Only say what would be done.")]

_REMAINS = (
    "What remains: the complaints' texts with names and numbers masked, in Kafka as long as its"
    " topics keep them; keyed hashes from which no number can be read; backups made before."
    " Pictures go within seconds while intake runs."
)


def retain(
    older_than: Annotated[
        str, typer.Option(help="Closed longer ago than this: 3y, 90d.", show_default=False)
    ],
    data: Data = DATA,
    *,
    dry_run: _DryRun = False,
    as_json: Json = False,
) -> None:
    """Erase who made complaints that were closed long ago; open ones are never touched."""
    age = _AGE.fullmatch(older_than)
    if age is None:
        raise fail(f"--older-than: write 3y or 90d, not {older_than!r}", 2)
    before = SystemClock().now() - timedelta(days=int(age[1]) * _DAYS[age[2]])

    async def work(opened: Opened) -> int:
        return await _retain(opened, before, dry_run=dry_run)

    count = at_vault(data, work)
    if as_json:
        show_json({"closed_before": before, "records": count, "is_dry_run": dry_run})
    else:
        would = "would be erased" if dry_run else "erased"
        typer.echo(f"{count:,} records {would}, of complaints closed before {before:%Y-%m-%d}.")


async def _retain(opened: Opened, before: datetime, *, dry_run: bool) -> int:
    log, count, after = AccessLog(opened.secrets.token_key), 0, None
    while ids := await erasure.over(opened.db, before, after):
        after = ids[-1]
        count += len(ids) if dry_run else await erasure.let_go(opened.db, log, ids, before)
    return count


def erase(
    phone: Annotated[str | None, typer.Option(help="Everything of this number.")] = None,
    token: Annotated[str | None, typer.Option(help="Everything of this person's token.")] = None,
    complaint: Annotated[UUID | None, typer.Option(help="Only this one.")] = None,
    data: Data = DATA,
    *,
    yes: Annotated[bool, typer.Option("--yes", help="Don't ask.")] = False,
    dry_run: _DryRun = False,
    as_json: Json = False,
) -> None:
    """Erase who made complaints, for good; the complaints stay without anybody's name."""
    if sum(one is not None for one in (phone, token, complaint)) != 1:
        raise fail("name one of --phone, --token and --complaint", 2)

    async def look(opened: Opened) -> list[Found]:
        tokens = [token] if token else _tokens(opened, phone) if phone else []
        return await erasure.find(opened.db, tokens, [complaint] if complaint else [])

    found = at_vault(data, look)
    count = 0
    if found and not dry_run:
        _ask(found, yes=yes)

        async def work(opened: Opened) -> int:
            return await erasure.erase(opened.db, AccessLog(opened.secrets.token_key), found)

        count = at_vault(data, work)
    _tell(found, count, dry_run=dry_run, as_json=as_json)


def _tokens(opened: Opened, phone: str) -> list[str]:
    """Give the tokens that a number may have, however it was written."""
    numbers = {normal_phone(phone, country) for country in _COUNTRIES} - {None}
    if not numbers:
        raise fail("--phone: this is no telephone number", 2)
    made = (person_token(opened.secrets.token_key, number) for number in sorted(map(str, numbers)))
    return [one for one in made if one]


def _ask(found: list[Found], *, yes: bool) -> None:
    open_ones = sum(one.is_open for one in found)
    if open_ones:
        typer.echo(f"{open_ones} of them open: nobody can be called back about those.", err=True)
    if not yes and not typer.confirm(f"Erase {len(found)} records for good?", err=True):
        raise typer.Exit(1)


def _tell(found: list[Found], count: int, *, dry_run: bool, as_json: bool) -> None:
    open_ones = sum(one.is_open for one in found)
    if as_json:
        told: dict[str, Any] = {"found": len(found), "open": open_ones, "erased": count}
        ids = [one.complaint_id for one in found]
        show_json(told | {"complaints": ids, "is_dry_run": dry_run, "remains": _REMAINS})
        return
    if not found:
        typer.echo("Nothing is stored under that; nothing to erase.")
        return
    if dry_run:
        typer.echo(f"{len(found)} records would be erased, {open_ones} of open complaints:")
        for one in found:
            typer.echo(f"  {one.complaint_id}{'  open' if one.is_open else ''}")
    else:
        typer.echo(f"{count} records erased.")
    typer.echo(_REMAINS)
