"""Everything that was found in a person's words, as evidence in one order.

Findings are looked for in the words as they are told: in normal form, identity masked. So
every span points at what it says, and no finding holds personal data.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.events import Finding
from services.intake.decide.matters import matters_in
from services.intake.decide.times import times_in

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime
    from zoneinfo import ZoneInfo

    from services.intake.decide.nature import Shown
    from services.intake.decide.urgency import Heard

#: More than this is no evidence but noise; what is surest is kept.
FINDINGS_MAX = 32


def of_times(title: str | None, text: str, received_at: datetime, zone: ZoneInfo) -> list[Finding]:
    """Find when it happened; a title counts where the text names no time."""
    for source, words in (("text", text), ("title", title or "")):
        found = [
            Finding(
                kind="time",
                value=said.value,
                source=source,
                start=said.start,
                end=said.end,
                confidence=said.confidence,
            )
            for said in times_in(words, received_at, zone)
        ]
        if found:
            return found
    return []


def of_matters(text: str) -> list[Finding]:
    """Find the several things that are asked for in one call."""
    return [
        Finding(
            kind="matter",
            value=str(part.number),
            source="text",
            start=part.start,
            end=part.end,
            confidence=part.confidence,
        )
        for part in matters_in(text)
    ]


def of_urgency(heard: Iterable[Heard], title_length: int) -> Iterator[Finding]:
    """Say where words of urgency stand.

    Args:
        heard: In title, a line break and text, heard together.
        title_length: Characters of the title.
    """
    for one in heard:
        is_title = one.start < title_length
        offset = 0 if is_title else title_length + 1
        yield Finding(
            kind="urgency",
            value=one.urgency.value,
            source="title" if is_title else "text",
            start=one.start - offset,
            end=one.end - offset,
            confidence=one.confidence,
        )


def of_nature(shown: Shown | None) -> list[Finding]:
    """Say which words show what the person wants."""
    if shown is None:
        return []
    return [
        Finding(
            kind="nature",
            value=shown.nature.value,
            source=shown.source,
            start=shown.start,
            end=shown.end,
            confidence=shown.confidence,
        )
    ]


def in_order(*found: Iterable[Finding]) -> tuple[Finding, ...]:
    """Sort findings by kind and position; of too many, keep the surest."""
    kept = [one for findings in found for one in findings]
    if len(kept) > FINDINGS_MAX:
        kept = sorted(kept, key=lambda one: -one.confidence)[:FINDINGS_MAX]
    return tuple(sorted(kept, key=_place))


def _place(finding: Finding) -> tuple[str, str, int, int, float]:
    start = -1 if finding.start is None else finding.start
    # A matter's number and a better candidate come first where the position is the same.
    return finding.kind, finding.source, start, finding.end or 0, -finding.confidence
