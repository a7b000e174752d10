"""Node and the packages of the example: brought by npm once per user, then without a network.

Where there is no Node, what needs it is skipped with the reason; in CI it fails.
"""

from __future__ import annotations

import functools
import hashlib
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

from stack.jars import default_cache, locked

FOLDER = Path(__file__).parents[2] / "examples" / "receivers" / "node"
#: What `npm ci` reads. The lock pins each package by its hash and names no registry.
_FILES = ("package.json", "package-lock.json", ".npmrc")
_WITHIN_S = 90


class NoNodeError(Exception):
    """Why nothing can be run with Node here."""


def node() -> str:
    """Find Node, with the example's packages ready; else skip the test, or fail it in CI."""
    try:
        packages()
        return _program("node")
    except NoNodeError as error:
        if os.environ.get("CI"):
            raise
        pytest.skip(str(error))


def packages() -> Path:
    """Have the example's `node_modules` in the user's cache, complete or not at all.

    Raises:
        NoNodeError: Node or npm is missing or too old, or npm could not fetch.
    """
    found = _tried()
    if isinstance(found, NoNodeError):
        raise found
    return found


@functools.cache
def _tried() -> Path | NoNodeError:
    """Try once a run: a registry that can't be reached takes its time to say so."""
    try:
        if int(_said(_program("node"), "--version").removeprefix("v").split(".")[0]) < 20:
            return NoNodeError("Node is older than 20")
        lock = hashlib.sha256(b"".join((FOLDER / name).read_bytes() for name in _FILES))
        home = default_cache() / f"node-{lock.hexdigest()[:16]}"
        home.mkdir(parents=True, exist_ok=True)
        with locked(home / "install.lock"):
            if not (home / "node_modules").is_dir():
                _fetch(home)
    except NoNodeError as error:
        return error
    return home / "node_modules"


def _fetch(home: Path) -> None:
    with tempfile.TemporaryDirectory(prefix="fetch-", dir=home) as scratch:
        for name in _FILES:
            shutil.copy(FOLDER / name, scratch)
        _said(_program("npm"), "ci", "--ignore-scripts", "--no-audit", "--no-fund", cwd=scratch)
        (Path(scratch) / "node_modules").rename(home / "node_modules")


def _program(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        raise NoNodeError(f"{name} is missing: the Node example and library aren't tried")
    return found


def _said(*command: str, cwd: str | None = None) -> str:
    try:
        done = subprocess.run(  # noqa: S603 - our own arguments
            command, cwd=cwd, capture_output=True, text=True, timeout=_WITHIN_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise NoNodeError(f"{command[0]} doesn't run: {error}") from error
    if done.returncode:
        raise NoNodeError(f"{' '.join(command[:2])} failed: {(done.stderr + done.stdout)[-800:]}")
    return done.stdout.strip()


def placed(source: Path, folder: Path) -> Path:
    """Copy a script to where it finds the packages, as beside the example's own."""
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / "node_modules").exists():
        (folder / "node_modules").symlink_to(packages())
    return Path(shutil.copy(source, folder))
