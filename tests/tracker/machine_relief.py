"""Agencies that ask for relief and officers who decide: rules of a Hypothesis machine."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from services.events import (
    AgencyAction,
    CallbackDue,
    CaseActionReported,
    OfficerAction,
    OrderDispatched,
    ReliefRequested,
    SupervisionOpened,
)
from tests.tracker import clerk_relief
from tests.tracker.clerk_promise import Request
from tests.tracker.machine import LAGS
from tests.tracker.machine_cases import Cases

ROLES = st.sampled_from(["operator", "supervisor", "supervisor"])


class Relief(Cases):
    """Asked for early, late, too long or twice; granted, refused, ended, seen to."""

    # The agency.

    def _ask(self, action: AgencyAction, kind: str, lag: timedelta, **fields: Any) -> None:
        assert self.card.job is not None
        if not lag and not self.is_begun:
            self.the_agency_signs()
        at = self._ago(lag, self.card.job.given_at)
        event = self._say(self._report(action, at, **fields))
        reason, until = fields.get("reason"), fields.get("until")
        clerk_relief.ask(self.card, Request(event.id, kind, at, reason, until))

    @precondition(lambda self: self.card.is_handled)
    @rule(hours=st.sampled_from([-5, 24, 72, 119, 130]), lag=LAGS)
    def the_agency_asks_for_more_time(self, hours: int, lag: timedelta) -> None:
        """So long after it is due; some of it too late, too long or not longer."""
        assert self.card.job is not None
        until = self.card.job.due_at + timedelta(hours=hours)
        self._ask(AgencyAction.EXTEND, "extension", lag, until=until)

    @precondition(lambda self: self.card.is_handled)
    @rule(
        reason=st.sampled_from(["inspection", "inspection", "unreachable", "weather"]),
        hours=st.sampled_from([None, -1, 10, 60, 24 * 31]),
        lag=LAGS,
    )
    def the_agency_asks_for_a_pause(self, reason: str, hours: int | None, lag: timedelta) -> None:
        """For a reason that the policy may not know."""
        until = None if hours is None else self.clock.now() + timedelta(hours=hours)
        self._ask(AgencyAction.PAUSE, "pause", lag, reason=reason, until=until)

    @precondition(lambda self: self.card.is_handled)
    @rule(days=st.sampled_from([0, 20, 100, 400]), lag=LAGS)
    def the_agency_asks_to_put_it_off(self, days: int, lag: timedelta) -> None:
        """挂账: into the register, with a plan and a date."""
        until = self.clock.now() + timedelta(days=days)
        self._ask(AgencyAction.DEFER, "deferral", lag, until=until)

    # Officers.

    def _decide(self, action: OfficerAction, role: Any, **fields: Any) -> None:
        self._say(
            CaseActionReported(
                action=action,
                officer="desk-2",
                role=role,
                **({"reported_at": self.clock.now()} | fields),
            )
        )

    @precondition(lambda self: self._told(ReliefRequested) != [])
    @rule(
        data=st.data(),
        hours=st.sampled_from([None, None, 10, 60, 300, 24 * 50]),
        role=ROLES,
    )
    def an_officer_grants(self, data: st.DataObject, hours: int | None, role: str) -> None:
        """What was asked for, perhaps long ago, perhaps decided before."""
        request = data.draw(st.sampled_from(self._told(ReliefRequested)[-3:]))
        until = None if hours is None else self.clock.now() + timedelta(hours=hours)
        self._grant(request.request_id, until, role)

    @precondition(lambda self: self.is_begun and self.card.job.requests != {})
    @rule(data=st.data())
    def an_officer_grants_what_is_wanted(self, data: st.DataObject) -> None:
        """In time, and as it was asked for."""
        assert self.card.job is not None
        number = data.draw(st.sampled_from([r.number for r in self.card.job.requests.values()]))
        self._grant(number, None, "supervisor")

    def _grant(self, number: UUID, until: datetime | None, role: str) -> None:
        self._decide(OfficerAction.APPROVE, role, request_id=number, until=until)
        clerk_relief.grant(self.card, number, until, role)

    @precondition(lambda self: self._told(ReliefRequested) != [])
    @rule(role=ROLES)
    def an_officer_refuses(self, role: str) -> None:
        """The latest request."""
        number = self._told(ReliefRequested)[-1].request_id
        self._decide(OfficerAction.REFUSE, role, request_id=number)
        clerk_relief.refuse(self.card, number, role)

    @precondition(lambda self: self.card.job is not None and self.card.job.is_still)
    @rule(role=ROLES, lag=LAGS)
    def an_officer_ends_a_pause(self, role: str, lag: timedelta) -> None:
        """What stands in the register is a supervisor's."""
        job = self.card.job
        assert job is not None
        at = self._ago(lag, job.given_at)
        order = self._told(OrderDispatched)[-1].order_id
        self._decide(OfficerAction.CONTINUE, role, order_id=order, reported_at=at)
        if job.state == "paused" or role == "supervisor":
            self.card.go_on(job, at)

    @precondition(lambda self: self.card.case is not None)
    @rule(role=ROLES)
    def an_officer_has_it_seen_to(self, role: str) -> None:
        """督办, whoever has the case."""
        self._decide(OfficerAction.SUPERVISE, role)
        if role == "supervisor":
            self.card.supervise()

    @precondition(lambda self: self.card.watches != [])
    @rule(data=st.data(), role=ROLES)
    def an_officer_lets_it_be(self, data: st.DataObject, role: str) -> None:
        """Also what has ended before."""
        place = data.draw(st.integers(0, len(self.card.watches) - 1))
        number = self._told(SupervisionOpened)[place].supervision_id
        self._decide(OfficerAction.RELEASE, role, supervision_id=number)
        if role == "supervisor":
            self.card.let_be("officer", [self.card.watches[place]])

    @precondition(lambda self: self._told(CallbackDue) != [])
    @rule(reason=st.sampled_from(["unlawful", "unlawful", "unwelcome"]), role=ROLES)
    def an_officer_leaves_a_verdict_out(self, reason: str, role: str) -> None:
        """剔除: for a reason of the policy's only."""
        number = self._told(CallbackDue)[-1].callback_id
        self._decide(OfficerAction.EXCLUDE, role, callback_id=number, reason=reason)
        if role == "supervisor" and reason == "unlawful":
            self.card.exclude()
