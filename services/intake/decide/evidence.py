"""What a batch of new complaints has to do with earlier ones, and with each other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from services.intake.decide.clusters import Joined, Street
from services.intake.decide.repeats import Repeat, Trace, find_repeat

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from uuid import UUID

    from services.intake.decide.clusters import Head


@dataclass(frozen=True, slots=True)
class Evidence:
    """For the router and an operator to judge; it changes nothing about being taken in."""

    repeat: Repeat | None
    joined: Joined
    is_sure: bool  #: The repeat is so sure that no order will follow.

    @property
    def sure_repeat_of(self) -> UUID | None:
        """Name what it repeats for sure."""
        return self.repeat.complaint_id if self.repeat and self.is_sure else None


def weigh(
    new: Sequence[Trace],
    earlier: Sequence[Iterable[Trace]],
    heads: Iterable[Head],
    sure_from: Sequence[float],
) -> tuple[list[Evidence], list[Head]]:
    """Find repeats and clusters, in the order of the batch.

    Args:
        new: The batch.
        earlier: For each of it, stored complaints of the same person.
        heads: The first complaints of the matters in their streets, oldest first.
        sure_from: For each, the score from which a repeat gets no order.

    Returns:
        What was found for each, and the heads that have been joined.
    """
    streets = Street(heads)
    here: dict[str, list[Trace]] = {}
    found = []
    for trace, stored, least in zip(new, earlier, sure_from, strict=True):
        mine = here.setdefault(trace.reporter or "", [])
        repeat = find_repeat(trace, (*stored, *mine), least)
        is_sure = repeat is not None and repeat.score >= least
        if not is_sure:
            mine.append(trace)
        found.append(Evidence(repeat, streets.join(trace, repeat), is_sure))
    return found, list(streets.grown.values())
