"""What the clerk writes about a whistle (吹哨报到) and about work ahead of complaints (主动治理).

By heart: a body that is called signs in 1 h, contacts in 24 h, arrives in 3 days; nobody closes
it in 30 days: it is over; both sides judge within 10 days of that.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta

WITHIN = {
    "sign": timedelta(hours=1),
    "contact": timedelta(hours=24),
    "arrive": timedelta(days=3),
}
STEPS = tuple(WITHIN)
LAPSES = timedelta(days=30)
JUDGED = timedelta(days=10)
BONUS_MAX = 2
#: What a body can be that has done each step.
REACHED = {"called": -1, "signed": 0, "contacted": 1, "arrived": 2}
AFTER = {"sign": "signed", "contact": "contacted", "arrive": "arrived"}


@dataclass
class Slip:
    """What one body has to do, and until when."""

    diary: dict[str, datetime]
    state: str = "called"
    late: set[str] = field(default_factory=set)
    judged: set[str] = field(default_factory=set)  #: By the street, or the whistle by it.

    def does(self, step: str, told: Counter[str]) -> None:
        """It does a step, and with it what comes before."""
        place = STEPS.index(step)
        if self.state not in REACHED or REACHED[self.state] >= place:
            return
        for earlier in STEPS[REACHED[self.state] + 1 : place + 1]:
            self.diary.pop(earlier, None)
            told[f"{earlier}-{'late' if earlier in self.late else 'on-time'}"] += 1
        self.state = AFTER[step]

    def ends(self) -> None:
        """The whistle is over: was it there, should it have been?"""
        self.diary.clear()
        if self.state == "arrived":
            self.state = "released"
        elif self.state != "left":
            self.state = "absent" if "arrive" in self.late else "spared"


@dataclass
class Sheet:
    """One whistle."""

    blown_at: datetime
    targets: tuple[str, ...]
    slips: dict[str, Slip] = field(init=False)
    lapses_at: datetime | None = field(init=False)
    judged_until: datetime | None = None
    told: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        """Everybody's clocks start when they are called."""
        self.slips = {
            target: Slip({step: self.blown_at + within for step, within in WITHIN.items()})
            for target in self.targets
        }
        self.lapses_at = self.blown_at + LAPSES

    @property
    def is_open(self) -> bool:
        """Whether anything is due."""
        return self.lapses_at is not None

    def acts(self, body: str, action: str, now: datetime) -> None:
        """A body that is called says what it did."""
        slip = self.slips.get(body)
        if slip is None or not self.is_open:
            return
        if action in WITHIN:
            slip.does(action, self.told)
        elif action == "leave" and slip.state == "arrived":
            slip.state = "left"
            self.told["left"] += 1

    def judges(self, body: str, by: str, at: datetime) -> None:
        """The street judges a body it called, or that body the whistle; once each, in time."""
        slip = self.slips.get(body)
        is_late = self.judged_until is not None and at > self.judged_until
        if slip is not None and not is_late and by not in slip.judged:
            slip.judged.add(by)
            self.told["judged"] += 1

    def closes(self, because: str, now: datetime) -> None:
        """The street closes it, or its time is over."""
        if not self.is_open:
            return
        for slip in self.slips.values():
            slip.ends()
        self.lapses_at, self.judged_until = None, now + JUDGED
        self.told[f"closed-{because}"] += 1
        self.told["no-shows"] += sum(slip.state == "absent" for slip in self.slips.values())

    def settle(self, now: datetime) -> None:
        """What was due has been missed."""
        for slip in self.slips.values():
            for step in [step for step, at in slip.diary.items() if at <= now]:
                del slip.diary[step]
                slip.late.add(step)
                self.told[f"missed-{step}"] += 1
        if self.lapses_at is not None and self.lapses_at <= now:
            self.closes("lapsed", now)


@dataclass
class Plan:
    """Work ahead of complaints, with a date."""

    planned_at: datetime
    state: str = "open"
    is_overdue: bool = False
    is_on_time: bool | None = None
    bonus: int = 0
    told: Counter[str] = field(default_factory=Counter)

    def goes_on(self, note: str | None) -> None:
        """Something has been done; a report that says nothing counts for nothing."""
        if self.state == "open" and note:
            self.told["updated"] += 1

    def ends(self, state: str, bonus: int) -> None:
        """It is done, or given up; giving up earns nothing."""
        if self.state != "open" or bonus > (BONUS_MAX if state == "closed" else 0):
            return
        self.state, self.bonus = state, bonus
        self.is_on_time = None if state == "cancelled" else not self.is_overdue
        self.told[state] += 1

    def settle(self, now: datetime) -> None:
        """Its date has passed: told once."""
        if self.state == "open" and not self.is_overdue and self.planned_at <= now:
            self.is_overdue = True
            self.told["overdue"] += 1
