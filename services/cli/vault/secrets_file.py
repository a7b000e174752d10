"""Adds a vault key to the secrets file and takes one out, leaving the rest as people wrote it."""

from __future__ import annotations

import base64
import re
import secrets
import tomllib
from typing import TYPE_CHECKING, Any

from services.cli.installation import write_private
from services.runtime.vault_keys import FIRST_ID, KEY_BYTES, VaultKeys, keys_of

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping
    from pathlib import Path

_TABLE = "[vault_keys]"
_CURRENT = re.compile(r"""^\s*["']?vault_key_current["']?\s*=""")


class UnusualFileError(Exception):
    """The file is written in a way that we don't change; a person must."""


def next_id(used: Collection[str]) -> str:
    """Choose an id that no key has ever had."""
    return str(1 + max((int(key_id) for key_id in used if key_id.isdecimal()), default=0))


def add_key(file: Path, key_id: str) -> VaultKeys:
    """Make a new key the current one; the file is replaced at once.

    Raises:
        UnusualFileError: The file must be changed by hand.
    """
    text = base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode()

    def change(lines: list[str]) -> list[str]:
        lines = [line for line in lines if not _CURRENT.match(line)]
        if not any(line.strip() == _TABLE for line in lines):
            lines += ["", _TABLE]
        at = next(i for i, line in enumerate(lines) if line.strip() == _TABLE)
        head = next((i for i, line in enumerate(lines) if line.lstrip().startswith("[")), at)
        lines.insert(at + 1, f'{key_id} = "{text}"')
        lines.insert(head, f'vault_key_current = "{key_id}"')
        return lines

    def changed(found: Mapping[str, Any]) -> dict[str, Any]:
        table = {**found.get("vault_keys", {}), key_id: text}
        return {**found, "vault_key_current": key_id, "vault_keys": table}

    return _rewrite(file, change, changed)


def remove_key(file: Path, key_id: str) -> VaultKeys:
    """Take a key out; the file is replaced at once.

    Raises:
        UnusualFileError: The file must be changed by hand.
    """
    names = [key_id] + (["vault_key"] if key_id == FIRST_ID else [])
    line_of_it = re.compile(rf"""^\s*["']?(?:{"|".join(map(re.escape, names))})["']?\s*=""")

    def change(lines: list[str]) -> list[str]:
        return [line for line in lines if not line_of_it.match(line)]

    def changed(found: Mapping[str, Any]) -> dict[str, Any]:
        table = {k: v for k, v in found.get("vault_keys", {}).items() if k != key_id}
        after = {**found, "vault_keys": table}
        if key_id == FIRST_ID:
            after.pop("vault_key", None)
        return after

    return _rewrite(file, change, changed)


def _rewrite(
    file: Path,
    change: Callable[[list[str]], list[str]],
    changed: Callable[[Mapping[str, Any]], dict[str, Any]],
) -> VaultKeys:
    """Change lines, and write them only if they say exactly what they should."""
    text = file.read_text()
    after = "\n".join(change(text.splitlines())) + "\n"
    try:
        found = tomllib.loads(after)
    except tomllib.TOMLDecodeError as error:
        raise UnusualFileError(f"{file}: change it by hand") from error
    if found != changed(tomllib.loads(text)):
        raise UnusualFileError(f"{file}: change it by hand")
    keys = keys_of(found, file)
    try:
        write_private(file, after)
    except PermissionError as error:
        raise UnusualFileError(f"{file}: run this as its owner, or as root") from error
    return keys
