"""Is it the same matter again? Same person, no new facts: told progress, no second order.

Source: 接诉即办工作条例 art. 11 (3). What is found here is a candidate with a score, evidence
for the router and an operator; how sure it must be to go without an order is the policy's
(`repeat_score_min`). Only an open complaint is repeated for sure: what is told again after
closing has come back, or was never mended, and somebody must look. An emergency is never a
repeat, and neither is what follows a withdrawal: both must reach somebody.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

from services.events import Urgency
from services.intake.decide.likeness import NOTHING, Sketch, covered, likeness

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime
    from uuid import UUID

#: The same words after this are a new complaint: the problem has lasted or come back.
SAME_WORDS_WITHIN = timedelta(days=30)

#: How far back an open complaint is looked for: no standard lets one stay open longer.
EARLIER_WITHIN = timedelta(days=180)

#: Below this, two texts are not taken for the same matter. Measured: `docs/repeats.md`.
LIKENESS_MIN = 0.5

#: What the person names by its number has to do with it; the same matter it is only in like
#: words, for people also quote a number to tell of something new.
_CITED = 0.6

#: The most about a complaint that is closed: evidence, never a reason for no order.
_CLOSED_MAX = 0.85

#: A closed one stays this far below what the policy calls sure, however low that is.
_BELOW_SURE = 0.001

#: The same person, category and street, but other words: about the same, or next to it.
_SAME_SPOT = 0.6

#: Two streets are rarely one matter; two categories often are, for two operators chose them.
_OTHER_STREET, _OTHER_CATEGORY = 0.6, 0.85

_NOISE = re.compile(r"[\W_]+")

#: What may be a complaint's number or another system's id: a digit in it, six characters.
_NUMBER = re.compile(r"(?<![A-Za-z0-9])(?=[A-Za-z\-]*[0-9])[A-Za-z0-9][A-Za-z0-9\-]{5,63}")
_LONG_ENOUGH = re.compile(r"[A-Za-z0-9][A-Za-z0-9\-]{5}")
_NUMBERS_MAX = 20


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
    community: str | None = None
    sketch: Sketch = NOTHING
    names: frozenset[str] = frozenset()  #: Its number, and its id where it came from.
    origin: str | None = None
    cited: frozenset[str] = frozenset()  #: What may be numbers in its words.


class Repeat(NamedTuple):
    """An earlier complaint that may be the same matter, and how surely."""

    complaint_id: UUID
    score: float


def fingerprint(text: str) -> bytes:
    """Hash a text so that spacing, punctuation and letter case don't matter (16 bytes)."""
    plain = _NOISE.sub("", text).casefold()
    return hashlib.blake2b(plain.encode("utf-8", "surrogatepass"), digest_size=16).digest()


def cited_in(text: str) -> frozenset[str]:
    """Find what may be numbers of complaints in a text."""
    if not _LONG_ENOUGH.search(text):
        return frozenset()
    return frozenset(found.upper() for found in _NUMBER.findall(text)[:_NUMBERS_MAX])


def repeat_score(new: Trace, earlier: Trace) -> float:
    """Tell how surely `new` repeats `earlier`, both of the same person; 0: it doesn't.

    The same words within 30 days are sure, if the earlier complaint is still open. Else it
    counts how alike the words are and how little is new in them (new facts make a new
    complaint), whether place and category agree, and whether its number is quoted.
    """
    score = _likely(new, earlier)
    return score if earlier.is_open else min(score, _CLOSED_MAX)


def _likely(new: Trace, earlier: Trace) -> float:
    age = new.received_at - earlier.received_at
    if not timedelta(0) <= age <= EARLIER_WITHIN:
        return 0.0
    if age <= SAME_WORDS_WITHIN and new.fingerprint == earlier.fingerprint:
        return 1.0
    if not earlier.is_open and age > SAME_WORDS_WITHIN:
        return 0.0
    alike = likeness(new.sketch, earlier.sketch)
    words = (alike + covered(new.sketch, earlier.sketch)) / 2 * _agreement(new, earlier)
    scores = [words if alike >= LIKENESS_MIN and words >= LIKENESS_MIN else 0.0]
    if new.cited & earlier.names:
        scores.append(_CITED + (1 - _CITED) * words)
    if earlier.is_open and _same_spot(new, earlier):
        scores.append(_SAME_SPOT + (1 - _SAME_SPOT) * words)
    return round(max(scores), 3)


def _agreement(new: Trace, earlier: Trace) -> float:
    factor = 1.0
    if new.street and earlier.street and new.street != earlier.street:
        factor *= _OTHER_STREET
    if new.category and earlier.category and new.category != earlier.category:
        factor *= _OTHER_CATEGORY
    return factor


def _same_spot(new: Trace, earlier: Trace) -> bool:
    has_both = new.category is not None and new.street is not None
    return has_both and (new.category, new.street) == (earlier.category, earlier.street)


def _below(sure_from: float, new: Trace, earlier: Trace) -> float:
    score = repeat_score(new, earlier)
    return score if earlier.is_open else max(0.0, min(score, sure_from - _BELOW_SURE))


def find_repeat(new: Trace, earlier: Iterable[Trace], sure_from: float = 1.0) -> Repeat | None:
    """Name the complaint that `new` repeats: the surest, of equals the latest.

    Args:
        new: What has just come in.
        earlier: Complaints that aren't sure repeats themselves, so that thirty days count
            from the first and a lasting problem gets a new order in the end.
        sure_from: The score from which a repeat gets no order; a closed complaint stays below.
    """
    if new.reporter is None or new.urgency is Urgency.EMERGENCY:
        return None
    scored = [
        (_below(sure_from, new, trace), trace.received_at, trace.complaint_id)
        for trace in earlier
        if trace.reporter == new.reporter and trace.complaint_id != new.complaint_id
    ]
    if not scored:
        return None
    score, _, complaint_id = max(scored)
    return Repeat(complaint_id, score) if score else None
