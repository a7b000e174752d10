"""The clerk's desk: the cards of several complaints, their common clock, and merges (并单)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from tests.tracker.clerk import LOOK_EVERY, Card

ENDED = ("resolved", "closed")


@dataclass(frozen=True)
class Sight:
    """What a card shows to whoever looks at it."""

    case: str | None
    has_answer: bool  #: In its present round.
    lead: str | None
    into: UUID | None


class Desk:
    """All cards; `settle` does what the diaries say for the present instant."""

    def __init__(self, now: datetime, keys: Sequence[UUID]) -> None:
        self.now = now
        self.cards = {key: Card(now, key) for key in keys}

    def wait(self, by: timedelta) -> None:
        """Time passes in one go; what was due meanwhile happens now."""
        self.now += by
        for card in self.cards.values():
            card.now = self.now
        self.settle()

    def settle(self) -> None:
        """Do what is due, the oldest first, until nothing is.

        Whoever looks at another card sees it as it was when the pile was taken up.
        """
        self._tell()
        while pile := sorted(
            (at, str(card.key), what)
            for card in self.cards.values()
            for what, at in card.diary.items()
            if at <= self.now
        ):
            sights = {key: self._sight(card) for key, card in self.cards.items()}
            for at, key, what in pile:
                card = self.cards[UUID(key)]
                if card.diary.get(what) != at:
                    continue
                del card.diary[what]
                if what == "follow":
                    self._follow(card, sights)
                else:
                    card.falls_due(what, at)
            self._tell()

    @staticmethod
    def _sight(card: Card) -> Sight:
        return Sight(card.case, card.answered_round == card.round, card.lead, card.into)

    # Merging.

    def merge(self, card: Card, into: UUID) -> None:
        """A case gives up its order and follows another one."""
        if card.case not in ("held", "handling") or into == card.key or into in card.followers:
            return
        card.let_be("merged", card.watches)
        card.diary.pop("unassigned", None)
        if card.job is not None and card.job.is_open:
            card.end(card.job, "recalled", "merged")
        card.case, card.into = "merged", into
        card.diary["follow"] = self.now
        card.told["merged"] += 1

    def absorb(self, card: Card, follower: UUID) -> None:
        """The other half: who comes after the end is told at once."""
        if card.case is None or follower == card.key:
            return
        if follower not in card.followers:
            card.followers.append(follower)
        if card.case in ENDED:
            self._call(follower)

    def _call(self, follower: UUID) -> None:
        """Have a card looked at that follows; what has no case yet can't."""
        if self.cards[follower].case is not None:
            self.cards[follower].diary["follow"] = self.now

    def _tell(self) -> None:
        """Whoever has been answered or has withdrawn tells those who follow."""
        for card in self.cards.values():
            if card.told.pop("to-tell", 0):
                for follower in card.followers:
                    self._call(follower)

    def _follow(self, card: Card, sights: dict[UUID, Sight]) -> None:
        if card.case != "merged" or card.into is None:
            return
        followed = sights[card.into]
        is_circle = self._is_circle(card, sights)
        if not is_circle and followed.case not in ENDED:
            card.diary["follow"] = self.now + LOOK_EVERY
            return
        if not is_circle and followed.lead is not None:
            card.lead = followed.lead
        if not is_circle and followed.has_answer:
            card.told["followed"] += 1
            card.ask_later()
            return
        card.into = None
        card.told["parted"] += 1
        if card.lead is None:
            card.nobody_has_it()
        else:
            card.give(card.lead)

    @staticmethod
    def _is_circle(card: Card, sights: dict[UUID, Sight]) -> bool:
        at, seen = card.into, set[UUID]()
        while at is not None and at not in seen:
            if at == card.key:
                return True
            seen.add(at)
            at = sights[at].into if sights[at].case == "merged" else None
        return False
