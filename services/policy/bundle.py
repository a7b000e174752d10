"""From files to a policy: hash, check, load. Pure: files come as bytes by name."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from services.policy.checks import check_anew, check_policy
from services.policy.faults import Fault, FaultLog, PolicyError
from services.policy.parts import FILES, assemble, is_part

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from services.policy.policy import Policy


def bundle_hash(files: Mapping[str, bytes]) -> str:
    """Name a bundle by what it says.

    Line ends and a byte order mark don't count, so a checkout on another system
    has the same hash.

    Args:
        files: Contents by name; only the names a policy knows count.

    Returns:
        The first 16 hexadecimal digits of a SHA-256 over names and contents.
    """
    digest = hashlib.sha256()
    for name in sorted(filter(is_part, files)):
        content = _normalised(files[name])
        digest.update(f"{name}\n{len(content)}\n".encode())
        digest.update(content)
    return digest.hexdigest()[:16]


def load(files: Mapping[str, bytes]) -> Policy:
    """Load a bundle.

    Args:
        files: Contents by name, as `folder.read` gives them.

    Returns:
        The policy, sound in all its references.

    Raises:
        PolicyError: If anything is an error; `faults` holds every one.
    """
    policy, faults = _examine(files)
    if policy is None or faults.has_errors:
        raise PolicyError(faults.ordered())
    return policy


def check(files: Mapping[str, bytes], *, today: date | None = None) -> tuple[Fault, ...]:
    """Find everything wrong with a bundle, except that examples aren't run here.

    Args:
        files: Contents by name.
        today: Where given, a calendar that doesn't reach this year is a warning.

    Returns:
        Faults by file and line; a bundle whose faults are all warnings loads.
    """
    policy, faults = _examine(files, today)
    if policy is not None:
        check_anew(policy, faults, today)
    return faults.ordered()


def _examine(
    files: Mapping[str, bytes], today: date | None = None
) -> tuple[Policy | None, FaultLog]:
    faults = FaultLog()
    policy = assemble(_texts(files, faults), bundle_hash(files), faults)
    if policy is not None:
        check_policy(policy, faults, today)
    return policy, faults


def _texts(files: Mapping[str, bytes], faults: FaultLog) -> dict[str, str]:
    texts: dict[str, str] = {}
    for name in files:
        if not is_part(name):
            faults.warning(name, 1, "no part of a policy has this name; the file is left out")
    for name, is_required in {**dict.fromkeys(filter(is_part, files), False), **FILES}.items():
        content = files.get(name)
        if content is None:
            if is_required:
                faults.error(name, 1, "the file is missing")
            continue
        try:
            texts[name] = _normalised(content).decode()
        except UnicodeDecodeError as error:
            line = content[: error.start].count(b"\n") + 1
            faults.error(name, line, "not UTF-8")
    return texts


def _normalised(content: bytes) -> bytes:
    return content.removeprefix(b"\xef\xbb\xbf").replace(b"\r\n", b"\n").rstrip(b"\n") + b"\n"
