"""`whistle vault keys|rotate|rewrap|retire`: replace the vault's key beside a running intake."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from services.cli.vault.opening import DATA, Data, Json, Opened, at_vault, fail, show_json
from services.cli.vault.secrets_file import UnusualFileError, add_key, next_id, remove_key
from services.intake.adapters.vault import rotation
from services.intake.adapters.vault.sealing import Sealer

if TYPE_CHECKING:
    from uuid import UUID

    from services.intake.adapters.vault.rotation import KeyUse
    from services.runtime.vault_keys import VaultKeys

_FAILED_SHOWN = 10


def list_keys(data: Data = DATA, *, as_json: Json = False) -> None:
    """List the keys, and how many records each opens."""

    async def work(opened: Opened) -> tuple[VaultKeys, list[KeyUse]]:
        return opened.secrets.vault_keys, await rotation.key_uses(opened.db)

    keys, uses = at_vault(data, work)
    rows = _rows(keys, {use.key_id: use for use in uses})
    if as_json:
        show_json(rows)
        return
    table = Table("key", "records", "state")
    for row in rows:
        table.add_row(row["key"], f"{row['records']:,}", row["state"])
    Console().print(table)


def _rows(keys: VaultKeys, uses: dict[str, KeyUse]) -> list[dict[str, Any]]:
    rows = []
    for key_id in sorted(keys.keys.keys() | uses.keys()):
        use = uses.get(key_id)
        is_here = key_id in keys.keys
        state = "retired" if use and use.is_retired else "opens"
        if not is_here:
            state = "retired and gone" if use and use.is_retired else "MISSING"
        elif key_id == keys.current:
            state = "seals"
        rows.append({"key": key_id, "records": use.records if use else 0, "state": state})
    return rows


def rotate(data: Data = DATA, *, as_json: Json = False) -> None:
    """Make a new key in the secrets file and bring every record under it."""

    async def work(opened: Opened) -> dict[str, Any]:
        keys = opened.secrets.vault_keys
        if keys.file is None:
            raise fail(
                "the keys come from WHISTLE_VAULT_KEYS: put a new one before the others there,"
                " restart intake, then run `whistle vault rewrap`"
            )
        used = keys.keys.keys() | {use.key_id for use in await rotation.key_uses(opened.db)}
        try:
            ring = add_key(keys.file, next_id(used))
        except UnusualFileError as error:
            raise fail(str(error)) from error
        return await _rewrap(opened, ring)

    _report(at_vault(data, work), as_json=as_json)


def rewrap(data: Data = DATA, *, as_json: Json = False) -> None:
    """Bring every record under the current key; go on where it was cut off."""

    async def work(opened: Opened) -> dict[str, Any]:
        return await _rewrap(opened, opened.secrets.vault_keys)

    _report(at_vault(data, work), as_json=as_json)


async def _rewrap(opened: Opened, ring: VaultKeys) -> dict[str, Any]:
    sealer, done, failed = Sealer(ring), 0, list["UUID"]()
    uses = await rotation.key_uses(opened.db)
    total = sum(use.outdated(ring.current) for use in uses)
    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("records", total=total)
        for use in uses:
            after: UUID | None = None
            while True:
                try:
                    batch = await rotation.rewrap(opened.db, sealer, use.key_id, after)
                except rotation.RetiredKeyError as error:
                    raise fail(f"key {error} is retired and must not seal again") from error
                if batch.last is None:
                    break
                after, done = batch.last, done + batch.done
                failed += batch.failed
                progress.update(task, completed=done)
    left = await rotation.key_uses(opened.db)
    waiting = {u.key_id: u.outdated(ring.current) for u in left if u.outdated(ring.current)}
    return {"key": ring.current, "rewrapped": done, "failed": failed, "waiting": waiting}


def _report(found: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        show_json(found)
    else:
        typer.echo(f"{found['rewrapped']:,} records are under key {found['key']} now.")
        for complaint_id in found["failed"][:_FAILED_SHOWN]:
            typer.echo(f"doesn't open, left as it is: {complaint_id}", err=True)
        for key_id, records in found["waiting"].items():
            typer.echo(f"{records:,} are still under key {key_id}: whistle vault rewrap", err=True)
        if not found["waiting"]:
            typer.echo("An older key can be put away now: whistle vault retire KEY")
    if found["failed"]:
        raise typer.Exit(1)


def retire(
    key_id: Annotated[str, typer.Argument(help="Id of the key.", show_default=False)],
    data: Data = DATA,
) -> None:
    """Put a key away for good: it never seals again, and leaves the secrets file."""

    async def work(opened: Opened) -> VaultKeys:
        keys = opened.secrets.vault_keys
        if key_id == keys.current:
            raise fail(f"key {key_id} seals; rotate first")
        known = keys.keys.keys() | {use.key_id for use in await rotation.key_uses(opened.db)}
        if key_id not in known:
            raise fail(f"there is no key {key_id}; there are {', '.join(sorted(known))}")
        try:
            await rotation.retire(opened.db, key_id)
        except rotation.KeyInUseError as error:
            raise fail(
                f"{error.records:,} records are still under key {key_id}: run `whistle vault"
                " rewrap`; if they come back, an intake still seals with it: restart that first"
            ) from error
        return keys

    keys = at_vault(data, work)
    if keys.file is None:
        typer.echo(f"Key {key_id} never seals again. Take it out of WHISTLE_VAULT_KEYS.")
        return
    if key_id in keys.keys:
        try:
            remove_key(keys.file, key_id)
        except UnusualFileError as error:
            raise fail(str(error)) from error
    typer.echo(f"Key {key_id} never seals again and has left {keys.file}.")
