"""Marks of malicious calling (恶意): what may be marked, and how a mark ends.

Rules of this file:

1. A person finds somebody's calls malicious, never a program, and names the complaints that
   show it (接诉即办工作条例 art. 9 and 37 ask for dissuasion, not for silence).
2. A mark is evidence for people. Nothing in `route` reads it, so that a new matter and an
   emergency go where anybody's go.
3. It ends by itself on a day that the policy limits; that is compared when it is looked at.
4. The citizen may object; another person than the one who set it may lift it.
5. A secret complaint (保密) can't be marked: its token is its own, so a mark would either say
   whose it is or mean nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Literal
from uuid import UUID, uuid5

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime


@dataclass(frozen=True, slots=True)
class Shown:
    """A complaint that shows it, as far as a mark depends on it."""

    reporter: str | None
    is_secret: bool


@dataclass(frozen=True, slots=True)
class Wish:
    """What a person wants to mark."""

    complaint_ids: tuple[UUID, ...]
    reason: str
    until: datetime


@dataclass(frozen=True, slots=True)
class Mark:
    """That a person found somebody to call maliciously."""

    mark_id: UUID
    reporter: str  #: Token; never shown.
    complaint_ids: tuple[UUID, ...]
    reason: str
    set_at: datetime
    set_by: UUID
    until: datetime
    appealed_at: datetime | None = None
    lifted_at: datetime | None = None
    lifted_by: UUID | None = None

    def holds(self, at: datetime) -> bool:
        """Tell whether it stood at an instant."""
        end = self.until if self.lifted_at is None else min(self.until, self.lifted_at)
        return self.set_at <= at < end


@dataclass(frozen=True, slots=True)
class Act:
    """What a person did to a mark, for the record."""

    act: Literal["set", "appealed", "lifted"]
    at: datetime
    by: UUID
    words: str


@dataclass(frozen=True, slots=True)
class Over:
    """The mark has ended: nothing is left to object to or to lift."""


@dataclass(frozen=True, slots=True)
class OwnMark:
    """Whoever set a mark can't be the one who lifts it: four eyes."""


def faults_of_wish(
    wish: Wish, known: Mapping[UUID, Shown], now: datetime, days_max: int
) -> list[tuple[str, str]]:
    """Say why a mark can't be set.

    Args:
        wish: What the person asks for.
        known: Those of its complaints that the router knows.
        now: The instant.
        days_max: The policy's longest time.

    Returns:
        (field, message) for each fault; none where it can be set.
    """
    faults = []
    for at, complaint_id in enumerate(wish.complaint_ids):
        shown = known.get(complaint_id)
        if fault := _why_not(shown):
            faults.append((f"complaint_ids.{at}", fault))
    # Only said of complaints that may be marked: it must not tell whose a secret one is.
    if not faults and len({known[one].reporter for one in wish.complaint_ids}) > 1:
        faults.append(("complaint_ids", "they aren't all of one person"))
    if not now < wish.until <= now + timedelta(days=days_max):
        faults.append(("until", f"must be within the next {days_max} days"))
    return faults


def _why_not(shown: Shown | None) -> str | None:
    if shown is None:
        return "no complaint with this id has been received (yet)"
    if shown.is_secret:
        return "is secret (保密): nobody can be marked for it"
    return "is of nobody known" if shown.reporter is None else None


def mark(wish: Wish, known: Mapping[UUID, Shown], by: UUID, now: datetime) -> tuple[Mark, Act]:
    """Set a mark; the same wish of the same person is the same mark.

    Args:
        wish: Checked by `faults_of_wish`.
        known: Its complaints.
        by: Id of the person's key.
        now: The instant.
    """
    first = min(wish.complaint_ids)
    reporter = known[first].reporter
    assert reporter is not None  # noqa: S101 - checked before
    ids = tuple(sorted(set(wish.complaint_ids)))
    name = f"mark:{by}:{wish.until.timestamp()}:{wish.reason}:{','.join(map(str, ids))}"
    made = Mark(
        mark_id=uuid5(first, name),
        reporter=reporter,
        complaint_ids=ids,
        reason=wish.reason,
        set_at=now,
        set_by=by,
        until=wish.until,
    )
    return made, Act("set", now, by, wish.reason)


def appeal(found: Mark, words: str, by: UUID, now: datetime) -> tuple[Mark, Act] | Over:
    """Record a citizen's objection; the mark stands until it is lifted or ends."""
    if not found.holds(now):
        return Over()
    return replace(found, appealed_at=now), Act("appealed", now, by, words)


def lift(found: Mark, words: str, by: UUID, now: datetime) -> tuple[Mark, Act] | Over | OwnMark:
    """End a mark before its time."""
    if not found.holds(now):
        return Over()
    if by == found.set_by:
        return OwnMark()
    return replace(found, lifted_at=now, lifted_by=by), Act("lifted", now, by, words)


def standing_at(marks: Sequence[Mark], at: datetime) -> Mark | None:
    """Give the mark that stood at an instant, the one set last if several did."""
    held = [one for one in marks if one.holds(at)]
    return max(held, key=lambda one: (one.set_at, one.mark_id), default=None)
