"""Agencies dispute whose a case is: who may return it, who goes on, what a designation does."""

from __future__ import annotations

from datetime import timedelta

from services.events import (
    CaseClosed,
    Diversion,
    OrderDispatched,
    OrderRecalled,
    OrderReturned,
    OrderReturnRefused,
    Satisfaction,
)
from services.runtime.step import Ignored
from services.tracker.decide.case import CallbackState, CaseState, OrderState
from tests.policies import CITY, a_policy
from tests.tracker.stories import (
    GOVERNMENT,
    STREET,
    WATER,
    Story,
    diverted,
    held,
    prompt_policy,
    routed,
)


def disputed(story: Story | None = None) -> Story:
    """A case that the street returned, and that is held for a consultation while it goes on."""
    story = story or Story()
    story.hear(routed())
    story.give_back()
    story.hear(
        held(reason="too-many-returns", attempt=2, excluded=(STREET,), handles_meanwhile=STREET)
    )
    story.facts.clear()
    return story


def designated(lead: str = GOVERNMENT, **changes: object) -> object:
    """What a person decides after the consultation."""
    fields = {
        "attempt": 2,
        "lead": lead,
        "decided_by": "operator",
        "rule": None,
        "is_designated": True,
        "consulted": (STREET, GOVERNMENT),
    }
    return routed(**(fields | changes))


def test_whoever_had_it_first_goes_on_while_it_is_disputed() -> None:
    """Handle first, argue later (先办后议): the citizen's promise runs on."""
    story = Story()
    story.hear(routed())
    promised = story.last(OrderDispatched).due_at
    story.wait(timedelta(hours=3))
    story.give_back()
    story.hear(held(reason="ping-pong", attempt=2, handles_meanwhile=STREET))
    order = story.last(OrderDispatched)
    assert (order.agency, order.tenure, order.due_at) == (STREET, "meanwhile", promised)
    assert story.open.state is CaseState.HANDLING
    assert story.open.held_because == "ping-pong"
    assert story.running(story.lead) == {"sign", "at-risk", "due"}


def test_whoever_goes_on_meanwhile_cannot_return_it_again() -> None:
    """Else the dispute would never end."""
    story = disputed()
    story.give_back()
    refused = story.last(OrderReturnRefused)
    assert (refused.agency, refused.refused_as) == (STREET, "meanwhile")
    assert story.lead.is_open


def test_a_designation_moves_the_order_and_is_final() -> None:
    """The agency was heard, so it may not return what a person gave it (指定办理)."""
    story = disputed()
    story.hear(designated())
    order = story.last(OrderDispatched)
    assert (order.agency, order.tenure, order.returnable_until) == (GOVERNMENT, "designated", None)
    assert [o.state for o in story.open.orders] == [
        OrderState.RETURNED,
        OrderState.RECALLED,
        OrderState.DISPATCHED,
    ]
    assert story.last(OrderRecalled).agency == STREET  # It need not go on.
    assert story.open.held_because is None
    story.give_back()
    assert story.last(OrderReturnRefused).refused_as == "designated"
    assert story.all(OrderReturned) == []


def test_whoever_went_on_may_be_designated_and_gets_an_order_of_its_own() -> None:
    """The two orders must not share an id, or the second would be taken for the first."""
    story = disputed()
    meanwhile = story.lead.order_id
    story.hear(designated(STREET))
    assert story.lead.agency == STREET
    assert story.lead.order_id != meanwhile
    assert story.lead.tenure == "designated"


def test_a_designation_that_comes_twice_dispatches_once() -> None:
    """The second finds no dispute any more."""
    story = disputed()
    story.hear(designated())
    assert story.hear(designated(WATER)) == Ignored("case-handling-not-routed")
    assert story.lead.agency == GOVERNMENT


def test_a_person_may_find_in_a_dispute_that_no_order_is_due() -> None:
    """Whoever went on is relieved, and the citizen told the other way."""
    story = disputed()
    story.hear(diverted(diversion=Diversion.BEYOND_DUTY, decided_by="operator"))
    assert story.last(CaseClosed).reason == "diverted"
    assert all(not order.is_open for order in story.open.orders)
    assert story.clocks == {}


def test_work_done_meanwhile_counts_and_a_reopening_goes_to_the_designated() -> None:
    """The citizen isn't asked twice for one repair; but who answers from now on is settled."""
    story = disputed(Story(prompt_policy()))
    story.resolve()
    assert story.open.state is CaseState.RESOLVED
    story.hear(designated())
    assert story.open.state is CaseState.RESOLVED
    story.answer(solved=False, satisfaction=Satisfaction.DISSATISFIED)
    assert (story.lead.agency, story.lead.round) == (GOVERNMENT, 2)


def test_a_return_after_the_policys_time_is_refused() -> None:
    """Who sits on an order for a day can't find then that it was never theirs."""
    story = Story(a_policy(city=CITY + 'return_within = "24h"\n'))
    story.hear(routed())
    until = story.last(OrderDispatched).returnable_until
    assert until is not None
    story.wait(timedelta(hours=24, seconds=1))
    story.give_back()
    assert story.last(OrderReturnRefused).refused_as == "too-late"
    story.give_back(reported_at=until)
    assert story.last(OrderReturned).agency == STREET


def test_a_first_hold_has_nobody_who_could_go_on() -> None:
    """Nobody has had the case yet."""
    story = Story()
    story.hear(held(handles_meanwhile=None))
    assert story.open.state is CaseState.HELD
    assert story.open.orders == ()


def test_whoever_went_on_and_only_assists_from_now_on_has_one_order() -> None:
    """Else its answer to the first would end the matter for the lead."""
    story = disputed()
    meanwhile = story.lead.order_id
    story.hear(designated(assists=(STREET,)))
    open_orders = [(order.agency, order.role) for order in story.open.orders if order.is_open]
    assert open_orders == [(GOVERNMENT, "lead"), (STREET, "assist")]
    order = story.open.order(meanwhile)
    assert order is not None
    assert order.state is OrderState.RECALLED


def test_a_designation_after_a_reopening_is_an_order_of_its_own() -> None:
    """The reopened order and the designated one are of one round and attempt."""
    story = disputed(Story(prompt_policy()))
    story.resolve()
    story.answer(solved=False, satisfaction=Satisfaction.DISSATISFIED)
    story.hear(designated(STREET))
    ids = [order.order_id for order in story.open.orders]
    assert len(set(ids)) == len(ids)
    assert (story.lead.tenure, story.lead.is_open) == ("designated", True)
    assert story.running(story.lead) >= {"at-risk", "due"}


def test_a_dismissal_after_the_work_was_done_ends_the_case() -> None:
    """The citizen is told the reply and not asked about work that wasn't due."""
    story = disputed(Story(prompt_policy()))
    story.resolve()
    story.hear(diverted(diversion=Diversion.BEYOND_DUTY, decided_by="operator"))
    closed = story.last(CaseClosed)
    assert (closed.reason, closed.reply) == ("diverted", "请向法院提出。")
    assert story.callback.state is CallbackState.DROPPED
