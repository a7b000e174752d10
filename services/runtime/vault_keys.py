"""The vault's keys: several, because each is replaced in time, and one that seals today.

In the secrets file:

    vault_key_current = "2"
    [vault_keys]
    1 = "base64 of 32 bytes"
    2 = "base64 of 32 bytes"

A file from before there were several has one `vault_key`: the key with the id 1. An
environment can hold them instead: `WHISTLE_VAULT_KEYS=2:base64,1:base64`, the first seals. Then
those of the file don't count.
"""

from __future__ import annotations

import base64
import re
import tomllib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from services.runtime.errors import MisconfiguredError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

KEY_BYTES = 32
VARIABLE = "WHISTLE_VAULT_KEYS"

#: Id of a `vault_key` from before keys had ids.
FIRST_ID = "1"

_ID = re.compile(r"[0-9A-Za-z_-]{1,32}")


@dataclass(frozen=True, slots=True, repr=False)
class VaultKeys:
    """A ring of keys.

    Attributes:
        keys: 32 bytes each, by id.
        current: Id of the one that seals; the others only open.
        file: The secrets file they are in; None if they come from the environment.
    """

    keys: Mapping[str, bytes]
    current: str
    file: Path | None = None

    def reread(self) -> VaultKeys:
        """Read the secrets file again: somebody may have rotated the keys while we run.

        Raises:
            MisconfiguredError: It can't be read, or a key in it is wrong.
        """
        if self.file is None:
            return self
        try:
            return keys_of(tomllib.loads(self.file.read_text()), self.file)
        except (OSError, ValueError) as error:
            raise MisconfiguredError(f"{self.file}: {error}") from error


def keys_of(found: Mapping[str, Any], file: Path, variable: str | None = None) -> VaultKeys:
    """Take the keys from the environment, else from a secrets file.

    Args:
        found: The secrets file, parsed.
        file: Where it is.
        variable: Value of `WHISTLE_VAULT_KEYS`, if it is set.

    Raises:
        MisconfiguredError: A key or the current one is missing or wrong; the message names it.
    """
    if variable:
        return _from_variable(variable)
    table = found.get("vault_keys", {})
    if not isinstance(table, dict):
        raise MisconfiguredError(f"{file}: vault_keys must be a table of id = key")
    keys = {key_id: _key(f"{file}: vault_keys", key_id, table[key_id]) for key_id in table}
    if "vault_key" in found:
        keys.setdefault(FIRST_ID, _key(f"{file}: vault_key", FIRST_ID, found["vault_key"]))
    if not keys:
        raise MisconfiguredError(f"{file}: vault_key is missing: nothing could be opened")
    current = found.get("vault_key_current", FIRST_ID)
    if current not in keys:
        known = ", ".join(sorted(keys))
        raise MisconfiguredError(f"{file}: vault_key_current is {current!r}; there is only {known}")
    return VaultKeys(keys, current, file)


def _from_variable(variable: str) -> VaultKeys:
    keys: dict[str, bytes] = {}
    for part in variable.split(","):
        key_id, colon, text = part.strip().partition(":")
        if not colon:
            raise MisconfiguredError(f"{VARIABLE}: write id:key,id:key; one has no colon")
        if key_id in keys:
            raise MisconfiguredError(f"{VARIABLE}: two keys have the id {key_id}")
        keys[key_id] = _key(VARIABLE, key_id, text)
    return VaultKeys(keys, next(iter(keys)))


def _key(where: str, key_id: str, text: object) -> bytes:
    """Read one key; no message may show any of it."""
    if not _ID.fullmatch(key_id):
        raise MisconfiguredError(f"{where}: an id has 1 to 32 letters, digits, - and _")
    try:
        key = base64.b64decode(str(text), validate=True)
    except ValueError as error:
        raise MisconfiguredError(f"{where}, key {key_id}: not base64") from error
    if len(key) != KEY_BYTES:
        raise MisconfiguredError(f"{where}, key {key_id}: {len(key)} bytes instead of {KEY_BYTES}")
    return key
