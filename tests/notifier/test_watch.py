"""Who is told what, in which order, and what leaves the house."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest

from services.events import (
    CallbackDue,
    CaseClosed,
    CaseEscalated,
    CaseFollowed,
    CaseMerged,
    CaseOpened,
    CaseReopened,
    Cluster,
    OrderBreached,
    OrderDispatched,
    OrderReturned,
    SupervisionOpened,
    VerdictExcluded,
    WhistleMissed,
    decode,
)
from services.notifier.decide import (
    LEASE,
    Backlog,
    CallbackState,
    Directory,
    Endpoint,
    Watch,
    audience,
    for_outside,
    watch,
)
from services.notifier.decide.watch import delivery_id
from tests.builders import NOON, an_event
from tests.notifier.asking import asked
from tests.notifier.stories import (
    COMPLAINT,
    a_callback_due,
    a_dispatch,
    a_tracked_event,
    an_endpoint,
)

STREET = an_endpoint(1, "street-990101001")
DISTRICT = an_endpoint(2, "government-990101")
CITY = an_endpoint(3, None)


class Open:
    """Memory that takes everything behind nothing."""

    def accepts(self, endpoint: Endpoint, complaint_id: UUID, after: int | None) -> bool:
        """Take it unless something undelivered is before it."""
        return after is None


def told(step) -> list[tuple[str | None, int]]:
    agencies = {e.endpoint_id: e.agency for e in (STREET, DISTRICT, CITY)}
    return [(agencies[p.endpoint_id], p.sequence) for p in step.state.planned]


def test_a_dispatch_goes_to_the_agency_the_copies_and_whoever_gets_everything():
    """The district over its street is told too (接诉即办工作条例 art. 12), without liability."""
    event = a_tracked_event(a_dispatch(copies=("government-990101",)), 2)
    step = watch(event, None, Directory([STREET, DISTRICT, CITY]), Open(), NOON)
    assert sorted(told(step), key=str) == [
        ("government-990101", 2),
        ("street-990101001", 2),
        (None, 2),
    ]


def test_an_endpoint_gets_the_types_it_asked_for():
    """No event, no row: what nobody wants costs nothing."""
    event = a_tracked_event(CaseOpened(number="LZ-1", outcome="routed"), 1)
    step = watch(event, None, Directory([STREET, CITY]), Open(), NOON)
    assert step.state.planned == ()


def test_a_switched_off_endpoint_is_planned_nothing():
    """It would only grow a heap that nobody sends."""
    off = an_endpoint(4, "street-990101001", is_enabled=False)
    step = watch(a_tracked_event(a_dispatch(), 2), None, Directory([off]), Open(), NOON)
    assert step.state.planned == ()


@pytest.mark.parametrize(
    ("fact", "agencies"),
    [
        (CaseClosed(reason="confirmed"), {"a", "b"}),
        (
            CaseEscalated(order_id=COMPLAINT, agency="a", level=1, raised_to="c"),
            {"a", "c"},
        ),
        (
            OrderBreached(order_id=COMPLAINT, agency="a", clock="handle", due_at=NOON),
            {"a"},
        ),
        (
            OrderBreached(
                order_id=COMPLAINT, agency="b", clock="handle", due_at=NOON, answerable="c"
            ),
            {"b", "c"},
        ),
        (CaseOpened(number="LZ-1", outcome="held"), set()),
        (
            SupervisionOpened(
                supervision_id=COMPLAINT, because="unsigned", level=1, raised_to="c", agency="a"
            ),
            {"a", "c"},
        ),
        (
            WhistleMissed(
                whistle_id=COMPLAINT,
                agency="a",
                clock="arrive",
                due_at=NOON,
                raised_by="s",
                raised_to="c",
            ),
            {"a", "c", "s"},
        ),
        (VerdictExcluded(callback_id=COMPLAINT, reason="x", approved_by="y"), {"a", "b"}),
    ],
)
def test_a_fact_concerns_the_agencies_that_must_act_or_know(fact, agencies):
    """An agency sees its own orders only."""
    assert audience(fact, frozenset({"a", "b"})) == agencies


def test_a_merge_doesnt_tell_agencies_of_the_other_complaint():
    """Its id would link two people, one of whom may be secret."""
    event = a_tracked_event(CaseMerged(into=COMPLAINT, merged_by="duty"), 2)
    assert for_outside(event).data == CaseMerged(merged_by="duty")


def test_who_answered_for_a_merged_case_is_told_its_verdict():
    """It is scored for it."""
    fact = CaseFollowed(order_id=COMPLAINT, agency="water-company", answer="已修复")
    step = watch(a_tracked_event(fact, 2), None, Directory([]), Open(), NOON)
    assert step.state.agencies == {"water-company"}


def test_who_handled_the_matter_is_not_told_when_the_citizen_is_asked():
    """It could lean on the person before the call-back."""
    assert audience(a_callback_due(), frozenset({"street-990101001"})) == frozenset()


def test_an_agency_that_returned_its_order_hears_no_more_of_the_case():
    """It isn't theirs; the end of the case is nobody's business there."""
    directory, state = Directory([STREET]), None
    returned = OrderReturned(
        order_id=COMPLAINT, agency="street-990101001", attempt=1, reason="not ours"
    )
    facts = (a_dispatch(), returned, CaseClosed(reason="confirmed"))
    for sequence, fact in enumerate(facts, 1):
        state = watch(a_tracked_event(fact, sequence), state, directory, Open(), NOON).state
    assert [planned.sequence for planned in state.planned] == [1, 2]


def test_events_of_one_batch_wait_in_line_behind_each_other():
    """The second of them names the first, so that memory keeps their order."""
    directory, state = Directory([STREET]), None
    for sequence, fact in enumerate((a_dispatch(), CaseClosed(reason="confirmed")), 1):
        state = watch(a_tracked_event(fact, sequence), state, directory, Open(), NOON).state
    assert [(p.after, p.is_leased) for p in state.planned] == [(None, True), (1, True)]


@pytest.mark.parametrize(
    ("waits_until", "due_at"),
    [
        (NOON + timedelta(hours=5), NOON + timedelta(hours=5)),  # For its next attempt.
        (NOON + LEASE, NOON),  # It is being sent at this moment.
    ],
)
def test_an_event_behind_an_undelivered_one_waits_in_the_database(waits_until, due_at):
    """Sent from memory it would overtake; looked at all the time it would cost."""
    state = Watch(backlog={STREET.endpoint_id: Backlog(1, waits_until)})
    step = watch(a_tracked_event(a_dispatch(), 2), state, Directory([STREET]), Open(), NOON)
    (planned,) = step.state.planned
    assert (planned.is_leased, planned.after, planned.due_at) == (False, 1, due_at)


def test_planning_again_names_the_same_delivery():
    """A batch that is decided twice plans once."""
    event = a_tracked_event(a_dispatch(), 2)
    assert delivery_id(event, STREET) == delivery_id(event, STREET)
    assert delivery_id(event, STREET) != delivery_id(event, CITY)


def test_deliveries_sort_by_their_events_time():
    """One index finds a delivery and lists the newest; so the name must be time-ordered."""
    early = an_event(a_dispatch(), COMPLAINT, source="tracker", time=NOON)
    late = an_event(a_dispatch(), COMPLAINT, source="tracker", time=NOON + timedelta(seconds=1))
    assert delivery_id(early, CITY) < delivery_id(late, STREET)
    assert delivery_id(early, CITY).version == 8


def test_what_leaves_the_house_doesnt_name_the_reporter_even_by_token():
    """A token links one person's complaints; a secret reporter (保密) must stay one."""
    fact = a_dispatch(reporter="p-" + "0" * 30)
    step = watch(a_tracked_event(fact, 2), None, Directory([STREET]), Open(), NOON)
    (planned,) = step.state.planned
    assert b"p-000" not in planned.body
    sent = decode(planned.body)
    assert isinstance(sent.data, OrderDispatched)
    assert sent.data.matter.text == fact.matter.text


def test_what_leaves_the_house_names_no_other_persons_complaint():
    """The first complaint of a cluster is somebody else's."""
    fact = a_dispatch(cluster=Cluster(complaint_id=UUID(int=77), size=2, score=0.5))
    step = watch(a_tracked_event(fact, 2), None, Directory([STREET]), Open(), NOON)
    (planned,) = step.state.planned
    assert str(UUID(int=77)).encode() not in planned.body


def test_a_call_back_is_due_at_once_and_lapses_when_the_tracker_says():
    """The tracker has waited already: a second waiting would eat the answer's time."""
    step = asked(a_tracked_event(a_callback_due(), 5), None, Directory(), Open())
    (callback,) = step.state.callbacks
    assert callback.state is CallbackState.DUE
    assert [(d.kind, d.due_at) for d in step.set_deadlines] == [("lapse", NOON + timedelta(days=5))]


@pytest.mark.parametrize(
    "fact",
    [
        CaseClosed(reason="confirmed"),
        CaseReopened(round=2, callback_id=COMPLAINT, is_solved=False, satisfaction="dissatisfied"),
    ],
)
def test_a_case_that_went_on_asks_no_more(fact):
    """Somebody who has answered must not be called again."""
    state = asked(a_tracked_event(a_callback_due(), 5), None, Directory(), Open()).state
    step = watch(a_tracked_event(fact, 6), state, Directory(), Open(), NOON)
    (callback,) = step.state.callbacks
    assert callback.state is CallbackState.CANCELLED
    assert {kind for _, kind in step.clear_deadlines} == {"attempt", "lapse"}


def test_an_anonymous_reporter_lapses_without_an_attempt():
    """Nobody can be asked; the tracker must learn it now, not in five days."""
    event = a_tracked_event(a_callback_due(reporter=None), 5)
    step = asked(event, None, Directory(), Open())
    assert [type(fact).__name__ for fact in step.facts] == ["CallbackAttempted", "CallbackLapsed"]
    assert step.facts[1].reason == "no-contact"
    assert step.set_deadlines == ()


def test_the_same_call_back_is_planned_once():
    """A repeated event, whatever its sequence, must not ask twice."""
    first = asked(a_tracked_event(a_callback_due(), 5), None, Directory(), Open())
    again = asked(a_tracked_event(a_callback_due(), 6), first.state, Directory(), Open())
    assert len(again.state.callbacks) == 1
    assert isinstance(a_callback_due(), CallbackDue)
