"""The morning's calls, and when each comes in.

`morning.csv` holds invented calls in our own words: nobody's, about no real estate, shop or
person. Telephone numbers are 13800000xxx, which nobody has.
"""

from __future__ import annotations

import csv
import random
from dataclasses import dataclass, replace
from functools import cache
from importlib import resources
from typing import Any

#: How long the calls of the whole file take to come in; fewer take less, down to the minimum.
MORNING_S = 25.0
MORNING_MIN_S = 4.0
#: A repeat comes while the first call is being handled: later it would be a new matter.
REPEAT_AFTER_S = (1.2, 2.2)

ANONYMOUS = "-"
#: `dispatcher` begins with it where a person finds that no order is due.
DIVERT = "divert:"
#: Callers that the file names itself (901 …) leave the numbers below free.
_PHONE = "138000{:05d}"


@dataclass(frozen=True, slots=True)
class Call:
    """One call as an operator types it.

    Attributes:
        line: Its line in the file; with `copy` its identity in the play.
        kind: Why it is in the file: `matter`, `repeat`, `emergency`, `statutory`,
            `beyond-duty`, `unlawful`, `secret`, `no-place`, `wrong-district`, `english`.
        channel: The door.
        nature: What the caller wants.
        category: Where the operator chose one.
        district: As the operator chose it; may be the wrong one.
        street: As the operator chose it.
        caller: Same for two calls of one person; `-` for somebody who leaves no number.
        dispatcher: What a dispatcher decides if it is held: an agency's code, or `divert:` and
            why; empty where it stays held.
        text: In the caller's words.
        copy: Above 0 where more calls are played than the file has.
    """

    line: int
    kind: str
    channel: str
    nature: str
    category: str
    district: str
    street: str
    caller: str
    dispatcher: str
    text: str
    copy: int = 0

    @property
    def phone(self) -> str | None:
        """The number the caller can be reached at."""
        if self.caller == ANONYMOUS:
            return None
        return _PHONE.format(int(self.caller or self.line) + 1000 * self.copy)

    def body(self, origin: str) -> dict[str, Any]:
        """Write it as `POST /v1/complaints` takes it."""
        place = {"district": self.district, "street": self.street}
        body: dict[str, Any] = {
            "channel": self.channel,
            "nature": self.nature,
            "text": self.text,
            "place": {name: value for name, value in place.items() if value},
            "origin": origin,
            "external_id": f"{self.line}-{self.copy}",
        }
        if self.category:
            body["category"] = self.category
        if self.phone:
            body["reporter"] = {"phone": self.phone}
        return body


@dataclass(frozen=True, slots=True)
class Timed:
    """A call and when it comes in, in seconds after the morning began."""

    at_s: float
    call: Call


@cache
def read_morning() -> tuple[Call, ...]:
    """Read the file."""
    text = resources.files(__package__).joinpath("morning.csv").read_text("utf-8")
    rows = csv.DictReader(text.splitlines())
    return tuple(_call(line, row) for line, row in enumerate(rows, start=2))


def _call(line: int, row: dict[str, str]) -> Call:
    return Call(
        line=line,
        kind=row["kind"],
        channel=row["channel"],
        nature=row["nature"],
        category=row["category"],
        district=row["district"],
        street=row["street"],
        caller=row["caller"],
        dispatcher=row["dispatcher"],
        text=row["text"],
    )


def plan(calls: tuple[Call, ...], count: int, seed: int) -> tuple[Timed, ...]:
    """Say which calls come in and when.

    Gaps between calls are exponential, as independent callers make them; a repeat follows its
    first call closely.

    Args:
        calls: Of the file.
        count: How many to play; more than there are means that others call about the same.
        seed: The same seed gives the same morning.

    Returns:
        As many calls, by time.
    """
    chance = random.Random(seed)  # noqa: S311 - a play, not a secret
    first = [call for call in calls if call.kind != "repeat"]
    repeats = {call.caller: call for call in calls if call.kind == "repeat"}
    chosen = _choose(first, repeats, count, chance)
    chance.shuffle(chosen)
    length_s = max(MORNING_MIN_S, MORNING_S * count / len(calls))
    timed = [
        Timed(at_s, call)
        for at_s, call in zip(_arrivals(len(chosen), length_s, chance), chosen, strict=True)
    ]
    left = count - len(timed)
    again = [one for one in timed if one.call.caller in repeats and not one.call.copy]
    for one in again[:left]:
        later_s = one.at_s + chance.uniform(*REPEAT_AFTER_S)
        timed.append(Timed(later_s, repeats[one.call.caller]))
    return tuple(sorted(timed, key=lambda one: (one.at_s, one.call.line)))


def _choose(
    first: list[Call], repeats: dict[str, Call], count: int, chance: random.Random
) -> list[Call]:
    """Choose the calls that aren't repeats; what makes the morning varied stays longest."""
    whole = len(first) + len(repeats)
    if count < whole:
        varied = [call for call in first if call.kind != "matter" or call.caller in repeats]
        plain = [call for call in first if call not in varied]
        chance.shuffle(varied)
        chance.shuffle(plain)
        # A small morning gets its share of the varied ones, not only them.
        share = max(count * len(varied) // whole, min(len(varied), count // 3))
        told_again = sum(call.caller in repeats for call in varied[:share])
        return [*varied[:share], *plain[: count - share - told_again]]
    copies = [
        replace(plain, caller="", copy=1 + number // len(first))
        for number, plain in enumerate(first[i % len(first)] for i in range(count - whole))
    ]
    return [*first, *copies]


def _arrivals(count: int, length_s: float, chance: random.Random) -> list[float]:
    """Draw the instants of `count` calls within a time."""
    gaps = [chance.expovariate(1) for _ in range(count + 1)]
    scale, at, instants = length_s / sum(gaps), 0.0, []
    for gap in gaps[:-1]:
        at += gap * scale
        instants.append(at)
    return instants
