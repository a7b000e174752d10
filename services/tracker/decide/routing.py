"""What follows from the router's word: a case opens, an agency gets the order."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from services.events import (
    CaseOpened,
    CaseResumed,
    ComplaintAnswered,
    ComplaintDiverted,
    ComplaintHeld,
    ComplaintRouted,
)
from services.runtime.step import Ignored, Step
from services.tracker.decide import ladder
from services.tracker.decide.case import Case, CaseState, Clock, Order
from services.tracker.decide.lifecycle import CaseTrigger, next_case
from services.tracker.decide.turn import Turn

if TYPE_CHECKING:
    from datetime import datetime

    from services.events import Event
    from services.policy import Policy
    from services.policy.standards import Standard
    from services.tracker.decide.case import Outcome


def routed(
    event: Event, fact: ComplaintRouted, case: Case | None, policy: Policy, now: datetime
) -> Step[Case] | Ignored:
    """Dispatch to the lead and to everyone who assists.

    The clock starts now, when the agency gets the order: not when it signs (it could stall)
    and not when the citizen called (an outage of ours isn't the agency's fault).
    """
    trigger = CaseTrigger.DESIGNATED if _is_disputed(case) else CaseTrigger.ROUTED
    state = next_case(case.state if case else None, trigger)
    if isinstance(state, Ignored):
        return state
    if case is not None and fact.attempt < case.attempt:
        return Ignored("routing-superseded")
    turn = _begin(event, fact, case, policy=policy, now=now, becomes=("routed", state))
    standard = _standard(turn, fact.standard)
    turn.case = replace(
        turn.case,
        attempt=fact.attempt,
        lead=fact.lead,
        scored=fact.scored,
        standard=standard.key,
        copies=fact.copies,
        excluded=fact.excluded,
        held_because=None,
    )
    if state in (CaseState.RESOLVED, CaseState.MERGED):
        # Who handled it meanwhile was faster, or another case has it: the next order goes there.
        turn.heard(fact)
    else:
        _dispatch(turn, fact, passed_on(turn, standard))
    return turn.step()


def _is_disputed(case: Case | None) -> bool:
    """Tell whether somebody handles a case only until a person has decided whose it is."""
    with_agency = (CaseState.HANDLING, CaseState.RESOLVED)
    return case is not None and case.state in with_agency and case.held_because is not None


def held(
    event: Event, fact: ComplaintHeld, case: Case | None, policy: Policy, now: datetime
) -> Step[Case] | Ignored:
    """Keep a case that nobody has yet; an operator settles it in triage."""
    goes_on = fact.handles_meanwhile is not None and case is not None
    trigger = CaseTrigger.CONSULTED if goes_on else CaseTrigger.HELD
    state = next_case(case.state if case else None, trigger)
    if isinstance(state, Ignored):
        return state
    if case is not None and fact.attempt < case.attempt:
        return Ignored("routing-superseded")
    turn = _begin(event, fact, case, policy=policy, now=now, becomes=("held", state))
    turn.case = replace(
        turn.case, attempt=fact.attempt, excluded=fact.excluded, held_because=fact.reason
    )
    if case is not None:
        turn.heard(fact)
    if goes_on:
        _go_on(turn, fact)
    elif case is None or case.state is not CaseState.HELD:
        ladder.watch_unassigned(turn)  # Held again, it has waited since it was held first.
    return turn.step()


def _go_on(turn: Turn, fact: ComplaintHeld) -> None:
    """Have whoever had it first handle it until a person decides (先办后议).

    The citizen's promise stands, so the clock does too; see `passed_on`.
    """
    agency, last = fact.handles_meanwhile, turn.case.latest_lead()
    assert agency is not None and last is not None  # noqa: S101, PT018 - it was returned
    turn.case = replace(turn.case, lead=agency, scored=agency, copies=())
    turn.dispatch(agency, "lead", passed_on(turn, _standard(turn, last.standard)), "meanwhile")


def diverted(
    event: Event, fact: ComplaintDiverted, case: Case | None, policy: Policy, now: datetime
) -> Step[Case] | Ignored:
    """Open and close at once: no order is due, the citizen has been told another way."""
    trigger = CaseTrigger.DISMISSED if _is_disputed(case) else CaseTrigger.DIVERTED
    state = next_case(case.state if case else None, trigger)
    if isinstance(state, Ignored):
        return state
    turn = _begin(event, fact, case, policy=policy, now=now, becomes=("diverted", state))
    turn.heard(fact)
    turn.drop_callback()
    turn.close("diverted", reply=fact.reply)
    return turn.step()


def answered(
    event: Event, fact: ComplaintAnswered, case: Case | None, policy: Policy, now: datetime
) -> Step[Case] | Ignored:
    """Close at once, with the answer for the citizen; see `lifecycle` for what may follow."""
    state = next_case(case.state if case else None, CaseTrigger.ANSWERED)
    if isinstance(state, Ignored):
        return state
    turn = _begin(event, fact, case, policy=policy, now=now, becomes=("answered", state))
    turn.case = replace(turn.case, held_because=None)
    turn.heard(fact)
    turn.close("answered", reply=fact.answer)
    return turn.step()


def _begin(
    event: Event,
    fact: ComplaintRouted | ComplaintHeld | ComplaintDiverted | ComplaintAnswered,
    case: Case | None,
    *,
    policy: Policy,
    now: datetime,
    becomes: tuple[Outcome, CaseState],
) -> Turn:
    """Open the case if there is none, and take over what the router settled on."""
    matter = fact.matter
    outcome, state = becomes
    if case is not None:
        # Until an order is dispatched nothing has been promised, so the bundle may still
        # change with a later routing; after that it stays, whatever is published.
        changed = replace(case, state=state, outcome=outcome, matter=matter, policy=policy.hash)
        turn = Turn(changed, policy, now, event.id)
        if case.state is CaseState.ANSWERED and outcome != "answered":
            turn.case = replace(changed, closed_as=None, closed_at=None)
            turn.say(CaseResumed(outcome=outcome))
        if case.state is CaseState.HELD and state is not CaseState.HELD:
            ladder.assigned(turn, "routed" if state is CaseState.HANDLING else "closed")
        return turn
    opened = Case(event.complaintid, state, outcome, matter, policy.hash, opened_at=now)
    turn = Turn(opened, policy, now, event.id)
    turn.say(
        CaseOpened(
            number=matter.number,
            outcome=outcome,
            category=matter.category,
            district=matter.place.district,
            street=matter.place.street,
            reporter=matter.reporter,
            language=matter.language,
        )
    )
    return turn


def _standard(turn: Turn, key: str) -> Standard:
    """Find a standard in the case's bundle.

    A case that is routed anew may be given a standard that only a later bundle has. The
    promise was made under the case's own, so there its present standard holds on.

    Raises:
        KeyError: The bundle that decided doesn't know the standard it decided on.
    """
    standards = turn.policy.standards
    present = turn.case.standard
    if key not in standards and present is not None:
        return standards[present]
    return standards[key]


def passed_on(turn: Turn, standard: Standard) -> Clock:
    """Say which promise the new orders are under.

    The promise is the citizen's, so a return doesn't move it: the next agency gets what is
    left of the time, unless its own standard, counted from now, is stricter. Only the sign
    clock is its own. Where the promise is broken already, it can't be kept by anybody any
    more; whoever let it pass has the breach, and the next agency gets a fresh clock.
    """
    fresh = turn.clock(standard)
    last = turn.case.latest_lead()
    promised = turn.promised(last) if last else fresh
    if not turn.now < promised.due_at <= fresh.due_at:
        return fresh
    at_risk_at = max(turn.now, promised.at_risk_at)
    return replace(
        promised,
        sign_due_at=fresh.sign_due_at,
        contact_due_at=fresh.contact_due_at,
        at_risk_at=at_risk_at,
    )


def _dispatch(turn: Turn, fact: ComplaintRouted, clock: Clock) -> None:
    """Give out the orders; an assist that goes on assisting keeps the order it has."""
    assists = [agency for agency in dict.fromkeys(fact.assists) if agency != fact.lead]
    for order in turn.case.orders:
        if order.is_open and not (_assists(order) and order.agency in assists):
            turn.recall(order)
    going_on = {order.agency for order in turn.case.orders if _assists(order)}
    turn.dispatch(fact.lead, "lead", clock, "designated" if fact.is_designated else "ordinary")
    for agency in assists:
        if agency not in going_on:
            turn.dispatch(agency, "assist", clock)


def _assists(order: Order) -> bool:
    return order.is_open and order.role == "assist"
