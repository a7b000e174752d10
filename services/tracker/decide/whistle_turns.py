"""What one event or deadline does to a whistle, gathered while it is being decided."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal
from zoneinfo import ZoneInfo

from services.events import (
    WhistleActionReported,
    WhistleBlown,
    WhistleClosed,
    WhistleContacted,
    WhistleMissed,
    WhistleReportedIn,
    WhistleSigned,
)
from services.policy.whistles import JUDGE_WITHIN
from services.runtime.step import Deadline, Ignored, Step
from services.tracker.decide import sla
from services.tracker.decide.case import Note
from services.tracker.decide.whistle import (
    CLOCKS,
    LAPSE,
    Call,
    CallState,
    CallTrigger,
    ClockName,
    Whistle,
    WhistleTrigger,
    next_call,
    next_whistle,
)

if TYPE_CHECKING:
    from datetime import datetime, tzinfo
    from uuid import UUID

    from pydantic.main import IncEx

    from services.events import Fact
    from services.policy import Policy
    from services.policy.durations import Duration

_DONE: dict[ClockName, type[WhistleSigned | WhistleContacted | WhistleReportedIn]] = {
    "sign": WhistleSigned,
    "contact": WhistleContacted,
    "arrive": WhistleReportedIn,
}


def line(fact: Fact, at: datetime, cause: UUID | None, **more: Any) -> Note:  # noqa: ANN401
    """Write a fact, or an event that led to none, as a line of the whistle's history."""
    # The whistle's words and the timelines are kept beside the history.
    summons: IncEx = {"__all__": {"timeline"}}
    hidden: IncEx = {"whistle": True, "summons": summons}
    left_out = hidden if isinstance(fact, WhistleBlown) else None
    detail = fact.model_dump(mode="json", exclude=left_out, exclude_none=True)
    return Note(at, type(fact).__name__, {**detail, **more}, cause)


@dataclass(slots=True)
class WhistleTurn:
    """A whistle on its way from one state to the next; lives for one decision only."""

    whistle: Whistle
    policy: Policy
    now: datetime
    cause: UUID | None = None
    facts: list[Fact] = field(default_factory=list)
    starting: list[Deadline] = field(default_factory=list)
    stopping: list[tuple[UUID, str]] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)

    @property
    def zone(self) -> tzinfo:
        """The city's time zone."""
        return ZoneInfo(self.policy.city.time_zone)

    @property
    def judge_within(self) -> Duration:
        """How long both sides may judge; a city that gave whistles up ends those under way."""
        rules = self.policy.whistles
        return rules.judge_within if rules else JUDGE_WITHIN

    def due(self, within: Duration) -> sla.Due:
        """Count a duration from now."""
        language = self.policy.city.language
        return sla.due(within, self.policy.calendar, self.now, self.zone, language)

    def say(self, fact: Fact) -> None:
        """Make a fact true, and a line of the whistle's history."""
        self.facts.append(fact)
        self.notes.append(line(fact, self.now, self.cause))

    def heard(self, fact: Fact) -> None:
        """Keep what somebody said as a line of history only."""
        self.notes.append(line(fact, self.now, self.cause))

    def start(self, subject: UUID, kind: str, due_at: datetime) -> None:
        """Start a clock."""
        self.starting.append(Deadline(self.whistle.key, subject, kind, due_at))

    def put(self, changed: Call) -> None:
        """Replace one of the whistle's calls."""
        whistle = self.whistle
        calls = tuple(changed if c.agency == changed.agency else c for c in whistle.calls)
        self.whistle = replace(whistle, calls=calls)

    def step(self) -> Step[Whistle]:
        """Finish: the whistle as it is now, and all that follows."""
        whistle = replace(
            self.whistle,
            notes=(*self.whistle.notes, *self.notes),
            history_length=self.whistle.history_length + len(self.notes),
        )
        return Step(
            whistle,
            facts=tuple(self.facts),
            set_deadlines=tuple(self.starting),
            clear_deadlines=tuple(self.stopping),
            policy=self.policy.hash,
        )

    # What happens to a call.

    def reach(self, call: Call, state: CallState, clock: ClockName, at: datetime) -> None:
        """Take note that a body did something, and with it everything that comes before.

        Args:
            call: The body's.
            state: Where the table leads.
            clock: What it did.
            at: When it said so.
        """
        call = replace(call, state=state)
        for earlier in CLOCKS[: CLOCKS.index(clock) + 1]:
            if call.watch(earlier).done_at is None:
                call = self._done(call, earlier, at)
        self.put(call)

    def _done(self, call: Call, clock: ClockName, at: datetime) -> Call:
        call = self._overtaken(call, clock, at)
        watch = replace(call.watch(clock), done_at=at)
        is_on_time = watch.missed_at is None
        said = _DONE[clock](
            whistle_id=self.whistle.whistle_id,
            agency=call.agency,
            raised_by=self.whistle.raised_by,
            is_on_time=is_on_time,
        )
        self.say(said)
        return call.moved(clock, watch)

    def _overtaken(self, call: Call, clock: ClockName, at: datetime) -> Call:
        """Stop a clock; one that ran out before its deadline fired is told as missed first."""
        watch = call.watch(clock)
        if not watch.is_running:
            return call
        self.stopping.append((self.whistle.subject(call), f"whistle-{clock}"))
        return self.miss(call, clock) if at > watch.due_at else call

    def miss(self, call: Call, clock: ClockName) -> Call:
        """Tell that a body let an instant pass; of arriving, whoever stands above it, too."""
        watch = call.watch(clock)
        self.say(
            WhistleMissed(
                whistle_id=self.whistle.whistle_id,
                agency=call.agency,
                clock=clock,
                due_at=watch.due_at,
                raised_by=self.whistle.raised_by,
                raised_to=self._above(call.agency) if clock == "arrive" else None,
            )
        )
        call = call.moved(clock, replace(watch, missed_at=self.now))
        self.put(call)
        return call

    def _above(self, agency: str) -> str | None:
        """Who must see to a no-show (街道办事处条例 art. 44: the district investigates)."""
        street = self.policy.agencies.get(self.whistle.raised_by)
        district = self.policy.government_of(street.division if street else None)
        above = self.policy.superior_of(agency) or district
        return above if above != agency else None

    # What happens to the whistle.

    def end(
        self,
        trigger: WhistleTrigger,
        because: Literal["street", "lapsed"],
        at: datetime,
        result: str | None,
    ) -> Ignored | None:
        """Close it, and with it every call; no clock ticks on."""
        state = next_whistle(self.whistle.state, trigger)
        if isinstance(state, Ignored):
            return state
        for call in self.whistle.calls:
            self._end_call(call, at)
        self.whistle = replace(
            self.whistle,
            state=state,
            result=result or self.whistle.result,
            closed_at=self.now,
            closed_because=because,
            judged_until=self.due(self.judge_within).at,
        )
        if because == "street":
            self.stopping.append((self.whistle.whistle_id, LAPSE))
        absent = tuple(c.agency for c in self.whistle.calls if c.state is CallState.ABSENT)
        self.say(
            WhistleClosed(
                whistle_id=self.whistle.whistle_id,
                raised_by=self.whistle.raised_by,
                targets=tuple(call.agency for call in self.whistle.calls),
                because=because,
                result=self.whistle.result,
                no_shows=absent,
            )
        )
        return None

    def _end_call(self, call: Call, at: datetime) -> None:
        for clock in CLOCKS:
            call = self._overtaken(call, clock, at)
        is_overdue = call.arrive.missed_at is not None
        trigger = CallTrigger.ENDED_OVERDUE if is_overdue else CallTrigger.ENDED
        state = next_call(call.state, trigger)
        assert not isinstance(state, Ignored)  # noqa: S101 - the table ends every state
        self.put(replace(call, state=state, ended_at=self.now))


def heard_at(fact: WhistleActionReported, now: datetime) -> datetime:
    """When somebody acted: as reported, not when we got round to it, and never later than now."""
    return min(fact.reported_at, now)
