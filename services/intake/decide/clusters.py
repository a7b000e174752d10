"""Do other people say the same about the same place? Evidence only: each is told and handled.

Different people with the same matter are a cluster; each of them is asked back. A complaint
is compared with the *heads* of its street: the first complaint of each matter there, of the
last seven days. Comparing with the first only keeps a cluster from drifting from matter to
matter, and keeps the work bounded in a surge of a thousand calls.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from services.events import Cluster
from services.intake.decide.likeness import likeness

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime
    from uuid import UUID

    from services.intake.decide.repeats import Repeat, Trace

#: A burst pipe is mended within days; the next one in the street is another matter.
CLUSTER_WITHIN = timedelta(days=7)

#: Other people use other words, but within a street nothing else is this much alike: read on
#: pairs of real orders, see `docs/repeats.md`.
SCORE_MIN = 0.4

#: Agreement takes away this share of what is missing to 1; disagreement of the score itself.
_SAME_CATEGORY, _SAME_COMMUNITY = 0.1, 0.1
_OTHER_CATEGORY, _OTHER_COMMUNITY = 0.8, 0.7

#: Heads compared with one complaint, the newest first: 0.1 ms of work at the most.
_COMPARED_MAX = 48


@dataclass(slots=True)
class Head:
    """The first complaint about a matter, and how many people have told of it."""

    trace: Trace
    size: int = 1
    last_at: datetime | None = None  #: When the latest of them came; None: nobody else did.


@dataclass(frozen=True, slots=True)
class Joined:
    """What a complaint has to do with other people's."""

    cluster: Cluster | None  #: To be told.
    head_id: UUID | None  #: Whose matter it shares; None: it is itself the first.


class Street:
    """The matters known in each street, while a batch of new complaints goes through."""

    def __init__(self, heads: Iterable[Head] = ()) -> None:
        """Begin with the heads that are stored, oldest first."""
        self._by_street: dict[str, list[Head]] = defaultdict(list)
        self.grown: dict[UUID, Head] = {}  #: Heads that somebody has joined.
        for head in heads:
            self._by_street[head.trace.street or ""].append(head)

    def join(self, new: Trace, repeat: Repeat | None) -> Joined:
        """Find the matter that `new` shares, and count it there.

        A person who calls again is told of the cluster but not counted twice; every
        anonymous caller is counted as a person.
        """
        if new.street is None:
            return Joined(None, repeat.complaint_id if repeat else None)
        heads = self._by_street[new.street]
        score, head = _nearest(new, heads)
        is_again = repeat is not None or (
            head is not None and new.reporter is not None and head.trace.reporter == new.reporter
        )
        if head is None:
            if repeat is None:
                heads.append(Head(new))
            return Joined(None, repeat.complaint_id if repeat else None)
        if not is_again:
            head.size += 1
            head.last_at = max(new.received_at, head.last_at or head.trace.received_at)
            self.grown[head.trace.complaint_id] = head
        first = head.trace.complaint_id
        told = Cluster(complaint_id=first, size=head.size, score=score) if head.size > 1 else None
        return Joined(told, first)


def _nearest(new: Trace, heads: list[Head]) -> tuple[float, Head | None]:
    best: tuple[float, Head | None] = (0.0, None)
    for head in heads[-_COMPARED_MAX:]:
        if abs(new.received_at - head.trace.received_at) > CLUSTER_WITHIN:
            continue
        score = cluster_score(new, head.trace)
        if score >= SCORE_MIN and score > best[0]:
            best = (score, head)
    return best


def cluster_score(new: Trace, first: Trace) -> float:
    """Tell how surely two complaints of one street are about the same matter, 0 to 1."""
    if new.fingerprint == first.fingerprint:
        return 1.0
    score = likeness(new.sketch, first.sketch)
    if not score:
        return 0.0
    for mine, theirs, gain, loss in (
        (new.category, first.category, _SAME_CATEGORY, _OTHER_CATEGORY),
        (new.community, first.community, _SAME_COMMUNITY, _OTHER_COMMUNITY),
    ):
        if mine is None or theirs is None:
            continue
        score = score + (1 - score) * gain if mine == theirs else score * loss
    return round(score, 3)
