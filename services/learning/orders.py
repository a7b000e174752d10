"""Which orders a model has seen: marks that tell without keeping a word."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray


def mark(kind: str, value: str) -> int:
    """Mark a value: 64 bits of its SHA-256."""
    return int.from_bytes(hashlib.sha256(f"{kind}:{value}".encode()).digest()[:8])


def marks_of(keys: Iterable[tuple[str, str]]) -> set[int]:
    """Mark what identifies an order: its id, its group, its words; empty values don't."""
    return {mark(kind, value) for kind, value in keys if value}


def sorted_marks(marks: Iterable[int]) -> NDArray[np.uint64]:
    """Put marks in order, each once."""
    return np.array(sorted(set(marks)), dtype=np.uint64)


def has_any(seen: NDArray[np.uint64], marks: Iterable[int]) -> bool:
    """Tell whether any mark is among those seen."""
    if not len(seen):
        return False
    wanted = np.array(list(marks), dtype=np.uint64)
    at = np.minimum(np.searchsorted(seen, wanted), len(seen) - 1)
    return bool((seen[at] == wanted).any())
