"""What a careful clerk would write on one card for one complaint: a plain model of the tracker.

It knows the policy of `machine.py` by heart (two rounds, ask an hour after the answer, a day for
naming an agency, one level above) and none of the tracker's code. Whatever has still to happen by
itself stands in the card's diary.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from tests.tracker.clerk_promise import CONTACT, SIGN, WARN, Job, Promise

ASK_AFTER = timedelta(hours=1)
NAME_WITHIN = timedelta(hours=24)
LOOK_EVERY = timedelta(hours=24)
ROUNDS_MAX = 2
LEVELS = 1
OPEN = ("held", "handling", "resolved", "merged")


@dataclass
class Watch:
    """Somebody above sees to it (督办)."""

    because: str
    level: int
    job: int | None
    is_open: bool = True


@dataclass
class Question:
    """What the citizen is asked in one round."""

    state: str = "waiting"
    was_asked: bool = False
    is_excluded: bool = False


@dataclass
class Card:
    """A case as it stands, what is in the diary for it, and what was told how often."""

    now: datetime
    key: UUID | None = None
    case: str | None = None
    job: Job | None = None  #: The lead's order of this round.
    last: Job | None = None  #: Of any round.
    jobs: int = 0
    lead: str | None = None
    attempt: int = 1
    round: int = 1
    level: int = 0
    urges: int = 0
    into: UUID | None = None
    followers: list[UUID] = field(default_factory=list)
    questions: list[Question] = field(default_factory=list)  #: One a round that was answered.
    answered_round: int = 0  #: The latest round that an agency has answered.
    watches: list[Watch] = field(default_factory=list)
    diary: dict[str, datetime] = field(default_factory=dict)
    told: Counter[str] = field(default_factory=Counter)

    @property
    def is_handled(self) -> bool:
        """Whether the lead's order is open."""
        return self.case == "handling"

    @property
    def is_asked(self) -> bool:
        """Whether the citizen has been asked and hasn't answered."""
        return bool(self.questions) and self.questions[-1].state == "asked"

    # The router.

    def route(self, agency: str, attempt: int) -> None:
        """The router names an agency; a merged case has no use for it until it parts."""
        if self.case not in (None, "held", "merged") or attempt < self.attempt:
            return
        self.attempt, self.lead = attempt, agency
        if self.case != "merged":
            self.named("routed")
            self.give(agency)

    def hold(self, attempt: int) -> None:
        """The router names nobody."""
        if self.case not in (None, "held") or attempt < self.attempt:
            return
        self.attempt = attempt
        if self.case is None:
            self.nobody_has_it()

    def nobody_has_it(self) -> None:
        """Somebody must name an agency within a day."""
        self.case = "held"
        self.diary["unassigned"] = self.now + NAME_WITHIN

    def named(self, because: str) -> None:
        """Nobody need look for an agency any more."""
        self.diary.pop("unassigned", None)
        self.let_be(because, [watch for watch in self.watches if watch.because == "unassigned"])

    def give(self, agency: str) -> None:
        """An agency gets the order; what was promised before in this round stays promised."""
        promise, last = Promise(self.now), self.job
        if last is not None and self.now < last.due_at <= promise.due_at:
            promise = last.promise
        self.jobs += 1
        self.case, self.job = "handling", Job(agency, self.now, promise, self.jobs)
        self.last = self.job
        self.diary |= {"sign": self.now + SIGN, "contact": self.now + CONTACT}
        self.set_due(self.job)
        self.told["dispatched"] += 1

    def set_due(self, job: Job) -> None:
        """Have the clock of handling run."""
        self.diary["due"] = job.due_at
        self.diary["at-risk"] = min(job.due_at, max(self.now, job.due_at - WARN))

    # The agency.

    def report(self, action: str, at: datetime | None = None) -> None:
        """The agency whose order it is says something about its own work."""
        job = self.job
        if not self.is_handled or job is None:
            return
        match action:
            case "sign" if job.state == "dispatched":
                job.state = "signed"
                self.diary.pop("sign", None)
            case "contact" if not job.is_contacted:
                job.is_contacted = True
                self.diary.pop("contact", None)
                self.told["contacted-on-time"] += not job.contacts_late
            case "return" if self.round == 1 and not job.is_still:
                self.end(job, "returned", "returned")
                self.lead, self.attempt = None, self.attempt + 1
                self.nobody_has_it()
            case "resolve":
                self._resolve(job, at or self.now)
            case "continue":
                self.go_on(job, at or self.now)

    def go_on(self, job: Job, at: datetime) -> None:
        """A clock that stands still goes on, with what was left of its time."""
        if not job.is_still:
            return
        job.goes_on(at)
        self.diary.pop("resume", None)
        self.told["resumed"] += 1
        self.runs(job)

    def runs(self, job: Job) -> None:
        """A clock runs from now on; who is in time again is forgiven."""
        job.is_late = job.is_late and job.due_at <= self.now
        if not job.is_late:
            self.set_due(job)

    def _resolve(self, job: Job, at: datetime) -> None:
        if job.is_still:
            job.goes_on(at)
            self.told["resumed"] += 1
        if not job.is_late and at > job.due_at:
            self.late(job)
        job.is_on_time = not job.is_late
        self.end(job, "resolved", "resolved")
        self.ask_later()

    def ask_later(self) -> None:
        """An agency has answered: the citizen is asked in an hour, and so is who follows."""
        self.case, self.answered_round = "resolved", self.round
        self.questions.append(Question())
        self.diary["callback"] = self.now + ASK_AFTER
        self.told["to-tell"] += 1

    def late(self, job: Job) -> None:
        """The promise is broken, and the level above is told."""
        job.is_late = True
        self.level = min(self.level + 1, LEVELS)
        self.told["handle"] += 1

    def end(self, job: Job, state: str, because: str) -> None:
        """Nothing is due from this agency any more."""
        job.goes_on(self.now)
        job.state = state
        job.requests.clear()
        for clock in ("sign", "contact", "at-risk", "due", "resume"):
            self.diary.pop(clock, None)
        self.let_be(because, [watch for watch in self.watches if watch.job == job.number])

    # Whoever sees to it.

    def see_to_it(self, because: str, level: int, job: Job | None) -> None:
        """Somebody above sees to it, unless somebody does for the same reason."""
        watch = Watch(because, level, job.number if job else None)
        if watch not in self.watches:
            self.watches.append(watch)
            self.told["watched"] += 1

    def let_be(self, because: str, watches: list[Watch]) -> None:
        """It has been seen to."""
        for watch in watches:
            if watch.is_open:
                watch.is_open = False
                self.told[f"let-be-{because}"] += 1

    def supervise(self) -> None:
        """An officer wants it seen to, whoever has it."""
        if self.case in OPEN:
            is_open = self.job is not None and self.job.is_open
            self.see_to_it("officer", 0, self.job if is_open else None)

    def exclude(self) -> None:
        """A supervisor leaves the latest verdict that was asked for out of the rates."""
        asked = [question for question in self.questions if question.was_asked]
        if asked and asked[-1].state == "answered" and not asked[-1].is_excluded:
            asked[-1].is_excluded = True
            self.told["excluded"] += 1

    # The citizen.

    def withdraw(self) -> None:
        """The citizen asks for nothing any more."""
        if self.case in OPEN:
            if self.questions and self.questions[-1].state in ("waiting", "asked"):
                self.questions[-1].state = "dropped"
            self.close("withdrawn")

    def urge(self) -> None:
        """The citizen urges; nothing else changes."""
        if self.case in OPEN:
            self.urges += 1

    def verdict(self, *, is_good: bool) -> None:
        """The citizen answers the question that is open."""
        if not self.is_asked:
            return
        self.questions[-1].state = "answered"
        if is_good:
            self.close("confirmed")
        elif self.round == ROUNDS_MAX:
            self.close("unsatisfied")
            about = self.job if self.job is not None and self.job.state == "resolved" else None
            self.see_to_it("dissatisfied", LEVELS, about)
        else:
            self._again()

    def _again(self) -> None:
        assert self.lead is not None
        self.round, self.job = self.round + 1, None
        self.level = min(self.level + 1, LEVELS)
        self.give(self.lead)

    def lapse(self) -> None:
        """Nobody answers."""
        if self.is_asked:
            self.questions[-1].state = "lapsed"
            self.close("unconfirmed")

    def close(self, reason: str) -> None:
        """Nothing is due from anybody any more."""
        self.let_be("closed", self.watches)
        if self.job is not None and self.job.is_open:
            self.end(self.job, "recalled", "closed")
        self.case = "closed"
        self.diary.clear()
        self.told[f"closed-{reason}"] += 1
        self.told["to-tell"] += reason == "withdrawn"

    # The diary.

    def falls_due(self, what: str, at: datetime) -> None:
        """What stood in the diary for an instant that has passed; it is struck out already."""
        job = self.job
        match what, job:
            case "callback", _:
                self.questions[-1].state, self.questions[-1].was_asked = "asked", True
                self.told["asked"] += 1
            case "unassigned", _:
                self.see_to_it("unassigned", self.level, None)
            case "sign", Job():
                job.signs_late = True
                self.told["sign"] += 1
            case "contact", Job():
                job.contacts_late = True
                self.told["contact"] += 1
            case "resume", Job():
                self.go_on(job, at)
            case "due", Job():
                self.late(job)
