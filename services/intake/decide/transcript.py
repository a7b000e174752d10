"""From a call's transcript and its operator's notes to the words of a complaint.

The notes stand first: whoever talked to the caller says best what it is about. The caller's own
words follow, so that nothing said is lost and an emergency that the notes don't mention still
counts. What the operator says in the call is left out: a question such as "is the water off?"
is nobody's complaint.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Sequence

#: Characters of a complaint's text.
TEXT_MAX = 10_000

#: Left for the line that says what was cut.
_ROOM = 60


@dataclass(frozen=True, slots=True)
class Segment:
    """One turn of a call."""

    speaker: Literal["caller", "operator"]
    text: str


@dataclass(frozen=True, slots=True)
class Words:
    """The words of a complaint."""

    text: str
    segments_cut: int  #: The caller's last turns that there was no room for.


def words_of(notes: str | None, segments: Sequence[Segment], language: str) -> Words | None:
    """Put notes and the caller's turns together.

    Args:
        notes: The operator's summary.
        segments: In the order of the call.
        language: Two letters; of the lines that part the one from the other.

    Returns:
        The words, or None if nobody said a word that has a letter or digit in it.
    """
    said = [s.text.strip() for s in segments if s.speaker == "caller" and _has_words(s.text)]
    notes = (notes or "").strip()
    if not _has_words(notes):
        if not said:
            return None
        notes = ""
    chinese = language == "zh"
    parts = [notes] if notes else []
    if notes and said:
        parts.append("来电人原话：" if chinese else "In the caller's words:")
    room = TEXT_MAX - _ROOM - sum(len(part) + 1 for part in parts)
    kept = _fitting(said, room)
    cut = len(said) - len(kept)
    parts += kept
    if cut:
        parts.append(
            f"（通话较长，其后{cut}段未录入）"
            if chinese
            else f"(The call goes on: {cut} turns cut.)"
        )
    return Words("\n".join(parts), cut)


def _fitting(said: Sequence[str], room: int) -> list[str]:
    """Keep whole turns while there is room; a first one without an end is cut itself."""
    kept: list[str] = []
    for text in said:
        if len(text) + 1 > room:
            # Somebody who talked without a pause: the beginning is better than nothing.
            return kept or ([text[:room]] if room > 0 else [])
        kept.append(text)
        room -= len(text) + 1
    return kept


def _has_words(text: str) -> bool:
    return any(character.isalnum() for character in text)
