"""Policies by folder, by hash, or as they are in force."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

import asyncpg
import typer

from services.cli.desk import Installation
from services.cli.policy.screen import stop
from services.policy import PolicyError, load
from services.policy.folder import read
from services.runtime.errors import DATABASE_TROUBLE
from services.runtime.policies import PolicyStore

if TYPE_CHECKING:
    from collections.abc import Iterable

    from services.policy import Policy

CURRENT = "current"


def find(name: str, data: Path) -> Policy:
    """Load a policy; ends the command where there is none.

    Args:
        name: A folder, the hash of a published bundle, or `current`.
        data: Data folder of the stack that holds published bundles.
    """
    folder = Path(name)
    if folder.is_dir():
        try:
            return load(read(folder))
        except PolicyError as error:
            raise stop("\n".join(str(fault) for fault in error.faults), 2) from error
    if "/" in name or name.startswith("."):
        raise stop(f"there is no folder {name}", 2)
    found = published([name], data)[name]
    if isinstance(found, str):
        raise stop(found, 2)
    return found


def published(names: Iterable[str], data: Path) -> dict[str, Policy | str]:
    """Load published bundles.

    Args:
        names: Hashes, or `current`.
        data: Data folder of the stack that holds them.

    Returns:
        For each name its policy, or why it can't be had.
    """
    try:
        dsn = Installation(data).dsn
    except typer.Exit as error:  # It has said why; 1 would mean that something differs.
        raise typer.Exit(2) from error
    try:
        return asyncio.run(_published(dsn, list(names)))
    except (*DATABASE_TROUBLE, asyncpg.PostgresError) as error:
        raise stop(f"published policies can't be read: {error}", 2) from error


async def _published(dsn: str, names: list[str]) -> dict[str, Policy | str]:
    async with asyncpg.create_pool(dsn, min_size=1, max_size=1) as pool:
        store = PolicyStore(pool)
        found: dict[str, Policy | str] = {}
        for name in names:
            try:
                if name == CURRENT:
                    await store.refresh()
                found[name] = store.current if name == CURRENT else await store.fetch(name)
            except LookupError as error:
                found[name] = str(error)
            except PolicyError as error:
                found[name] = f"this version can't read bundle {name}: {error}"
    return found
