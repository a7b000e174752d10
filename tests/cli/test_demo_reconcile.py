"""The reckoning of `whistle demo`: what is missing is found and named."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from services.cli.demo.book import Hook
from services.cli.demo.ledger import Ledger, unsettled
from services.cli.demo.reconcile import Evidence, reconcile
from services.events import (
    CallbackAnswered,
    CallbackDue,
    CallbackLapsed,
    CaseClosed,
    CaseEscalated,
    CaseOpened,
    ComplaintHeld,
    ComplaintReceived,
    ComplaintRouted,
    Event,
    Fact,
    OrderBreached,
    OrderDispatched,
    OrderResolved,
    OrderSigned,
    Satisfaction,
)
from services.runtime.ids import new_id
from tests.builders import NOON, a_matter, an_event

SERVICES = {
    ComplaintReceived: "intake",
    CallbackAnswered: "intake",
    ComplaintRouted: "router",
    ComplaintHeld: "router",
}


def a_story(number: str) -> list[Event]:
    """One complaint from call to the citizen's confirmation, breached and escalated on the way."""
    complaint_id, order_id, callback_id, answer_id = (new_id() for _ in range(4))
    matter = a_matter(number=number)
    due_at = NOON + timedelta(seconds=8)
    order: dict[str, Any] = {"order_id": order_id, "agency": "water-company"}
    verdict: dict[str, Any] = {"is_solved": True, "satisfaction": Satisfaction.BASICALLY}
    facts: list[Fact] = [
        ComplaintReceived(matter=matter),
        ComplaintRouted(
            matter=matter,
            attempt=1,
            lead="water-company",
            scored="water-company",
            standard="ordinary",
            decided_by="rule",
            explanation="by the rule",
        ),
        CaseOpened(number=number, outcome="routed"),
        OrderDispatched(
            **order,
            role="lead",
            round=1,
            attempt=1,
            scored="water-company",
            standard="ordinary",
            at_risk_at=due_at,
            due_at=due_at,
            timeline=(),
            matter=matter,
        ),
        OrderSigned(**order),
        OrderBreached(**order, clock="handle", due_at=due_at),
        CaseEscalated(**order, level=1, raised_to="city-housing"),
        OrderResolved(**order, answer="修好了", is_on_time=False),
        CallbackDue(
            callback_id=callback_id,
            round=1,
            order_id=order_id,
            agency="water-company",
            number=number,
            answer="修好了",
            language="zh",
            lapses_at=due_at,
        ),
        CallbackAnswered(
            callback_id=callback_id, answered_by="citizen", is_contacted=True, **verdict
        ),
        CaseClosed(reason="confirmed", **verdict),
    ]
    said: dict[str, int] = {}
    events = []
    for fact in facts:
        source = SERVICES.get(type(fact), "tracker")
        said[source] = said.get(source, 0) + 1
        more: dict[str, Any] = {"id": answer_id} if isinstance(fact, CallbackAnswered) else {}
        more |= {"causeid": answer_id} if isinstance(fact, CaseClosed) else {}
        events.append(an_event(fact, complaint_id, source=source, sequence=said[source], **more))
    return events


def the_evidence(*stories: list[Event]) -> Evidence:
    """What is known after these stories, with every count right."""
    ledger, numbers, hooks = Ledger(), {}, []
    for story in stories:
        numbers[story[0].complaintid] = story[0].data.matter.number  # type: ignore[attr-defined]
        for event in story:
            ledger.add(event)
            if isinstance(event.data, OrderDispatched):
                hooks.append(a_hook(event))
    count = len(stories)
    outcomes = {"routed": count, "held": 0, "diverted": 0, "answered": 0}
    rate = {"denominator": count, "numerator": count}
    return Evidence(
        numbers=numbers,
        planned=count,
        ledger=ledger,
        hooks=hooks,
        systems=frozenset({"water-company"}),
        basically_counts=0.9,
        intake={"received": count},
        router={"received": count, "first_outcomes": outcomes, **outcomes},
        tracker={
            "cases": [{"outcome": "routed", "count": count}],
            "orders": [{"count": count}],
            "callbacks": [{"state": "answered", "count": count}],
        },
        rates={
            "response": rate,
            "resolution": rate,
            "satisfaction": {"denominator": count, "numerator": round(0.9 * count, 6)},
            "orders": {"resolved_on_time": 0, "resolved_late": count, "breached": count},
        },
    )


def a_hook(event: Event) -> Hook:
    """The webhook of a dispatched order."""
    fact = event.data
    assert isinstance(fact, OrderDispatched)
    return Hook(
        fact.agency, event.id, "OrderDispatched", event.complaintid, fact.order_id, True, 0.0, NOON
    )


def without(evidence: Evidence, story: list[Event], *kinds: type[Fact]) -> Evidence:
    """Take facts of one complaint out of the log; all kinds if none is named."""
    history = evidence.ledger.histories[story[0].complaintid]
    history.events = [e for e in history.events if kinds and not isinstance(e.data, kinds)]
    if not history.events:
        del evidence.ledger.histories[story[0].complaintid]
    return evidence


def faults(evidence: Evidence) -> list[str]:
    """The reckoning, as it is printed."""
    return [str(fault) for fault in reconcile(evidence)]


def test_a_morning_in_which_nothing_is_lost_has_no_fault() -> None:
    """Otherwise every other test here would prove nothing."""
    assert faults(the_evidence(a_story("DM-261124-000001"), a_story("DM-261124-000002"))) == []


def test_a_complaint_that_no_topic_knows_is_named() -> None:
    """The one thing this system must never do is lose a call."""
    lost, kept = a_story("DM-261124-000007"), a_story("DM-261124-000008")
    evidence = without(the_evidence(lost, kept), lost)

    found = faults(evidence)

    assert any("DM-261124-000007: accepted by intake, and no topic" in line for line in found)
    assert not any("000008" in line for line in found)


@pytest.mark.parametrize(
    ("missing", "said"),
    [
        ((ComplaintRouted,), "neither routed nor held nor diverted nor answered"),
        ((CaseOpened,), "0 cases opened"),
        ((OrderDispatched,), "routed, and no order was dispatched"),
        ((CaseEscalated,), "breached, escalated 0 times"),
        ((OrderSigned,), "tracker's events aren't 1, 2, 3 …"),
        ((ComplaintReceived,), "received 0 times"),
    ],
)
def test_a_missing_step_is_named_with_its_complaint(
    missing: tuple[type[Fact], ...], said: str
) -> None:
    """Whoever looks into it starts from the number."""
    gap, whole = a_story("DM-261124-000003"), a_story("DM-261124-000004")
    found = faults(without(the_evidence(gap, whole), gap, *missing))

    assert any(line.startswith("DM-261124-000003") and said in line for line in found), found
    assert not any("000004" in line for line in found)


def test_an_order_whose_webhook_never_came_is_named() -> None:
    """Dispatched in our books only, nobody would work on it."""
    story = a_story("DM-261124-000005")
    evidence = replace(the_evidence(story), hooks=())

    (found,) = faults(evidence)

    assert found.startswith("DM-261124-000005: no webhook of order")


def test_a_webhook_with_a_wrong_signature_doesnt_count() -> None:
    """An agency must not act on what anybody could have sent."""
    evidence = the_evidence(a_story("DM-261124-000006"))
    evidence = replace(evidence, hooks=[replace(h, is_authentic=False) for h in evidence.hooks])

    found = faults(evidence)

    assert any("no webhook of order" in line for line in found)
    assert any("1 with a signature that doesn't fit" in line for line in found)


def test_a_call_that_was_never_accepted_is_counted() -> None:
    """A refused call has no number, but the morning had it."""
    evidence = replace(the_evidence(a_story("DM-261124-000001")), planned=2)

    assert faults(evidence) == ["calls: 1 of 2 were not accepted"]


def test_a_second_outcome_at_first_is_not_taken_for_two() -> None:
    """Held first and settled by a person later is one complaint, held first, routed now."""
    story = a_story("DM-261124-000001")
    routed = next(e for e in story if isinstance(e.data, ComplaintRouted))
    held = an_event(
        ComplaintHeld(matter=a_matter(), reason="no-place", attempt=1, explanation="?"),
        routed.complaintid,
        source="router",
    )
    evidence = the_evidence(story)
    history = evidence.ledger.histories[routed.complaintid]
    history.events.remove(routed)
    history.events += [held, routed.model_copy(update={"sequence": 2})]

    found = faults(evidence)

    assert "first held: log counts 1, router counts 0" in found
    assert "DM-261124-000001: held by the router, opened as routed by the tracker" in found
    assert not any(line.startswith("routed:") for line in found)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"intake": {"received": 2}}, "received: accepted counts 1, intake counts 2"),
        (
            {"tracker": {"cases": [], "orders": [{"count": 1}], "callbacks": []}},
            "routed: log counts 1, router counts 1, tracker counts 0",
        ),
    ],
)
def test_counts_of_services_that_differ_from_the_log_are_named(
    changed: dict[str, Any], said: str
) -> None:
    """Four services and the log count independently; one of them would be wrong."""
    evidence = replace(the_evidence(a_story("DM-261124-000001")), **changed)

    assert said in faults(evidence)


def test_a_published_rate_must_be_the_one_the_log_gives() -> None:
    """Agencies are ranked by it."""
    evidence = the_evidence(a_story("DM-261124-000001"))
    wrong = {**evidence.rates, "satisfaction": {"denominator": 1, "numerator": 1}}

    found = faults(replace(evidence, rates=wrong))

    assert found == ["satisfaction rate: log counts 0.9, tracker counts 1"]


def test_an_unfinished_complaint_is_named_with_its_last_fact() -> None:
    """When the time is up the play says where it stands."""
    story = a_story("DM-261124-000009")
    evidence = the_evidence(story)

    found = faults(replace(evidence, unsettled=[story[0].complaintid]))

    assert found[0].startswith("DM-261124-000009: didn't come to rest")


def settled(story: list[Event], *, left: bool = False, silent: bool = False) -> bool:
    """Whether the play would stop waiting for this complaint."""
    ledger, complaint_id = Ledger(), story[0].complaintid
    for event in story:
        ledger.add(event)
    ids: list[UUID] = [complaint_id]
    return not unsettled(ledger, ids, ids if left else (), ids if silent else ())


def test_a_breached_order_is_waited_for_unless_its_agency_is_silent() -> None:
    """An agency that was told off still answers; one that plays dead never does."""
    story = a_story("DM-261124-000001")
    until_escalated = story[:7]

    assert settled(story)
    assert not settled(until_escalated)
    assert settled(until_escalated, silent=True)
    assert not settled(story[:5], silent=True)


def test_a_held_complaint_is_waited_for_until_the_dispatcher_has_left_it() -> None:
    """Between the two a decision may still come."""
    received, opened = a_story("DM-261124-000001")[0], CaseOpened(number="x", outcome="held")
    held = ComplaintHeld(matter=a_matter(), reason="no-place", attempt=1, explanation="?")
    story = [
        received,
        an_event(held, received.complaintid, source="router"),
        an_event(opened, received.complaintid, source="tracker"),
    ]

    assert not settled(story)
    assert settled(story, left=True)


def test_an_event_that_was_told_twice_counts_once() -> None:
    """Topics hold every event at least once; the same id is the same event."""
    story = a_story("DM-261124-000001")
    evidence = the_evidence(story)

    assert not evidence.ledger.add(story[0])
    assert evidence.ledger.repeated == 1
    assert faults(evidence) == []


def test_another_event_with_a_number_that_was_given_is_a_fault() -> None:
    """Two events in one place of a history: somebody wrote without the lock."""
    story = a_story("DM-261124-000001")
    evidence = the_evidence(story)
    evidence.ledger.add(story[0].model_copy(update={"id": new_id()}))

    assert "DM-261124-000001: intake's events aren't 1, 2, 3 …: [1, 2, 1]" in faults(evidence)


def test_a_lapse_that_came_after_the_answer_is_no_lapse() -> None:
    """Both are told when they meet; the tracker took the answer."""
    story = a_story("DM-261124-000001")
    evidence = the_evidence(story)
    callback_id = next(e.data for e in story if isinstance(e.data, CallbackDue)).callback_id
    lapse = CallbackLapsed(callback_id=callback_id, reason="no-answer")
    evidence.ledger.add(an_event(lapse, story[0].complaintid, source="notifier"))

    assert evidence.ledger.lapsed().total() == 0
    assert evidence.ledger.verdicts().valid == 1
    assert faults(evidence) == []
