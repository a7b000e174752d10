"""What people do about cases: rules of a Hypothesis machine, with what the clerk writes."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from hypothesis import strategies as st
from hypothesis.stateful import initialize, precondition, rule

from services.events import (
    AgencyAction,
    CallbackAnswered,
    CallbackDue,
    CallbackLapsed,
    ComplaintSupplemented,
    ComplaintWithdrawn,
    Event,
    Fact,
    OrderActionReported,
    OrderDispatched,
    Satisfaction,
)
from tests.tracker.clerk import Card
from tests.tracker.clerk_desk import Desk
from tests.tracker.machine import HOURS, LAGS, Place, Town, new_keys
from tests.tracker.stories import GOVERNMENT, STREET, WATER, held, routed

ACTIONS = st.sampled_from(
    [
        AgencyAction.SIGN,
        AgencyAction.CONTACT,
        AgencyAction.PROGRESS,
        AgencyAction.RETURN,
        AgencyAction.RESOLVE,
        AgencyAction.CONTINUE,
    ]
)
#: Stories end sooner than they need to if everything may happen from the beginning.
FAR = 25


class Cases(Town):
    """Some complaints, of which one is spoken about at a time."""

    COMPLAINTS = 1

    def __init__(self, place: Place) -> None:
        super().__init__(place)
        self.desk = Desk(place.clock.now(), new_keys(self.COMPLAINTS))
        self.key: UUID = self.keys()[0]

    def keys(self) -> list[UUID]:
        """The complaints."""
        return list(self.desk.cards)

    @property
    def card(self) -> Card:
        """Of the complaint that is spoken about."""
        return self.desk.cards[self.key]

    @property
    def is_begun(self) -> bool:
        """Whether an agency has the case and has accepted it."""
        job = self.card.job
        return self.card.is_handled and job is not None and job.state != "dispatched"

    def _say(self, fact: Fact) -> Event:
        return self._say_of(self.key, fact)

    def _told(self, kind: type[Fact]) -> list[Any]:
        return self._told_of(self.key, kind)

    # The router.

    @initialize(is_held=st.sampled_from([None, False, False, True]))
    def the_router_begins(self, is_held: bool | None) -> None:
        """Mostly, for otherwise nothing follows."""
        self.place.open()
        for key in self.keys():
            self.key = key
            if is_held:
                self.the_router_holds()
            elif is_held is False:
                self.the_router_names(WATER, late=False)

    @rule(agency=st.sampled_from([STREET, WATER, GOVERNMENT]), late=st.booleans())
    def the_router_names(self, agency: str, late: bool) -> None:
        """An agency; perhaps in an attempt that is over."""
        attempt = max(1, self.card.attempt - late)
        self._say(routed(lead=agency, copies=(), attempt=attempt))
        self.card.route(agency, attempt)

    @precondition(lambda self: self.card.case in (None, "held"))
    @rule()
    def the_router_holds(self) -> None:
        """It knows nobody."""
        self._say(held(attempt=self.card.attempt))
        self.card.hold(self.card.attempt)

    # The agency.

    def _report(self, action: AgencyAction, at: datetime, **fields: Any) -> OrderActionReported:
        order = self._told(OrderDispatched)[-1]
        fields = {"agency": order.agency, "note": "已到现场"} | fields
        return OrderActionReported(order_id=order.order_id, action=action, reported_at=at, **fields)

    @precondition(lambda self: self.card.job is not None)
    @rule(action=ACTIONS, lag=LAGS)
    def the_agency_reports(self, action: AgencyAction, lag: timedelta) -> None:
        """Whether or not it fits."""
        assert self.card.job is not None
        at = self._ago(lag, self.card.job.given_at)
        self._say(self._report(action, at))
        self.card.report(action, at)

    @precondition(lambda self: self.card.job is not None)
    @rule(action=st.sampled_from([AgencyAction.RESOLVE, AgencyAction.RETURN, AgencyAction.EXTEND]))
    def a_liar_reports(self, action: AgencyAction) -> None:
        """Another agency speaks about the order."""
        self._say(self._report(action, self.clock.now(), agency="somebody-else"))

    @precondition(lambda self: self.card.is_handled and not self.is_begun)
    @rule()
    def the_agency_signs(self) -> None:
        """So that stories get far."""
        self._say(self._report(AgencyAction.SIGN, self.clock.now()))
        self.card.report("sign")

    # The citizen.

    @precondition(lambda self: self.card.case is not None)
    @rule()
    def the_citizen_urges(self) -> None:
        """Which moves no clock."""
        self._say(ComplaintSupplemented(kind="urge", text="还没有人来。"))
        self.card.urge()

    @precondition(lambda self: self.card.case is not None and len(self.log) > FAR)
    @rule()
    def the_citizen_withdraws(self) -> None:
        """Wherever the case stands."""
        self._say(ComplaintWithdrawn(reason="已解决"))
        self.card.withdraw()

    @precondition(lambda self: self._told(CallbackDue) != [])
    @rule(is_good=st.booleans())
    def the_citizen_answers(self, is_good: bool) -> None:
        """The latest question, perhaps a second time."""
        question = self._told(CallbackDue)[-1]
        pleased = Satisfaction.SATISFIED if is_good else Satisfaction.DISSATISFIED
        self._say(
            CallbackAnswered(
                callback_id=question.callback_id,
                answered_by="citizen",
                is_contacted=True,
                is_solved=is_good,
                satisfaction=pleased,
            )
        )
        self.card.verdict(is_good=is_good)

    @precondition(lambda self: self._told(CallbackDue) != [] and len(self.log) > FAR)
    @rule()
    def nobody_answers(self) -> None:
        """The notifier gives up."""
        question = self._told(CallbackDue)[-1]
        self._say(CallbackLapsed(callback_id=question.callback_id, reason="no-answer"))
        self.card.lapse()

    @rule(hours=HOURS)
    def time_passes(self, hours: int) -> None:
        """In one go, as after an outage."""
        self.clock.advance(timedelta(hours=hours))
        self.place.settle()
        self.desk.wait(timedelta(hours=hours))
