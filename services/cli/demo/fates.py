"""What the people in the play do: decided by the seed before it begins.

Shares are quotas, not chances: however the seed falls, every branch of the path is seen. Whoever
lets a promise break does so early in the morning, so that the play ends in time.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from services.cli.demo.morning import Call, Timed


class Handling(StrEnum):
    """How the lead handles its order."""

    PROMPT = "prompt"  #: Signs and answers in time.
    RETURN = "return"  #: Says it isn't theirs.
    LATE = "late"  #: Answers after the due instant.
    WOKEN = "woken"  #: Does nothing until the breach was escalated.
    SILENT = "silent"  #: Does nothing at all.


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a citizen answers."""

    is_contacted: bool
    is_solved: bool
    satisfaction: str


@dataclass(frozen=True, slots=True)
class Fate:
    """What happens with one call."""

    handling: Handling
    verdict: Verdict | None  #: None: the citizen never answers.
    second_verdict: Verdict  #: After a reopening.
    answers_at_attempt: int  #: Some answer the second message only.


#: Shares of all calls.
_SHARES = (
    (Handling.RETURN, 0.05),
    (Handling.LATE, 0.04),
    (Handling.WOKEN, 0.03),
    (Handling.SILENT, 0.03),
)
_ANSWERS = 0.72
_AT_SECOND_ATTEMPT = 0.12
#: Up to this part of the morning promises are broken, then cases reopened.
_BREAKS_UNTIL = 0.5
_REOPENS_UNTIL = 0.8
#: Of verdicts: content, more or less content, and the rest isn't.
_CONTENT, _MORE_OR_LESS = 0.62, 0.2

#: What the plot of these needs an agency that does its work for.
_ON_SCHEDULE = {"repeat", "no-place", "emergency"}


def decide(morning: Sequence[Timed], seed: int) -> dict[tuple[int, int], Fate]:
    """Decide for every call of the morning; the key is (line, copy)."""
    chance = random.Random(seed + 1)  # noqa: S311 - a play, not a secret
    handlings = _handlings(morning, chance)
    ends_s = morning[-1].at_s if morning else 0.0
    return {
        name_of(one.call): Fate(
            handlings.get(name_of(one.call), Handling.PROMPT),
            _verdict(chance, may_reopen=one.at_s < _REOPENS_UNTIL * ends_s)
            if chance.random() < _ANSWERS
            else None,
            _second_verdict(chance),
            2 if chance.random() < _AT_SECOND_ATTEMPT else 1,
        )
        for one in morning
    }


def name_of(call: Call) -> tuple[int, int]:
    """Identify a call in the play."""
    return (call.line, call.copy)


def _handlings(morning: Sequence[Timed], chance: random.Random) -> dict[tuple[int, int], Handling]:
    found = {
        name_of(one.call): Handling.RETURN
        for one in morning
        if one.call.kind == "wrong-district"  # The first agency sees that it isn't its territory.
    }
    ends_s = morning[-1].at_s if morning else 0.0
    early = [
        name_of(one.call)
        for one in morning
        if one.at_s < _BREAKS_UNTIL * ends_s
        and one.call.kind not in _ON_SCHEDULE
        and name_of(one.call) not in found
    ]
    chance.shuffle(early)
    found.update(zip(early, _quotas(len(morning)), strict=False))
    return found


def _quotas(count: int) -> Iterator[Handling]:
    for handling, share in _SHARES:
        yield from [handling] * max(1, round(share * count))


def _verdict(chance: random.Random, *, may_reopen: bool) -> Verdict:
    is_contacted = chance.random() < 0.96  # noqa: PLR2004 - most agencies call first
    drawn = chance.random() * (1 if may_reopen else _CONTENT + _MORE_OR_LESS)
    if drawn < _CONTENT:
        return Verdict(is_contacted, True, "satisfied")
    if drawn < _CONTENT + _MORE_OR_LESS:
        return Verdict(is_contacted, True, "basically")
    return Verdict(is_contacted, chance.random() < 0.3, "dissatisfied")  # noqa: PLR2004


def _second_verdict(chance: random.Random) -> Verdict:
    if chance.random() < 0.7:  # noqa: PLR2004 - a second visit mostly helps
        return Verdict(True, True, chance.choice(("satisfied", "basically")))
    return Verdict(True, False, "dissatisfied")
