"""Does everything add up? Every posted complaint is followed to its end, every count compared.

Pure: the evidence goes in, the faults come out, each naming its complaint where it has one.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from services.events import (
    CallbackDue,
    CaseEscalated,
    CaseOpened,
    CaseReopened,
    ComplaintReceived,
    OrderBreached,
    OrderDispatched,
    OrderResolved,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from uuid import UUID

    from services.cli.demo.book import Hook
    from services.cli.demo.ledger import History, Ledger

_OUTCOMES = ("routed", "held", "diverted", "answered")
_RATES = ("response", "resolution", "satisfaction")


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that doesn't add up."""

    about: str  #: The complaint's number, or which count.
    what: str

    def __str__(self) -> str:
        """Say it in one line."""
        return f"{self.about}: {self.what}"


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is known at the end of the play.

    Attributes:
        numbers: Number of every complaint that intake accepted, by id.
        planned: How many calls were to be made.
        ledger: What the topics say.
        hooks: What agencies' systems received.
        systems: Agencies that have an endpoint.
        basically_counts: Worth of "basically satisfied", from the policy.
        intake: `GET /v1/totals`.
        router: `GET /v1/totals`.
        tracker: `GET /v1/totals`.
        rates: `GET /v1/rates`, its `total`.
        unsettled: Complaints that hadn't come to rest when the time was up.
        troubles: What players could not do.
    """

    numbers: Mapping[UUID, str]
    planned: int
    ledger: Ledger
    hooks: Sequence[Hook]
    systems: frozenset[str]
    basically_counts: float
    intake: Mapping[str, Any]
    router: Mapping[str, Any]
    tracker: Mapping[str, Any]
    rates: Mapping[str, Any]
    unsettled: Sequence[UUID] = ()
    troubles: Sequence[str] = field(default=())


def reconcile(evidence: Evidence) -> tuple[Fault, ...]:
    """Compare everything with everything; no fault means that every call is accounted for."""
    return (
        *(Fault("play", trouble) for trouble in evidence.troubles),
        *_each_complaint(evidence),
        *_strangers(evidence),
        *_webhooks(evidence),
        *_totals(evidence),
        *_rates(evidence),
    )


def _each_complaint(evidence: Evidence) -> Iterator[Fault]:
    unsettled = set(evidence.unsettled)
    for complaint_id, number in evidence.numbers.items():
        history = evidence.ledger.histories.get(complaint_id)
        if history is None:
            yield Fault(number, "accepted by intake, and no topic says a word of it")
            continue
        for what in _story(history):
            yield Fault(number, what)
        if complaint_id in unsettled:
            yield Fault(number, f"didn't come to rest; last: {_last(history)}")


def _story(history: History) -> Iterator[str]:
    """Follow one complaint along the path."""
    received = len(history.facts(ComplaintReceived))
    if received != 1:
        yield f"received {received} times"
    outcomes = history.outcomes
    if not outcomes:
        yield "neither routed nor held nor diverted nor answered"
    opened = history.facts(CaseOpened)
    if len(opened) != 1:
        yield f"{len(opened)} cases opened"
    elif outcomes and opened[0].outcome != outcomes[0]:
        yield f"{outcomes[0]} by the router, opened as {opened[0].outcome} by the tracker"
    if "routed" in outcomes and not history.facts(OrderDispatched):
        yield "routed, and no order was dispatched"
    told = history.facts(CaseEscalated)
    raised = Counter(fact.order_id for fact in told if fact.because == "breached")
    for breach in history.facts(OrderBreached):
        if breach.clock == "handle" and raised[breach.order_id] != 1:
            yield f"order {breach.order_id} breached, escalated {raised[breach.order_id]} times"
    yield from _sequences(history)


def _sequences(history: History) -> Iterator[str]:
    """A source counts its events about a complaint from 1: nothing lost, nothing twice."""
    said: dict[str, list[int]] = defaultdict(list)
    for event in history.events:
        said[event.source].append(event.sequence)
    for source, sequences in said.items():
        # A topic may hold a repetition between them, which the ledger has dropped.
        if sequences != list(range(1, len(sequences) + 1)):
            yield f"{source}'s events aren't 1, 2, 3 …: {sequences}"


def _last(history: History) -> str:
    return type(max(history.events, key=lambda event: event.time).data).__name__


def _strangers(evidence: Evidence) -> Iterator[Fault]:
    if missing := evidence.planned - len(evidence.numbers):
        yield Fault("calls", f"{missing} of {evidence.planned} were not accepted")
    if evidence.ledger.undecodable:
        yield Fault("topics", f"{evidence.ledger.undecodable} records are no events")
    if evidence.ledger.dead_letters:
        yield Fault("topics", f"{evidence.ledger.dead_letters} dead letters: whistle dlq ls")
    for complaint_id, history in evidence.ledger.histories.items():
        if complaint_id not in evidence.numbers and history.facts(ComplaintReceived):
            yield Fault(history.number or str(complaint_id), "received, and nobody called about it")


def _webhooks(evidence: Evidence) -> Iterator[Fault]:
    """Every order reached its agency's system, signed by us."""
    arrived = {
        (hook.agency, hook.order_id)
        for hook in evidence.hooks
        if hook.is_authentic and hook.event_type == OrderDispatched.__name__
    }
    for complaint_id, history in evidence.ledger.histories.items():
        number = evidence.numbers.get(complaint_id, str(complaint_id))
        for order in history.facts(OrderDispatched):
            if order.agency not in evidence.systems:
                yield Fault(number, f"dispatched to {order.agency}, which has no endpoint here")
            elif (order.agency, order.order_id) not in arrived:
                yield Fault(number, f"no webhook of order {order.order_id} came to {order.agency}")
    if forged := sum(not hook.is_authentic for hook in evidence.hooks):
        yield Fault("webhooks", f"{forged} with a signature that doesn't fit")


def _totals(evidence: Evidence) -> Iterator[Fault]:
    """The services' own counts are the log's."""
    histories = [
        history
        for complaint_id, history in evidence.ledger.histories.items()
        if complaint_id in evidence.numbers
    ]
    accepted = len(evidence.numbers)
    yield from _equal("received", {"accepted": accepted, "intake": evidence.intake["received"]})
    yield from _equal("received", {"accepted": accepted, "router": evidence.router["received"]})
    first = Counter(history.outcomes[0] for history in histories if history.outcomes)
    latest = Counter(history.outcomes[-1] for history in histories if history.outcomes)
    opened = evidence.tracker["cases"]
    for outcome in _OUTCOMES:
        told = evidence.router["first_outcomes"][outcome]
        yield from _equal(f"first {outcome}", {"log": first[outcome], "router": told})
        counts = {"log": latest[outcome], "router": evidence.router[outcome]}
        counts["tracker"] = sum(row["count"] for row in opened if row["outcome"] == outcome)
        yield from _equal(outcome, counts)
    orders = sum(row["count"] for row in evidence.tracker["orders"])
    dispatched = sum(1 for _ in evidence.ledger.facts(OrderDispatched))
    yield from _equal("orders", {"log": dispatched, "tracker": orders})
    yield from _callbacks(evidence)


def _callbacks(evidence: Evidence) -> Iterator[Fault]:
    asked = sum(1 for _ in evidence.ledger.facts(CallbackDue))
    told = {row["state"]: row["count"] for row in evidence.tracker["callbacks"]}
    yield from _equal("call-backs", {"log": asked, "tracker": sum(told.values())})
    lapsed = evidence.ledger.lapsed().total()
    yield from _equal("lapsed", {"log": lapsed, "tracker": told.get("lapsed", 0)})


def _rates(evidence: Evidence) -> Iterator[Fault]:
    """The three rates and punctuality, from the log, are those the tracker publishes."""
    verdicts, orders = evidence.ledger.verdicts(), evidence.rates["orders"]
    numerators = verdicts.numerators(evidence.basically_counts)
    for name in _RATES:
        told = evidence.rates[name]
        yield from _equal(f"{name} rate", {"log": verdicts.valid, "tracker": told["denominator"]})
        counts = {"log": numerators[name], "tracker": told["numerator"]}
        yield from _equal(f"{name} rate", counts)
    resolved = Counter(fact.is_on_time for fact in evidence.ledger.facts(OrderResolved))
    breached = len(evidence.ledger.breached_handle())
    for name, count in (
        ("resolved_on_time", resolved[True]),
        ("resolved_late", resolved[False]),
        ("breached", breached),
    ):
        yield from _equal(name, {"log": count, "tracker": orders[name]})
    reopened = sum(1 for _ in evidence.ledger.facts(CaseReopened))
    if reopened > verdicts.valid:
        yield Fault("reopened", f"{reopened} cases by {verdicts.valid} valid call-backs")


def _equal(what: str, counts: Mapping[str, float]) -> Iterator[Fault]:
    if len(set(counts.values())) > 1:
        said = ", ".join(f"{who} counts {count:g}" for who, count in counts.items())
        yield Fault(what, said)
