"""What became of the morning, counted from the log, the hooks and the services' figures."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from services.cli.demo.ledger import History
from services.events import (
    CallbackDue,
    CaseClosed,
    CaseEscalated,
    CaseReopened,
    ComplaintDiverted,
    ComplaintHeld,
    ComplaintReceived,
    ComplaintRouted,
    OrderAtRisk,
    OrderBreached,
    OrderDispatched,
    OrderResolved,
    OrderReturned,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from services.cli.demo.book import Book
    from services.cli.demo.ledger import Ledger
    from services.cli.demo.reconcile import Evidence
    from services.events import Event

#: Whose parts make up the way from acceptance to the agency's system.
HOPS = ("router", "tracker", "notifier")
_SHARES = ("p50", "p99")


@dataclass(frozen=True, slots=True)
class Figures:
    """Everything the table says, counted."""

    counts: Mapping[str, int]
    closed: Mapping[str, int]
    diverted: Mapping[str, int]
    held: Mapping[str, int]
    decided_by: Mapping[str, int]
    rates: Mapping[str, Mapping[str, Any]]
    passages: Sequence[Passage]
    took_s: Mapping[str, float]

    @property
    def latencies_ms(self) -> list[float]:
        """From POST to webhook."""
        return [passage.whole_ms for passage in self.passages]

    def hop_ms(self, name: str) -> list[float]:
        """One service's part."""
        return [passage.hops_ms[name] for passage in self.passages]

    def as_json(self) -> dict[str, Any]:
        """Give it for programs."""
        return {
            **self.counts,
            "closed_as": dict(self.closed),
            "diverted_as": dict(self.diverted),
            "held_because": dict(self.held),
            "decided_by": dict(self.decided_by),
            "rates": {name: dict(rate) for name, rate in self.rates.items()},
            "post_to_webhook_ms": {
                "count": len(self.latencies_ms),
                "p50": percentile(self.latencies_ms, 50),
                "p99": percentile(self.latencies_ms, 99),
            },
            "hops_ms": {
                name: {share: percentile(self.hop_ms(name), int(share[1:])) for share in _SHARES}
                for name in HOPS
            },
            "took_s": {name: round(seconds, 1) for name, seconds in self.took_s.items()},
        }


def percentile(values: Sequence[float], share: float) -> float | None:
    """Give the smallest value that `share` per cent of all don't exceed; None of nothing."""
    if not values:
        return None
    ordered = sorted(values)
    rank = max(1, -(-len(ordered) * share // 100))
    return round(ordered[int(rank) - 1], 1)


@dataclass(frozen=True, slots=True)
class Passage:
    """One complaint's way to the lead's system, if the rules routed it at once.

    One that waited for a person, or that another agency had returned, is no measure of the
    machine.
    """

    whole_ms: float  #: From before the POST until the whole webhook was there.
    hops_ms: Mapping[str, float]  #: Each service's part, from the fact before to its own.


def passages(ledger: Ledger, book: Book) -> list[Passage]:
    """Measure every passage."""
    arrived = {
        (hook.agency, hook.order_id): hook
        for hook in reversed(book.hooks)
        if hook.event_type == OrderDispatched.__name__
    }
    found = []
    for complaint_id, posted in book.posted.items():
        history = ledger.histories.get(complaint_id, History())
        at = {
            type(event.data): event
            for event in reversed(history.events)
            if type(event.data) in (ComplaintReceived, ComplaintRouted) or _is_first(event)
        }
        order = at[OrderDispatched].data if OrderDispatched in at else None
        if history.outcomes[:1] != ["routed"] or not isinstance(order, OrderDispatched):
            continue
        hook = arrived.get((order.agency, order.order_id))
        kinds = (ComplaintReceived, ComplaintRouted, OrderDispatched)
        # What is missing is for the reckoning to name, not for us to stumble over.
        if hook is not None and at.keys() >= set(kinds):
            instants = [*(at[kind].time for kind in kinds), hook.received_at]
            parts = [(ends - begins).total_seconds() * 1000 for begins, ends in pairwise(instants)]
            whole_ms = (hook.received_at_s - posted.posted_at_s) * 1000
            found.append(Passage(whole_ms, dict(zip(HOPS, parts, strict=True))))
    return found


def _is_first(event: Event) -> bool:
    order = event.data
    if not isinstance(order, OrderDispatched):
        return False
    return (order.role, order.round, order.attempt) == ("lead", 1, 1)


def figures(evidence: Evidence, book: Book, took_s: Mapping[str, float]) -> Figures:
    """Count everything."""
    ledger = evidence.ledger
    counts = {
        "received": len(evidence.numbers),
        **_outcomes(evidence),
        **_orders(ledger),
        **_citizens(ledger),
        "webhooks": len(book.hooks),
        "webhooks_authentic": sum(hook.is_authentic for hook in book.hooks),
        "agencies": len(evidence.systems),
        "repeated": ledger.repeated,
        "events": sum(len(history.events) for history in ledger.histories.values()),
    }
    return Figures(
        counts=counts,
        closed=Counter(fact.reason for fact in ledger.facts(CaseClosed)),
        diverted=Counter(fact.diversion.value for fact in ledger.facts(ComplaintDiverted)),
        held=Counter(fact.reason for fact in ledger.facts(ComplaintHeld)),
        decided_by=evidence.router["decided_by"],
        rates={n: evidence.rates[n] for n in ("response", "resolution", "satisfaction")},
        passages=passages(ledger, book),
        took_s=took_s,
    )


def _outcomes(evidence: Evidence) -> dict[str, int]:
    """Count complaints by what the router said first, and those that are held at the end."""
    histories = [h for key, h in evidence.ledger.histories.items() if key in evidence.numbers]
    first = Counter(history.outcomes[0] for history in histories if history.outcomes)
    return {
        "routed": first["routed"],
        "held": first["held"],
        "diverted": first["diverted"],
        "answered": first["answered"],
        "still_held": sum(history.waits_for_dispatcher for history in histories),
    }


def _orders(ledger: Ledger) -> dict[str, int]:
    orders = list(ledger.facts(OrderDispatched))
    resolved = Counter(fact.is_on_time for fact in ledger.facts(OrderResolved))
    breached = Counter(fact.clock for fact in ledger.facts(OrderBreached))
    return {
        "orders": len(orders),
        "orders_to_assist": sum(order.role == "assist" for order in orders),
        "on_time": resolved[True],
        "late": resolved[False],
        "at_risk": _count(ledger.facts(OrderAtRisk)),
        "breached": breached["handle"],
        "signed_late": breached["sign"],
        "escalated": sum(fact.because == "breached" for fact in ledger.facts(CaseEscalated)),
        "returned": _count(ledger.facts(OrderReturned)),
        "open": sum(history.waits_for_agency for history in ledger.histories.values()),
    }


def _citizens(ledger: Ledger) -> dict[str, int]:
    lapsed = ledger.lapsed()
    return {
        "reopened": _count(ledger.facts(CaseReopened)),
        "closed": _count(ledger.facts(CaseClosed)),
        "call_backs": _count(ledger.facts(CallbackDue)),
        "call_backs_valid": ledger.verdicts().valid,
        "call_backs_no_answer": lapsed["no-answer"],
        "call_backs_no_contact": lapsed["no-contact"],
    }


def _count(facts: Iterable[object]) -> int:
    return sum(1 for _ in facts)
