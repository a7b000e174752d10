"""A complaint's story told to the pure core: say what happens, look at what follows."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import cache
from typing import Any, TypeVar
from uuid import UUID

from services.events import (
    AgencyAction,
    CallbackAnswered,
    CallbackLapsed,
    ComplaintDiverted,
    ComplaintHeld,
    ComplaintRouted,
    Diversion,
    Fact,
    OrderActionReported,
    Satisfaction,
)
from services.policy import Policy
from services.runtime.ids import new_id
from services.runtime.step import Deadline, Early, Ignored, Step
from services.tracker.decide import react, react_due
from services.tracker.decide.case import Callback, Case, Order
from tests.builders import NOON, a_matter, an_event
from tests.policies import SLA, a_policy

F = TypeVar("F", bound=Fact)

STREET = "street-990101001"
GOVERNMENT = "government-990101"
WATER = "water-company"

Outcome = Step[Case] | Early | Ignored


@cache
def the_policy() -> Policy:
    """The tiny policy; the citizen is asked an hour after the agency's answer."""
    return a_policy()


@cache
def prompt_policy() -> Policy:
    """The tiny policy, but the citizen is asked at once."""
    return a_policy(sla=SLA.replace('delay = "1h"', 'delay = "0s"'))


def routed(lead: str = STREET, **changes: Any) -> ComplaintRouted:
    """The router named an agency."""
    fields: dict[str, Any] = {
        "matter": a_matter(category="environment-waste"),
        "attempt": 1,
        "lead": lead,
        "copies": (GOVERNMENT,),
        "scored": lead,
        "standard": "ordinary",
        "decided_by": "rule",
        "rule": "waste-to-street",
        "explanation": "The street answers for waste.",
    }
    return ComplaintRouted(**(fields | changes))


def held(**changes: Any) -> ComplaintHeld:
    """The router could name nobody."""
    fields: dict[str, Any] = {
        "matter": a_matter(),
        "reason": "no-rule",
        "attempt": 1,
        "explanation": "No rule names an agency.",
    }
    return ComplaintHeld(**(fields | changes))


def diverted(**changes: Any) -> ComplaintDiverted:
    """The statute names another way."""
    fields: dict[str, Any] = {
        "matter": a_matter(),
        "diversion": Diversion.STATUTORY,
        "target": "court",
        "reply": "请向法院提出。",
        "decided_by": "rule",
    }
    return ComplaintDiverted(**(fields | changes))


class Story:
    """One complaint, the instant it is, the clocks that run, and everything that was said."""

    def __init__(self, policy: Policy | None = None, at: datetime = NOON) -> None:
        self.policy = policy or the_policy()
        self.now = at
        self.complaint_id = new_id()
        self.case: Case | None = None
        self.facts: list[Fact] = []
        self.clocks: dict[tuple[UUID, str], Deadline] = {}

    # What can happen.

    def hear(self, fact: Fact, **envelope: Any) -> Outcome:
        """An event comes."""
        event = an_event(fact, self.complaint_id, **envelope)
        return self._take(react(event, self.case, self.policy, self.now))

    def report(
        self,
        action: AgencyAction,
        order: Order | None = None,
        *,
        agency: str | None = None,
        note: str | None = "已清运",
        reported_at: datetime | None = None,
    ) -> Outcome:
        """An agency reports about an order; the lead's unless another is given."""
        order = order or self.lead
        fact = OrderActionReported(
            order_id=order.order_id,
            agency=agency or order.agency,
            action=action,
            note=note,
            reported_at=reported_at or self.now,
        )
        return self.hear(fact)

    def sign(self, order: Order | None = None) -> Outcome:
        """The agency signs."""
        return self.report(AgencyAction.SIGN, order)

    def give_back(
        self, order: Order | None = None, *, reported_at: datetime | None = None
    ) -> Outcome:
        """The agency returns the order."""
        return self.report(AgencyAction.RETURN, order, note="不属于本辖区", reported_at=reported_at)

    def resolve(self, order: Order | None = None) -> Outcome:
        """The agency says it is done."""
        return self.report(AgencyAction.RESOLVE, order)

    def answer(
        self, *, solved: bool = True, satisfaction: Satisfaction = Satisfaction.SATISFIED
    ) -> Outcome:
        """The citizen answers the latest call-back."""
        return self.hear(self.verdict(solved=solved, satisfaction=satisfaction))

    def verdict(
        self, *, solved: bool = True, satisfaction: Satisfaction = Satisfaction.SATISFIED
    ) -> CallbackAnswered:
        """What the citizen would say to the latest call-back."""
        return CallbackAnswered(
            callback_id=self.callback.callback_id,
            answered_by="citizen",
            is_contacted=True,
            is_solved=solved,
            satisfaction=satisfaction,
        )

    def lapse(self) -> Outcome:
        """Nobody answers the latest call-back."""
        fact = CallbackLapsed(callback_id=self.callback.callback_id, reason="no-answer")
        return self.hear(fact, source="notifier")

    def wait(self, until: timedelta | datetime) -> None:
        """Time passes, and every clock that comes due fires at its instant."""
        until = self.now + until if isinstance(until, timedelta) else until
        while due := sorted(
            (clock.due_at, clock.kind, name)
            for name, clock in self.clocks.items()
            if clock.due_at <= until
        ):
            self.now = max(self.now, due[0][0])
            self.fire(due[0][2])
        self.now = until

    def fire(self, name: tuple[UUID, str]) -> Outcome:
        """One clock fires, whether or not it is due."""
        clock = self.clocks.pop(name)
        assert self.case is not None
        return self._take(react_due(clock, self.case, self.policy, self.now))

    def _take(self, outcome: Outcome) -> Outcome:
        if isinstance(outcome, Step):
            self.case = outcome.state
            self.facts.extend(outcome.facts)
            self.clocks |= {(d.subject, d.kind): d for d in outcome.set_deadlines}
            for name in outcome.clear_deadlines:
                self.clocks.pop(name, None)
        return outcome

    # What can be looked at.

    @property
    def open(self) -> Case:
        """The case, which must be there."""
        assert self.case is not None
        return self.case

    @property
    def lead(self) -> Order:
        """The lead's latest order."""
        return [order for order in self.open.orders if order.role == "lead"][-1]

    @property
    def assist(self) -> Order:
        """The latest assisting order."""
        return [order for order in self.open.orders if order.role == "assist"][-1]

    @property
    def callback(self) -> Callback:
        """The latest call-back, which must be there."""
        assert self.open.callback is not None
        return self.open.callback

    @property
    def said(self) -> list[str]:
        """The names of everything that was said."""
        return [type(fact).__name__ for fact in self.facts]

    def all(self, kind: type[F]) -> list[F]:
        """Every fact of a kind."""
        return [fact for fact in self.facts if isinstance(fact, kind)]

    def last(self, kind: type[F]) -> F:
        """The latest fact of a kind."""
        return self.all(kind)[-1]

    def running(self, order: Order) -> set[str]:
        """Which of an order's clocks run."""
        return {kind for subject, kind in self.clocks if subject == order.order_id}
