"""What became of the morning, counted from the log, the hooks and the services' figures."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from services.events import (
    CallbackDue,
    CaseClosed,
    CaseEscalated,
    CaseReopened,
    ComplaintDiverted,
    ComplaintHeld,
    ComplaintReceived,
    ComplaintRouted,
    HookDelivered,
    OrderAtRisk,
    OrderBreached,
    OrderDispatched,
    OrderResolved,
    OrderReturned,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from services.cli.demo.book import Book
    from services.cli.demo.ledger import History, Ledger
    from services.cli.demo.reconcile import Evidence
    from services.events import Fact


@dataclass(frozen=True, slots=True)
class Figures:
    """Everything the table says, counted."""

    counts: Mapping[str, int]
    closed: Mapping[str, int]
    diverted: Mapping[str, int]
    held: Mapping[str, int]
    decided_by: Mapping[str, int]
    rates: Mapping[str, Mapping[str, Any]]
    latencies_ms: Sequence[float]
    hops_ms: Mapping[str, Sequence[float]]
    took_s: Mapping[str, float]

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
                name: {"p50": percentile(hop, 50), "p99": percentile(hop, 99)}
                for name, hop in self.hops_ms.items()
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


def latencies_ms(ledger: Ledger, book: Book) -> list[float]:
    """Measure from each POST to its order at the lead's system.

    A complaint that waited for a person, or that another agency had returned, is no measure of
    the machine: only what the rules routed at once counts.
    """
    arrived = {
        (hook.agency, hook.order_id): hook.received_at_s
        for hook in reversed(book.hooks)
        if hook.event_type == OrderDispatched.__name__
    }
    found = []
    for complaint_id, posted in book.posted.items():
        history = ledger.histories.get(complaint_id)
        if history is None or history.outcomes[:1] != ["routed"]:
            continue
        for order in history.facts(OrderDispatched):
            at_s = arrived.get((order.agency, order.order_id))
            if (order.role, order.round, order.attempt) == ("lead", 1, 1) and at_s is not None:
                found.append((at_s - posted.posted_at_s) * 1000)
    return found


def hops_ms(ledger: Ledger) -> dict[str, list[float]]:
    """Measure each service's part of the path, by the database's clock at each fact.

    Same orders as `latencies_ms`. The first part begins with acceptance, so what comes before
    (the request itself) isn't in it, nor is the way to the webhook's receiver in the last.
    """
    hops: dict[str, list[float]] = {"router": [], "tracker": [], "notifier": []}
    for history in ledger.histories.values():
        if history.outcomes[:1] != ["routed"]:
            continue
        at = [_first(history, kind) for kind in (ComplaintReceived, ComplaintRouted)]
        at += [_first(history, OrderDispatched), _first(history, HookDelivered)]
        for name, (begins, ends) in zip(hops, pairwise(at), strict=True):
            if begins is not None and ends is not None:
                hops[name].append((ends - begins).total_seconds() * 1000)
    return hops


def _first(history: History, kind: type[Fact]) -> datetime | None:
    return min((e.time for e in history.events if isinstance(e.data, kind)), default=None)


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
        latencies_ms=latencies_ms(ledger, book),
        hops_ms=hops_ms(ledger),
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
        "escalated": _count(ledger.facts(CaseEscalated)),
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
