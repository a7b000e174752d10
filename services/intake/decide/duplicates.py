"""Which of a batch's requests are new, which are known, which contradict what is known.

A request can be known in two ways: by the Idempotency-Key of its caller, or by the pair of
the system it comes from and its id there. The same name with the same body is a repetition
and gets the answer it got before; with another body it is a conflict.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from uuid import UUID

#: `("key", caller's key id, Idempotency-Key)` or `("pair", origin, external id)`.
Alias = tuple[Literal["key", "pair"], str, str]


@dataclass(frozen=True, slots=True)
class Known:
    """What stands under an alias already."""

    body_hash: bytes
    complaint_id: UUID
    number: str | None  #: None if the alias names something else than a complaint.


@dataclass(frozen=True, slots=True)
class Asked:
    """One request of a batch, as far as duplicates are concerned."""

    complaint_id: UUID  #: It gets this id if it is new.
    body_hash: bytes
    aliases: tuple[Alias, ...]


@dataclass(frozen=True, slots=True)
class New:
    """Nobody has seen it before."""


@dataclass(frozen=True, slots=True)
class Same:
    """It is this complaint; `new_aliases` should lead to it from now on."""

    complaint_id: UUID
    number: str | None  #: None if it repeats a request of the same batch.
    new_aliases: tuple[Alias, ...] = ()


@dataclass(frozen=True, slots=True)
class Conflict:
    """The alias stands for another body."""

    alias: Alias


Verdict = New | Same | Conflict


def sort_out(asked: Sequence[Asked], known: Mapping[Alias, Known]) -> list[Verdict]:
    """Judge the requests of a batch, in their order.

    Args:
        asked: The requests; two of them may be the same.
        known: What the database has under any of their aliases.

    Returns:
        One verdict for each request. The first of equal requests is new, the others are
        the same as it.
    """
    seen = dict(known)
    verdicts = []
    for request in asked:
        verdict = _judge(request, seen)
        verdicts.append(verdict)
        target = _target(request, verdict)
        if target is not None:
            for alias in request.aliases:
                seen.setdefault(alias, target)
    return verdicts


def _judge(request: Asked, seen: Mapping[Alias, Known]) -> Verdict:
    found = [(alias, seen[alias]) for alias in request.aliases if alias in seen]
    for alias, known in found:
        if known.body_hash != request.body_hash:
            return Conflict(alias)
    if not found:
        return New()
    known = found[0][1]
    missing = tuple(alias for alias in request.aliases if alias not in seen)
    return Same(known.complaint_id, known.number, missing)


def _target(request: Asked, verdict: Verdict) -> Known | None:
    match verdict:
        case New():
            return Known(request.body_hash, request.complaint_id, None)
        case Same(complaint_id, number):
            return Known(request.body_hash, complaint_id, number)
        case Conflict():
            return None
