"""Reading a policy folder, with what it extends; the only file access of this package."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING

from services.policy.faults import Fault, PolicyError
from services.policy.hooks import FOLDER as HOOKS
from services.policy.toml_lines import line_index

if TYPE_CHECKING:
    from pathlib import Path

_CITY = "city.toml"
_SUFFIXES = {".csv", ".geojson", ".toml"}


def read(folder: Path) -> dict[str, bytes]:
    """Read a policy's files.

    Where `city.toml` says `extends = "../beijing"`, that folder's files are read
    first and this folder's replace those of the same name, whole files at a time. The
    subfolder `hooks` is read too: its files are named `hooks/water.toml`.

    Args:
        folder: Such as `policy/beijing`.

    Returns:
        Contents by file name; what `bundle.load` takes.

    Raises:
        PolicyError: If the folder or one it extends isn't there, or they extend
            each other.
    """
    files: dict[str, bytes] = {}
    seen: list[Path] = []
    below: tuple[str, int] = (str(folder), 1)
    current: Path | None = folder
    while current is not None:
        resolved = current.resolve()
        if not resolved.is_dir():
            raise _fault(*below, f"there is no folder {current}")
        if resolved in seen:
            raise _fault(*below, "the folders extend each other")
        seen.append(resolved)
        own = _own(resolved)
        files = own | files
        extended, line = _extended(own.get(_CITY, b""))
        below = (str(current / _CITY), line)
        current = None if extended is None else current / extended
    return files


def _own(folder: Path) -> dict[str, bytes]:
    """Read a folder's files, and those of its subfolder of hooks as `hooks/water.toml`."""
    places = [("", folder)]
    if (folder / HOOKS).is_dir():
        places.append((f"{HOOKS}/", folder / HOOKS))
    return {
        prefix + path.name: path.read_bytes()
        for prefix, place in places
        for path in sorted(place.iterdir())
        if path.suffix in _SUFFIXES and path.is_file()
    }


def _extended(city: bytes) -> tuple[str | None, int]:
    """Find the folder a `city.toml` extends, and the line that says so."""
    try:
        text = city.decode()
        value = tomllib.loads(text).get("extends")
    except (UnicodeDecodeError, tomllib.TOMLDecodeError):
        return None, 1  # Loading names the fault and its line.
    return (value if isinstance(value, str) else None), line_index(text).get(("extends",), 1)


def _fault(file: str, line: int, message: str) -> PolicyError:
    return PolicyError((Fault(file, line, message),))
