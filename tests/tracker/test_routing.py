"""What follows from the router's word: cases open, orders go out, promises hold."""

from __future__ import annotations

from datetime import timedelta

import pytest

from services.events import CaseClosed, CaseOpened, OrderDispatched
from services.runtime.step import Ignored
from services.tracker.decide.case import CaseState, OrderState
from tests.builders import NOON, a_matter
from tests.policies import SLA, a_policy
from tests.tracker.stories import GOVERNMENT, STREET, WATER, Story, diverted, held, routed


def test_a_routed_complaint_opens_a_case_and_dispatches_to_lead_and_assists() -> None:
    """The order is out with the same step that opens the case."""
    story = Story()
    story.hear(routed(assists=(WATER, "city-housing")))
    assert story.said == ["CaseOpened", *["OrderDispatched"] * 3]
    assert [(o.agency, o.role) for o in story.open.orders] == [
        (STREET, "lead"),
        (WATER, "assist"),
        ("city-housing", "assist"),
    ]
    assert story.open.state is CaseState.HANDLING
    assert story.last(CaseOpened).outcome == "routed"


def test_the_clocks_start_at_dispatch() -> None:
    """Not at signing: an agency that never signs would have no clock at all."""
    story = Story()
    story.hear(routed())
    dispatched = story.last(OrderDispatched)
    assert dispatched.sign_due_at == NOON + timedelta(hours=2)  # ordinary: sign within 2h
    assert dispatched.due_at == NOON + timedelta(days=7)  # handle within 7d
    assert dispatched.at_risk_at == NOON + timedelta(days=6)  # 24h before
    assert story.running(story.lead) == {"sign", "at-risk", "due"}
    assert dispatched.timeline[-1].ends_at == dispatched.due_at


def test_a_standard_without_signing_has_no_sign_clock() -> None:
    """Nobody waits for a signature that nobody asked for."""
    story = Story(a_policy(sla=SLA.replace('sign_within = "2h"\n', "")))
    story.hear(routed())
    assert story.last(OrderDispatched).sign_due_at is None
    assert story.running(story.lead) == {"at-risk", "due"}


def test_only_the_lead_is_told_who_gets_copies() -> None:
    """A copy tells the district about its street once, not once for each order."""
    story = Story()
    story.hear(routed(assists=(WATER,)))
    assert [fact.copies for fact in story.all(OrderDispatched)] == [(GOVERNMENT,), ()]


def test_an_agency_named_twice_gets_one_order() -> None:
    """The lead doesn't assist itself, and nobody assists twice."""
    story = Story()
    story.hear(routed(assists=(WATER, STREET, WATER)))
    assert [o.agency for o in story.open.orders] == [STREET, WATER]


def test_a_held_complaint_opens_a_case_without_a_promise() -> None:
    """An operator must name an agency first; only that is watched."""
    story = Story()
    story.hear(held())
    assert story.said == ["CaseOpened"]
    assert story.open.state is CaseState.HELD
    assert set(story.clocks) == {(story.complaint_id, "unassigned")}


def test_a_settled_hold_starts_its_clock_when_it_is_settled() -> None:
    """The agency isn't to blame for the hours an operator needed."""
    story = Story()
    story.hear(held())
    story.wait(timedelta(hours=5))
    story.hear(routed(decided_by="operator"))
    assert story.said == ["CaseOpened", "OrderDispatched"]
    assert story.last(OrderDispatched).due_at == NOON + timedelta(hours=5, days=7)


def test_a_diverted_complaint_opens_and_closes_at_once() -> None:
    """It is in the totals, and no order is due."""
    story = Story()
    story.hear(diverted())
    assert story.said == ["CaseOpened", "CaseClosed"]
    assert story.last(CaseClosed).reason == "diverted"
    assert story.clocks == {}


def test_an_operator_may_divert_what_was_held() -> None:
    """Triage can find that the statute names another way."""
    story = Story()
    story.hear(held())
    story.hear(diverted(decided_by="operator"))
    assert story.said == ["CaseOpened", "CaseClosed"]
    assert story.open.outcome == "diverted"


def test_a_return_does_not_move_the_citizens_promise() -> None:
    """The next agency gets what is left; only the sign clock is its own."""
    story = Story()
    story.hear(routed())
    first = story.lead.clock
    story.wait(timedelta(hours=30))
    story.give_back()
    story.hear(routed(lead=GOVERNMENT, attempt=2, excluded=(STREET,)))
    again = story.last(OrderDispatched)
    assert (again.agency, again.attempt, again.round) == (GOVERNMENT, 2, 1)
    assert again.due_at == first.due_at
    assert again.timeline == first.timeline
    assert again.sign_due_at == story.now + timedelta(hours=2)


def test_a_stricter_standard_after_a_return_counts_from_the_new_dispatch() -> None:
    """24 h from now is sooner than what is left of seven days."""
    story = Story()
    story.hear(routed())
    story.wait(timedelta(hours=30))
    story.give_back()
    story.hear(routed(lead=WATER, attempt=2, standard="utilities"))
    assert story.last(OrderDispatched).due_at == story.now + timedelta(hours=24)


def test_a_looser_standard_after_a_return_gives_no_more_time() -> None:
    """The citizen was told a date; being passed on is no reason for a later one."""
    story = Story()
    story.hear(routed())
    story.give_back()
    story.hear(routed(lead="city-housing", attempt=2, standard="complex"))
    assert story.last(OrderDispatched).due_at == NOON + timedelta(days=7)


def test_a_promise_that_is_broken_already_is_made_anew_for_the_next_agency() -> None:
    """Whoever let it pass has the breach; the next must not be late at birth."""
    story = Story()
    story.hear(routed())
    story.wait(timedelta(days=8))
    story.give_back()
    story.hear(routed(lead=GOVERNMENT, attempt=2))
    assert story.last(OrderDispatched).due_at == story.now + timedelta(days=7)


def test_an_order_given_out_in_its_last_hours_is_at_risk_at_once() -> None:
    """The next agency must know how little is left."""
    story = Story()
    story.hear(routed())
    story.wait(timedelta(days=6, hours=12))
    story.give_back()
    story.hear(routed(lead=GOVERNMENT, attempt=2))
    assert story.last(OrderDispatched).at_risk_at == story.now
    story.wait(timedelta(0))
    assert story.said[-1] == "OrderAtRisk"


def test_an_assist_that_goes_on_assisting_keeps_its_order() -> None:
    """It has begun already; a second order would be a second clock."""
    story = Story()
    story.hear(routed(assists=(WATER, "city-housing")))
    kept = story.open.orders[1]
    story.give_back()
    story.hear(routed(lead=GOVERNMENT, attempt=2, assists=(WATER,)))
    assert story.open.order(kept.order_id) == kept
    states = {o.agency: o.state for o in story.open.orders}
    assert states["city-housing"] is OrderState.RECALLED
    assert [o.agency for o in story.open.orders] == [STREET, WATER, "city-housing", GOVERNMENT]


def test_an_assist_that_becomes_the_lead_gives_its_assisting_order_back() -> None:
    """One agency, one order."""
    story = Story()
    story.hear(routed(assists=(WATER,)))
    assisting = story.open.orders[1]
    story.give_back()
    story.hear(routed(lead=WATER, attempt=2))
    recalled = story.open.order(assisting.order_id)
    assert recalled is not None
    assert recalled.state is OrderState.RECALLED
    assert story.running(assisting) == set()
    assert story.lead.agency == WATER


@pytest.mark.parametrize(
    ("fact", "reason"),
    [
        (routed(), "case-handling-not-routed"),
        (routed(lead=GOVERNMENT, attempt=2), "case-handling-not-routed"),
        (held(attempt=2), "case-handling-not-held"),
        (diverted(), "case-handling-not-diverted"),
    ],
)
def test_the_router_is_heard_only_while_nobody_has_the_case(fact, reason) -> None:
    """A routing that comes twice or late must not take the order from whoever has it."""
    story = Story()
    story.hear(routed())
    before = story.open
    assert story.hear(fact) == Ignored(reason)
    assert story.open is before


def test_a_routing_from_before_the_return_is_ignored() -> None:
    """It would send the case back to the agency that has just returned it."""
    story = Story()
    story.hear(routed())
    story.give_back()
    assert story.hear(routed()) == Ignored("routing-superseded")
    assert story.hear(held(attempt=1)) == Ignored("routing-superseded")


def test_a_case_held_after_a_return_waits_for_an_operator_and_keeps_its_promise() -> None:
    """Too many returns: a person decides, and the citizen's date stays."""
    story = Story()
    story.hear(routed())
    story.give_back()
    story.hear(held(reason="too-many-returns", attempt=2, excluded=(STREET,)))
    assert (story.open.held_because, story.open.excluded) == ("too-many-returns", (STREET,))
    story.wait(timedelta(days=1))
    story.hear(routed(lead=GOVERNMENT, attempt=2, decided_by="operator"))
    assert story.last(OrderDispatched).due_at == NOON + timedelta(days=7)
    assert story.open.held_because is None


def test_a_promise_stays_under_the_policy_it_was_made_under() -> None:
    """A bundle published meanwhile changes neither the case nor its hash."""
    story = Story()
    story.hear(routed())
    assert story.open.policy == story.policy.hash
    story.give_back()
    story.hear(routed(lead=GOVERNMENT, attempt=2, standard="only-in-a-later-bundle"))
    assert story.open.standard == "ordinary"
    assert story.last(OrderDispatched).due_at == NOON + timedelta(days=7)


def test_a_standard_the_deciding_bundle_does_not_know_is_a_bug() -> None:
    """Better a dead letter than a promise nobody made."""
    with pytest.raises(KeyError):
        Story().hear(routed(standard="nowhere"))


def test_deciding_again_names_the_orders_the_same() -> None:
    """A redelivery after a crash must not look like another order outside."""
    one, two = Story(), Story()
    two.complaint_id = one.complaint_id
    one.hear(routed(assists=(WATER,)))
    two.hear(routed(assists=(WATER,)))
    assert [o.order_id for o in one.open.orders] == [o.order_id for o in two.open.orders]


def test_a_provisional_due_instant_says_so() -> None:
    """Ten working days from mid-December reach into a year that isn't published."""
    story = Story(at=NOON + timedelta(days=25))
    story.hear(routed(matter=a_matter(category="housing-deed"), standard="complex"))
    assert story.last(OrderDispatched).is_due_provisional
