"""What a careful clerk would write on one card for one complaint: a plain model of the tracker.

It knows the tiny policy by heart (sign in 2 h, handle in 7 days, ask an hour after the answer, two
rounds) and none of the tracker's code.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

SIGN = timedelta(hours=2)
HANDLE = timedelta(days=7)
ASK_AFTER = timedelta(hours=1)
ROUNDS_MAX = 2


@dataclass(frozen=True)
class Job:
    """The lead's order of the present round and attempt."""

    agency: str
    sign_due_at: datetime
    due_at: datetime  #: Pauses that are over included.
    state: str = "dispatched"
    is_sign_late: bool = False
    is_late: bool = False
    asked_at: datetime | None = None  #: For a pause that nobody has granted yet.
    paused_at: datetime | None = None
    goes_on_at: datetime | None = None

    def stands_until(self, at: datetime) -> Job:
        """End a pause: the due instant moves by what it took."""
        assert self.paused_at is not None
        assert self.goes_on_at is not None
        took = min(at, self.goes_on_at) - self.paused_at
        return replace(
            self, state="signed", due_at=self.due_at + took, paused_at=None, goes_on_at=None
        )


@dataclass
class Card:
    """A case as it stands, and how often each clock was told to have run out."""

    now: datetime
    case: str | None = None
    job: Job | None = None
    attempt: int = 1
    round: int = 1
    ask_at: datetime | None = None
    is_asked: bool = False
    urges: int = 0
    told: dict[str, int] = field(default_factory=dict)

    def _tell(self, what: str) -> None:
        self.told[what] = self.told.get(what, 0) + 1

    def _put(self, **changes: object) -> None:
        assert self.job is not None
        self.job = replace(self.job, **changes)  # type: ignore[arg-type]

    @property
    def is_handled(self) -> bool:
        """Whether the lead's order is open."""
        return self.case == "handling"

    def route(self, agency: str, attempt: int) -> None:
        """The router names an agency; what was promised before stays promised."""
        if self.case not in (None, "held") or attempt < self.attempt:
            return
        due_at = self.now + HANDLE
        if self.job is not None and self.now < self.job.due_at <= due_at:
            due_at = self.job.due_at
        self.attempt, self.case = attempt, "handling"
        self.job = Job(agency, self.now + SIGN, due_at)

    def hold(self, attempt: int) -> None:
        """The router names nobody."""
        if self.case in (None, "held") and attempt >= self.attempt:
            self.case, self.attempt = "held", attempt

    def report(self, action: str) -> None:
        """The agency whose order it is says something."""
        if not self.is_handled or self.job is None:
            return
        match action:
            case "sign" if self.job.state == "dispatched":
                self._put(state="signed")
            case "return" if self.round == 1 and self.job.state in ("dispatched", "signed"):
                self._put(state="returned", asked_at=None)
                self.case, self.attempt = "held", self.attempt + 1
            case "resolve":
                self._resolve()
            case "pause" if self._may_ask():
                self._put(asked_at=self.now)
            case "continue" if self.job.state == "paused":
                self.job = self.job.stands_until(self.now)
                self._see_whether_late()

    def _may_ask(self) -> bool:
        job = self.job
        assert job is not None
        return job.state == "signed" and job.asked_at is None and self.now <= job.due_at

    def _resolve(self) -> None:
        assert self.job is not None
        if self.job.state == "paused":
            self.job = self.job.stands_until(self.now)
            self._see_whether_late()
        self._put(state="resolved", asked_at=None)
        self.case, self.ask_at = "resolved", self.now + ASK_AFTER

    def grant(self, until: datetime) -> None:
        """An officer grants the pause; it counts from when it was asked for."""
        job = self.job
        if not self.is_handled or job is None or job.asked_at is None or job.state != "signed":
            return
        due_at = job.due_at + (until - job.asked_at)
        self._put(
            state="paused",
            paused_at=job.asked_at,
            goes_on_at=until,
            asked_at=None,
            is_late=job.is_late and due_at <= self.now,
        )

    def withdraw(self) -> None:
        """The citizen asks for nothing any more."""
        if self.case in ("held", "handling", "resolved"):
            self._close()

    def urge(self) -> None:
        """The citizen urges; nothing else changes."""
        if self.case in ("held", "handling", "resolved"):
            self.urges += 1

    def verdict(self, *, is_good: bool) -> None:
        """The citizen answers."""
        if self.case != "resolved" or not self.is_asked:
            return
        if is_good or self.round == ROUNDS_MAX:
            self._close()
            return
        assert self.job is not None
        self.round, self.case = self.round + 1, "handling"
        self.ask_at, self.is_asked = None, False
        self.job = Job(self.job.agency, self.now + SIGN, self.now + HANDLE)

    def lapse(self) -> None:
        """Nobody answers."""
        if self.case == "resolved" and self.is_asked:
            self._close()

    def _close(self) -> None:
        if self.is_handled:
            if self.job is not None and self.job.state == "paused":
                self._put(paused_at=None, goes_on_at=None)
            self._put(state="recalled")
        self.case, self.ask_at, self.is_asked = "closed", None, False

    def wait(self, by: timedelta) -> None:
        """Time passes in one go; what was due meanwhile is told now."""
        self.now += by
        job = self.job
        if self.is_handled and job is not None:
            if job.state == "paused" and job.goes_on_at is not None and job.goes_on_at <= self.now:
                self.job = job.stands_until(self.now)
            if self.job is not None and self.job.state == "dispatched":
                self._see_whether_unsigned()
            self._see_whether_late()
        if self.case == "resolved" and self.ask_at is not None and self.ask_at <= self.now:
            self.ask_at, self.is_asked = None, True
            self._tell("asked")

    def _see_whether_unsigned(self) -> None:
        assert self.job is not None
        if not self.job.is_sign_late and self.job.sign_due_at <= self.now:
            self._put(is_sign_late=True)
            self._tell("sign")

    def _see_whether_late(self) -> None:
        job = self.job
        assert job is not None
        if job.state in ("dispatched", "signed") and not job.is_late and job.due_at <= self.now:
            self._put(is_late=True)
            self._tell("handle")
