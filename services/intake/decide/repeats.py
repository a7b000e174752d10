"""Is it the same matter again? Same person, no new facts: told progress, no second order.

Source: 接诉即办工作条例 art. 11 (3). Two signs count: the same words within 30 days, or the
same category in the same street while the earlier complaint is open. An emergency is never
a repeat, and neither is what follows a withdrawal: both must reach somebody.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from services.events import Urgency

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime
    from uuid import UUID

#: The same words after this are a new complaint: the problem has lasted or come back.
SAME_WORDS_WITHIN = timedelta(days=30)

_NOISE = re.compile(r"[\W_]+")


@dataclass(frozen=True, slots=True)
class Trace:
    """What is compared: one complaint as far as a repeat can be told from it."""

    complaint_id: UUID
    reporter: str | None
    fingerprint: bytes
    category: str | None
    street: str | None
    received_at: datetime
    is_open: bool = True
    urgency: Urgency = Urgency.NORMAL


def fingerprint(text: str) -> bytes:
    """Hash a text so that spacing, punctuation and letter case don't matter (16 bytes)."""
    plain = _NOISE.sub("", text).casefold()
    return hashlib.blake2b(plain.encode(), digest_size=16).digest()


def is_same_matter(new: Trace, earlier: Trace) -> bool:
    """Tell whether `new` repeats `earlier`."""
    if new.reporter is None or new.reporter != earlier.reporter:
        return False
    if earlier.complaint_id == new.complaint_id or new.urgency is Urgency.EMERGENCY:
        return False
    age = new.received_at - earlier.received_at
    if timedelta(0) <= age <= SAME_WORDS_WITHIN and new.fingerprint == earlier.fingerprint:
        return True
    has_both = new.category is not None and new.street is not None
    same_spot = (new.category, new.street) == (earlier.category, earlier.street)
    return earlier.is_open and has_both and same_spot and age >= timedelta(0)


def find_repeat(new: Trace, earlier: Iterable[Trace]) -> UUID | None:
    """Name the complaint that `new` repeats: the latest, if several do.

    Args:
        new: What has just come in.
        earlier: Complaints that aren't repeats themselves, so that thirty days count from
            the first and a lasting problem gets a new order in the end.
    """
    same = [trace for trace in earlier if is_same_matter(new, trace)]
    return (
        max(same, key=lambda trace: (trace.received_at, trace.complaint_id)).complaint_id
        if same
        else None
    )
