"""One line an event, for a terminal: when, where on the path, what, which complaint, who, how."""

from __future__ import annotations

from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from rich.cells import set_cell_size
from rich.text import Text

from services.events import (
    CallbackAnswered,
    CallbackAttempted,
    CallbackDue,
    CallbackLapsed,
    CaseActionReported,
    CaseClosed,
    CaseEscalated,
    CaseFollowed,
    CaseMerged,
    CaseOpened,
    CaseReopened,
    CaseResumed,
    ClockPaused,
    ClockResumed,
    ComplaintAnswered,
    ComplaintDiverted,
    ComplaintHeld,
    ComplaintReceived,
    ComplaintRouted,
    ComplaintSupplemented,
    ComplaintWithdrawn,
    DeadlineExtended,
    HookDelivered,
    HookDisabled,
    HookFailed,
    OrderActionReported,
    OrderAtRisk,
    OrderBreached,
    OrderDeferred,
    OrderDispatched,
    OrderRecalled,
    OrderResolved,
    OrderReturned,
    OrderReturnRefused,
    ProactiveCaseClosed,
    ProactiveCaseOpened,
    ProactiveCaseOverdue,
    ReliefRefused,
    ReliefRequested,
    SupervisionClosed,
    SupervisionOpened,
    VerdictExcluded,
    WhistleActionReported,
    WhistleBlown,
    WhistleClosed,
    WhistleJudged,
    WhistleMissed,
    WhistleRaised,
    WhistleRefused,
    WhistleReportedIn,
    WhistleRouted,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime
    from uuid import UUID

    from services.events import Event, Fact, Place
    from services.policy import Policy

#: By the event's source: the path reads from cold to warm.
COLOURS = {"intake": "cyan", "router": "blue", "tracker": "magenta", "notifier": "green"}

#: What must catch the eye, whatever its topic.
_ALARMS: Mapping[type[Fact], str] = {
    OrderAtRisk: "yellow",
    OrderReturned: "yellow",
    OrderReturnRefused: "yellow",
    ComplaintHeld: "yellow",
    WhistleRefused: "yellow",
    CaseReopened: "yellow",
    CaseResumed: "yellow",
    CallbackLapsed: "yellow",
    ReliefRefused: "yellow",
    ClockPaused: "yellow",
    OrderDeferred: "yellow",
    WhistleMissed: "bold red",
    ProactiveCaseOverdue: "bold red",
    SupervisionOpened: "bold red",
    OrderBreached: "bold red",
    CaseEscalated: "bold red",
    HookFailed: "bold red",
    HookDisabled: "bold red",
    CaseClosed: "bold green",
}
#: What is true of every order and tells a watcher little.
_QUIET = (
    HookDelivered,
    CallbackAttempted,
    OrderActionReported,
    CaseActionReported,
    WhistleActionReported,
    CaseOpened,
)

_FACT_WIDTH = 21
#: Cells for the agency, where the terminal is wide and where it isn't.
_WHO_WIDTH, _WHO_WIDTH_NARROW, _WIDE = 25, 18, 110


class EventLines:
    """Writes the lines; remembers the number of every complaint it has seen."""

    def __init__(
        self, policy: Policy | None = None, *, width: int = 80, is_one_day: bool = False
    ) -> None:
        """Choose how to write.

        Args:
            policy: Says codes by name, and the time of its city.
            width: Cells of the terminal.
            is_one_day: Numbers are shown without prefix and date.
        """
        self._policy = policy
        self._zone = ZoneInfo(policy.city.time_zone) if policy else None
        divisions = policy.divisions.values() if policy else ()
        self._city = next((one.name for one in divisions if one.level == "city"), "")
        self._who_width = _WHO_WIDTH if width >= _WIDE else _WHO_WIDTH_NARROW
        self._is_one_day = is_one_day
        self._numbers: dict[UUID, str] = {}

    def of(self, event: Event) -> Text:
        """Write one event."""
        fact = event.data
        self._learn(event)
        colour, alarm = COLOURS[event.source], _ALARMS.get(type(fact))
        rest = alarm or ("dim" if isinstance(fact, _QUIET) else "")
        number = self._numbers.get(event.complaintid) or f"…{str(event.complaintid)[-12:]}"
        return Text.assemble(
            (f"{self._clock(event.time)} ", "dim"),
            (f"{type(fact).__name__:<{_FACT_WIDTH}} ", alarm or colour),
            (f"{number.rpartition('-')[2] if self._is_one_day else number} ", rest),
            (set_cell_size(self._who(fact), self._who_width) + " ", rest),
            (self._detail(fact), rest),
        )

    def _learn(self, event: Event) -> None:
        matter = getattr(event.data, "matter", None)
        number = matter.number if matter else getattr(event.data, "number", None)
        if number:
            self._numbers[event.complaintid] = number

    def _clock(self, at: datetime) -> str:
        local = at.astimezone(self._zone)
        return f"{local:%H:%M:%S}.{local.microsecond // 100_000}"

    def _agency(self, code: str | None) -> str:
        agency = self._policy.agencies.get(code or "") if self._policy else None
        if agency is None:
            return code or ""
        # The way people say it: 市交管局, not 北京市公安局公安交通管理局.
        return min((agency.name, *agency.aliases), key=len).removeprefix(self._city)

    def _place(self, place: Place) -> str:
        codes = [code for code in (place.district, place.street) if code]
        if self._policy is None:
            return " ".join(codes)
        divisions = self._policy.divisions
        return " ".join(divisions[code].name if code in divisions else code for code in codes)

    def _who(self, fact: Fact) -> str:
        match fact:
            case ComplaintReceived():
                return self._place(fact.matter.place) or "(no place)"
            case ComplaintRouted():
                return self._agency(fact.lead)
            case CaseEscalated() | SupervisionOpened() | SupervisionClosed():
                return self._agency(fact.raised_to)
            case WhistleBlown():
                return self._agency(fact.raised_by)
        return self._agency(getattr(fact, "agency", None))

    def _detail(self, fact: Fact) -> str:
        write = _DETAILS.get(type(fact))
        return write(self, fact).replace("\n", " ") if write else ""

    def routed(self, fact: ComplaintRouted) -> str:
        """Who decided by what, and who else takes part."""
        said = f"by {fact.decided_by}" + (f" {fact.rule}" if fact.rule else "")
        others = "".join(f", with {self._agency(code)}" for code in fact.assists)
        return f"{said}, {fact.standard}{others}"

    def dispatched(self, fact: OrderDispatched) -> str:
        """The promise."""
        again = f" (round {fact.round})" if fact.round > 1 else ""
        signed = f"sign by {self._clock(fact.sign_due_at)}, " if fact.sign_due_at else ""
        return f"{fact.role}{again}: {signed}answer by {self._clock(fact.due_at)}"

    def escalated(self, fact: CaseEscalated) -> str:
        """Who failed."""
        did = "didn't solve it" if fact.because == "dissatisfied" else "let it pass"
        return f"must now see to it: level {fact.level}, {self._agency(fact.agency)} {did}"

    def breached(self, fact: OrderBreached) -> str:
        """Which clock ran out."""
        return f"{_UNDONE[fact.clock]} by {self._clock(fact.due_at)}"

    def at_risk(self, fact: OrderAtRisk) -> str:
        """How much is left."""
        return f"answer due at {self._clock(fact.due_at)}"

    def extended(self, fact: DeadlineExtended | ClockResumed) -> str:
        """The promise as it is now."""
        return f"answer due at {self._clock(fact.due_at)}"

    def missed(self, fact: WhistleMissed) -> str:
        """What a target of a whistle hasn't done."""
        return f"{_UNDONE[fact.clock]} by {self._clock(fact.due_at)}"

    def asked(self, fact: CallbackDue) -> str:
        """Until when the citizen may answer."""
        return f"the citizen is asked until {self._clock(fact.lapses_at)}"


_UNDONE = {
    "sign": "not signed",
    "contact": "nobody spoken to",
    "handle": "not answered",
    "arrive": "nobody came",
}


def _verdict(fact: CallbackAnswered | CaseReopened | CaseClosed) -> str:
    solved = "" if fact.is_solved is None else ("solved" if fact.is_solved else "not solved")
    return ", ".join(filter(None, (solved, fact.satisfaction)))


_DETAILS: Mapping[type[Fact], Callable[..., str]] = {
    ComplaintReceived: lambda _, f: f"{f.matter.nature}: {f.matter.text}",
    ComplaintSupplemented: lambda _, f: f"{f.kind}: {f.text}",
    ComplaintWithdrawn: lambda _, f: f.reason or "",
    OrderActionReported: lambda _, f: f"{f.action}: {f.note or ''}".rstrip(": "),
    CallbackAnswered: lambda _, f: f"the {f.answered_by} says: {_verdict(f)}",
    ComplaintRouted: EventLines.routed,
    ComplaintDiverted: lambda _, f: f"{f.diversion} -> {f.target or '-'}: {f.reply}",
    ComplaintAnswered: lambda _, f: f"{f.entry or 'an operator'}: {f.answer}",
    ComplaintHeld: lambda _, f: f"{f.reason}: {f.explanation}",
    CaseOpened: lambda _, f: f.outcome,
    OrderDispatched: EventLines.dispatched,
    OrderReturned: lambda _, f: f"not theirs: {f.reason}",
    OrderRecalled: lambda _, __: "another agency handles it now",
    OrderReturnRefused: lambda _, f: f"stays theirs, {f.refused_as}: {f.why}",
    OrderAtRisk: EventLines.at_risk,
    OrderBreached: EventLines.breached,
    CaseEscalated: EventLines.escalated,
    CaseActionReported: lambda _, f: f"{f.role}: {f.action} {f.note or ''}".rstrip(),
    ReliefRequested: lambda _, f: f"asks for {f.relief}: {f.note or f.reason or ''}",
    ReliefRefused: lambda _, f: f"no {f.relief}, {f.refused_as}: {f.why}",
    DeadlineExtended: EventLines.extended,
    ClockPaused: lambda _, f: f"{f.reason}, granted by {f.approved_by}",
    ClockResumed: EventLines.extended,
    OrderDeferred: lambda _, f: f"until {f.planned_at:%Y-%m-%d}: {f.plan}",
    SupervisionOpened: lambda _, f: f"must see to it: {f.because}, level {f.level}",
    SupervisionClosed: lambda _, f: f"seen to: {f.because}",
    VerdictExcluded: lambda _, f: f"counts in no rate: {f.reason}",
    OrderResolved: lambda _, f: f"{'on time' if f.is_on_time else 'late'}: {f.answer}",
    CallbackDue: EventLines.asked,
    CaseReopened: lambda _, f: f"round {f.round}: {_verdict(f)}",
    CaseMerged: lambda _, f: f"handled together with …{str(f.into or '')[-12:]}",
    CaseFollowed: lambda _, f: f"as the one it was merged into: {f.answer}",
    CaseResumed: lambda _, f: f"goes on by itself: {f.outcome}",
    CaseClosed: lambda _, f: ", ".join(filter(None, (f.reason, _verdict(f)))),
    WhistleRaised: lambda _, f: f"{f.whistle.kind}: {f.whistle.text}",
    WhistleRouted: lambda _, f: f"{f.whistle.kind} -> {', '.join(f.targets)}",
    WhistleBlown: lambda _, f: f"{f.kind} -> {', '.join(one.agency for one in f.summons)}",
    WhistleActionReported: lambda _, f: f"{f.action}: {f.note or ''}".rstrip(": "),
    WhistleReportedIn: lambda _, f: "on the spot" if f.is_on_time else "on the spot, late",
    WhistleMissed: EventLines.missed,
    WhistleJudged: lambda _, f: f"{f.about or 'the whistle'}: {f.grade}",
    WhistleClosed: lambda _, f: f"by {f.because}: {f.result or ''}".rstrip(": "),
    WhistleRefused: lambda _, f: f"{f.reason}: {f.words[0].text if f.words else ''}",
    ProactiveCaseOpened: lambda _, f: f"{f.owner}: {f.content.title}",
    ProactiveCaseOverdue: lambda _, f: f"{f.owner}: planned for {f.planned_at:%Y-%m-%d}",
    ProactiveCaseClosed: lambda _, f: f"{f.owner}: {f.note or ''}".rstrip(": "),
    HookDelivered: lambda _, f: f"{f.event_type}, {f.status}, attempt {f.attempts}",
    HookFailed: lambda _, f: f"{f.event_type} given up after {f.attempts}: {f.error}",
    HookDisabled: lambda _, f: f.reason,
    CallbackAttempted: lambda _, f: f"attempt {f.attempt} by {f.channel}: {f.outcome}",
    CallbackLapsed: lambda _, f: f.reason,
}
