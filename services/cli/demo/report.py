"""The reckoning: what became of the morning, as a table for people or JSON for programs."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from rich.table import Table

from services.events import (
    CallbackDue,
    CallbackLapsed,
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

#: How the closings read to somebody who doesn't know the facts.
_CLOSED = {
    "confirmed": "confirmed by the citizen",
    "unconfirmed": "nobody answered",
    "unsatisfied": "still not content",
    "diverted": "another way",
}


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
    histories = [h for key, h in ledger.histories.items() if key in evidence.numbers]
    first = Counter(history.outcomes[0] for history in histories if history.outcomes)
    latest = Counter(history.outcomes[-1] for history in histories if history.outcomes)
    resolved = Counter(fact.is_on_time for fact in ledger.facts(OrderResolved))
    breached = Counter(fact.clock for fact in ledger.facts(OrderBreached))
    orders = list(ledger.facts(OrderDispatched))
    lapsed = Counter(fact.reason for fact in ledger.facts(CallbackLapsed))
    closed: Counter[str] = Counter(fact.reason for fact in ledger.facts(CaseClosed))
    counts = {
        "received": len(evidence.numbers),
        "routed": first["routed"],
        "held": first["held"],
        "diverted": first["diverted"],
        "still_held": latest["held"],
        "orders": len(orders),
        "orders_to_assist": sum(order.role == "assist" for order in orders),
        "on_time": resolved[True],
        "late": resolved[False],
        "at_risk": _count(ledger.facts(OrderAtRisk)),
        "breached": breached["handle"],
        "signed_late": breached["sign"],
        "escalated": _count(ledger.facts(CaseEscalated)),
        "returned": _count(ledger.facts(OrderReturned)),
        "open": sum(history.waits_for_agency for history in histories),
        "reopened": _count(ledger.facts(CaseReopened)),
        "closed": closed.total(),
        "call_backs": _count(ledger.facts(CallbackDue)),
        "call_backs_valid": ledger.verdicts().valid,
        "call_backs_no_answer": lapsed["no-answer"],
        "call_backs_no_contact": lapsed["no-contact"],
        "webhooks": len(book.hooks),
        "webhooks_authentic": sum(hook.is_authentic for hook in book.hooks),
        "agencies": len(evidence.systems),
        "events": sum(len(history.events) for history in ledger.histories.values()),
    }
    return Figures(
        counts=counts,
        closed=closed,
        diverted=Counter(fact.diversion.value for fact in ledger.facts(ComplaintDiverted)),
        held=Counter(fact.reason for fact in ledger.facts(ComplaintHeld)),
        decided_by=evidence.router["decided_by"],
        rates={n: evidence.rates[n] for n in ("response", "resolution", "satisfaction")},
        latencies_ms=latencies_ms(ledger, book),
        hops_ms=hops_ms(ledger),
        took_s=took_s,
    )


def _count(facts: Iterable[object]) -> int:
    return sum(1 for _ in facts)


def render(found: Figures) -> Table:
    """Draw the table."""
    n, took = found.counts, found.took_s
    table = Table(
        title=f"The morning: {n['received']} calls in {took['calls']:.0f} s, "
        f"at rest after {took['play']:.0f} s",
        title_justify="left",
        title_style="bold",
        show_header=False,
        padding=(0, 1),
    )
    table.add_column(style="bold", no_wrap=True)
    table.add_column(justify="right", no_wrap=True)
    table.add_column(style="dim")
    for section in (_routing(found), _orders(n), _citizens(found), _rates(found), _path(found)):
        for row in section:
            table.add_row(*row)
        table.add_section()
    return table


_Row = tuple[str, str, str]


def _routing(found: Figures) -> list[_Row]:
    n = found.counts
    settled = n["held"] + _later(found) - n["still_held"]
    by = {"rule": "catalogue", "fallback": "fell back to the district", "operator": "a person"}
    return [
        ("Received", str(n["received"]), "every call that intake accepted"),
        (
            "  routed",
            str(n["routed"]),
            "decided by: " + _listed({by[k]: v for k, v in found.decided_by.items()}),
        ),
        (
            "  held",
            str(n["held"]),
            (
                f"+{_later(found)} after returns; a dispatcher settled {settled},"
                f" {n['still_held']} still wait"
            ),
        ),
        ("  diverted", str(n["diverted"]), _listed(found.diverted)),
    ]


def _later(found: Figures) -> int:
    """Complaints held only after an agency had returned them."""
    return sum(found.held.values()) - found.counts["held"]


def _orders(n: Mapping[str, int]) -> list[_Row]:
    return [
        ("Orders", str(n["orders"]), f"{n['orders_to_assist']} of them to assist"),
        ("  on time", f"[green]{n['on_time']}[/]", f"{n['at_risk']} warnings before the limit"),
        (
            "  breached",
            f"[red]{n['breached']}[/]",
            (
                f"{n['late']} answered late, {n['open']} still owe an answer;"
                f" {n['escalated']} escalated to the superior"
            ),
        ),
        ("  signed late", str(n["signed_late"]), "a clock of its own; warns, doesn't escalate"),
        ("  returned", str(n["returned"]), "not theirs: routed anew without them"),
    ]


def _citizens(found: Figures) -> list[_Row]:
    n = found.counts
    closed = {_CLOSED.get(k, k): v for k, v in found.closed.items()}
    lapsed = n["call_backs_no_answer"] + n["call_backs_no_contact"]
    return [
        (
            "Call-backs",
            str(n["call_backs"]),
            (
                f"valid {n['call_backs_valid']}, lapsed {lapsed}"
                f" (no answer {n['call_backs_no_answer']}, no number {n['call_backs_no_contact']})"
            ),
        ),
        ("Reopened", str(n["reopened"]), "not content: back to the same agency, once"),
        ("Closed", str(n["closed"]), _listed(closed)),
        (
            "Not closed",
            str(n["received"] - n["closed"]),
            f"{n['open']} breached and escalated, {n['still_held']} held",
        ),
    ]


def _rates(found: Figures) -> list[_Row]:
    names = {
        "response": ("Response rate", "the agency contacted the citizen"),
        "resolution": ("Resolution rate", "the citizen says it is solved"),
        "satisfaction": ("Satisfaction rate", "basically satisfied counts 0.9"),
    }
    rows = []
    for key, (name, meaning) in names.items():
        rate = found.rates[key]
        value = "n/a" if rate["value"] is None else f"{rate['value'] * 100:.1f} %"
        said = f"{rate['numerator']:g} of {rate['denominator']} valid call-backs: {meaning}"
        rows.append((name, f"[bold]{value}[/]", said))
    return rows


def _path(found: Figures) -> list[_Row]:
    n, values = found.counts, found.latencies_ms
    said = f"from POST to the agency's webhook, {len(values)} orders"
    parts = ", ".join(f"{k} {percentile(v, 50):.0f}" for k, v in found.hops_ms.items() if v)
    hops = f"of the median: {parts} ms" if parts else ""
    authentic = "every" if n["webhooks"] == n["webhooks_authentic"] else n["webhooks_authentic"]
    return [
        ("POST to webhook p50", f"[bold]{percentile(values, 50)} ms[/]", said),
        ("POST to webhook p99", f"[bold]{percentile(values, 99)} ms[/]", hops),
        (
            "Webhooks",
            str(n["webhooks"]),
            f"at {n['agencies']} agencies' systems, {authentic} signature valid",
        ),
        ("Events", str(n["events"]), "on four topics, gap-free by complaint and service"),
    ]


def _listed(counts: Mapping[str, int]) -> str:
    ordered = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
    return ", ".join(f"{name} {count}" for name, count in ordered if count)
