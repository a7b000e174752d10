"""The figures of `whistle demo`: what a measure covers, and what it leaves out."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from services.cli.demo.book import Book, Hook, Posted
from services.cli.demo.fates import Fate, Handling, Verdict
from services.cli.demo.figures import passages, percentile
from services.cli.demo.ledger import Ledger
from services.cli.demo.morning import read_morning
from services.events import ComplaintReceived, ComplaintRouted, Event, OrderDispatched
from services.runtime.ids import new_id
from tests.builders import NOON, a_matter, an_event

ORDER_ID = new_id()


def a_passage() -> tuple[Ledger, Book]:
    """A call at noon: routed 20 ms, dispatched 50 ms, at the agency 90 ms after acceptance."""
    complaint_id, matter = new_id(), a_matter()
    common = {"scored": "water-company", "standard": "ordinary", "attempt": 1}
    facts = (
        (0, "intake", ComplaintReceived(matter=matter)),
        (
            20,
            "router",
            ComplaintRouted(
                matter=matter, lead="water-company", decided_by="rule", explanation="?", **common
            ),
        ),
        (
            50,
            "tracker",
            OrderDispatched(
                order_id=ORDER_ID,
                agency="water-company",
                role="lead",
                round=1,
                at_risk_at=NOON,
                due_at=NOON,
                timeline=(),
                matter=matter,
                **common,
            ),
        ),
    )
    ledger, book = Ledger(), Book()
    for late_ms, source, fact in facts:
        at = NOON + timedelta(milliseconds=late_ms)
        ledger.add(an_event(fact, complaint_id, source=source, time=at))
    fate = Fate(Handling.PROMPT, None, Verdict(True, True, "satisfied"), 1)
    book.accept(Posted(complaint_id, matter.number, read_morning()[0], fate, posted_at_s=5.0))
    book.hooks.append(
        Hook(
            agency="water-company",
            event_id=new_id(),
            event_type="OrderDispatched",
            complaint_id=complaint_id,
            order_id=ORDER_ID,
            is_authentic=True,
            received_at_s=5.1,
            received_at=NOON + timedelta(milliseconds=90),
        )
    )
    return ledger, book


def events_of(ledger: Ledger) -> list[Event]:
    """The only history's events."""
    (history,) = ledger.histories.values()
    return history.events


def test_a_passage_is_measured_whole_and_by_its_parts() -> None:
    """The parts say which service to look at."""
    (found,) = passages(*a_passage())

    assert found.whole_ms == pytest.approx(100)
    assert found.hops_ms == {"router": 20, "tracker": 30, "notifier": 40}


def test_a_copy_that_is_there_earlier_is_not_the_agencys_order() -> None:
    """The district is told of its street's order; the promise is about the street."""
    ledger, book = a_passage()
    book.hooks.insert(0, replace(book.hooks[0], agency="government-990101", received_at_s=5.01))

    (found,) = passages(ledger, book)

    assert found.whole_ms == pytest.approx(100)


@pytest.mark.parametrize("missing", [ComplaintReceived, ComplaintRouted, OrderDispatched])
def test_a_gap_in_the_log_is_no_passage_and_no_crash(missing: type) -> None:
    """The reckoning must still be printed, for it names what is missing."""
    ledger, book = a_passage()
    events = events_of(ledger)
    events[:] = [event for event in events if not isinstance(event.data, missing)]

    assert passages(ledger, book) == []


def test_percentiles_are_values_that_were_measured() -> None:
    """An interpolated one is nobody's waiting time."""
    assert percentile([], 50) is None
    assert percentile([7.0], 99) == 7.0
    assert percentile([4.0, 1.0, 3.0, 2.0], 50) == 2.0
    assert percentile([float(n) for n in range(1, 201)], 99) == 198.0
