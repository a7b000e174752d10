"""The reckoning as a table for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.table import Table

from services.cli.demo.figures import HOPS, percentile

if TYPE_CHECKING:
    from collections.abc import Mapping

    from services.cli.demo.figures import Figures

#: How the closings read to somebody who doesn't know the facts.
_CLOSED = {
    "confirmed": "confirmed by the citizen",
    "unconfirmed": "nobody answered",
    "unsatisfied": "still not content",
    "diverted": "another way",
    "answered": "answered at once",
}


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
    by = {
        "rule": "catalogue",
        "fallback": "fell back to the district",
        "operator": "a person",
        "model": "past orders",
    }
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
        ("  answered", str(n["answered"]), "at once, from what is known"),
    ]


def _later(found: Figures) -> int:
    """Complaints held only after an agency had returned them."""
    return sum(found.held.values()) - found.counts["held"]


def _orders(n: Mapping[str, int]) -> list[_Row]:
    ended = n["breached"] - n["late"] - n["open"]
    taken_back = f", {ended} taken back" if ended else ""
    return [
        ("Orders", str(n["orders"]), f"{n['orders_to_assist']} of them to assist"),
        ("  on time", f"[green]{n['on_time']}[/]", f"{n['at_risk']} warnings before the limit"),
        (
            "  breached",
            f"[red]{n['breached']}[/]",
            (
                f"{n['late']} answered late, {n['open']} still owe an answer{taken_back};"
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
    parts = ", ".join(f"{name} {percentile(found.hop_ms(name), 50)}" for name in HOPS)
    hops = f"medians of its parts: {parts} ms" if values else ""
    authentic = "every" if n["webhooks"] == n["webhooks_authentic"] else n["webhooks_authentic"]
    return [
        ("POST to webhook p50", f"[bold]{percentile(values, 50)} ms[/]", said),
        ("POST to webhook p99", f"[bold]{percentile(values, 99)} ms[/]", hops),
        (
            "Webhooks",
            str(n["webhooks"]),
            f"at {n['agencies']} agencies' systems, {authentic} signature valid",
        ),
        (
            "Events",
            str(n["events"]),
            f"on four topics, gap-free by complaint and service; {n['repeated']} told twice",
        ),
    ]


def _listed(counts: Mapping[str, int]) -> str:
    ordered = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
    return ", ".join(f"{name} {count}" for name, count in ordered if count)
