"""What a model can say, in the words of a policy; whether another policy means the same.

Adding a category or an agency to a policy leaves a model usable. Moving, removing or
renaming what the model can say doesn't: its answers would mean something else.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from services.policy import Policy

Taxonomy = dict[str, str]


def taxonomy_of(policy: Policy, offices: Sequence[str], categories: Sequence[str]) -> Taxonomy:
    """Say what offices and categories mean in a policy.

    Args:
        policy: The city's.
        offices: Names in the records.
        categories: Codes.

    Returns:
        By `agency NAME` its code, by `category CODE` the codes above it; empty where the
        policy doesn't know it.
    """
    meant = {f"agency {name}": policy.agency_by_name(name) or "" for name in offices}
    for code in categories:
        meant[f"category {code}"] = ">".join(_chain(policy, code))
    return meant


def _chain(policy: Policy, code: str) -> list[str]:
    """The category itself and its parents, as written: no older name is followed."""
    chain: list[str] = []
    at: str | None = code
    while at is not None and at in policy.categories and at not in chain:
        chain.append(at)
        at = policy.categories[at].parent
    return chain


def fingerprint(taxonomy: Mapping[str, str]) -> str:
    """Name a taxonomy by its content."""
    written = json.dumps(sorted(taxonomy.items()), ensure_ascii=False)
    return hashlib.sha256(written.encode()).hexdigest()


def differences(trained: Mapping[str, str], now: Mapping[str, str]) -> list[str]:
    """List what a policy doesn't mean as it was when the model was trained."""
    return [
        f"{name} was {was or 'unknown'}, and is {now.get(name) or 'unknown'}"
        for name, was in trained.items()
        if now.get(name, "") != was
    ]
