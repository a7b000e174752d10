"""The shell: gather a batch's cases, whistles and policies, let the core decide, store it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from services.events import (
    CaseActionReported,
    ProactiveCaseReported,
    WhistleActionReported,
    WhistleRouted,
)
from services.runtime import telemetry
from services.runtime.step import Deadline, Early, Ignored, Step
from services.tracker.decide import proactive_actions, react, react_due
from services.tracker.decide.docket import (
    WHISTLE_FACTS,
    Docket,
    case_change,
    on_case,
    on_proactive,
    on_whistle,
    proactive_change,
    react_proactive,
    react_whistle,
    whistle_changes,
)
from services.tracker.decide.proactive import PROACTIVE_DUE
from services.tracker.decide.react import CONCERNS, ROUTINGS, remember
from services.tracker.decide.whistle_actions import is_whistle_clock, owner_of, passed

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime
    from uuid import UUID

    from services.events import Event, Fact
    from services.policy import Policy
    from services.runtime.policies import PolicyStore
    from services.runtime.step import Change
    from services.runtime.transaction import Tx
    from services.tracker.decide.case import Case
    from services.tracker.decide.proactive import ProactiveCase
    from services.tracker.decide.whistle import Whistle


log = telemetry.get_logger()


class CaseStore(Protocol):
    """Where cases are kept; see `adapters.cases`."""

    async def load(
        self, tx: Tx, keys: Sequence[UUID], *, skip_locked: bool = False
    ) -> dict[UUID, Case]:
        """Read and lock cases."""

    async def store(self, tx: Tx, changes: Sequence[Change[Case]]) -> None:
        """Write cases in bulk."""


class WhistleStore(Protocol):
    """Where whistles are kept; see `adapters.whistles`."""

    async def load(
        self, tx: Tx, keys: Sequence[UUID], held: Collection[UUID], *, skip_locked: bool = False
    ) -> dict[UUID, tuple[Whistle, ...]]:
        """Read and lock whistles; the keys in `held` are locked by their cases."""

    async def store(self, tx: Tx, changes: Sequence[Change[Whistle]]) -> None:
        """Write whistles in bulk."""


class ProactiveStore(Protocol):
    """Where proactive cases are kept; see `adapters.proactive`."""

    async def load(
        self, tx: Tx, keys: Sequence[UUID], *, skip_locked: bool = False
    ) -> dict[UUID, ProactiveCase]:
        """Read and lock proactive cases."""

    async def store(self, tx: Tx, changes: Sequence[Change[ProactiveCase]]) -> None:
        """Write proactive cases in bulk."""


class Tracker:
    """Reads the router's word and what people say about it, and watches the clocks."""

    topics: tuple[str, ...] = (
        "complaints.received",
        "complaints.routed",
        "complaints.notified",
    )
    #: Not a complaint's receipt, whose routing follows, nor what became of hooks and messages.
    urgent: frozenset[type[Fact]] = frozenset({*CONCERNS, *WHISTLE_FACTS, ProactiveCaseReported})

    def __init__(
        self,
        cases: CaseStore,
        whistles: WhistleStore,
        policies: PolicyStore,
        proactive: ProactiveStore,
    ) -> None:
        """Wire the parts.

        Args:
            cases: Where cases are kept.
            whistles: Where whistles are kept.
            policies: The bundle in force, and those that old promises are under.
            proactive: Where proactive cases are kept.
        """
        self._proactive = proactive
        self._cases = cases
        self._whistles = whistles
        self._policies = policies
        self._wanted: set[str] = set()

    async def load(
        self, tx: Tx, keys: Sequence[UUID], *, skip_locked: bool = False
    ) -> dict[UUID, Docket]:
        """Read and lock cases and whistles, and see that their policies are in memory."""
        cases = await self._cases.load(tx, keys, skip_locked=skip_locked)
        whistles = await self._whistles.load(tx, keys, cases.keys(), skip_locked=skip_locked)
        others = [key for key in keys if key not in cases and key not in whistles]
        ahead = await self._proactive.load(tx, others, skip_locked=skip_locked)
        hashes = {case.policy for case in cases.values()} | self._wanted
        hashes |= {whistle.policy for found in whistles.values() for whistle in found}
        for policy_hash in sorted(h for h in hashes if self._policies.known(h) is None):
            await self._fetch(policy_hash)
        self._wanted.clear()
        return {
            key: Docket(cases.get(key), whistles.get(key, ()), ahead.get(key))
            for key in cases.keys() | whistles.keys() | ahead.keys()
        }

    async def _fetch(self, policy_hash: str) -> None:
        try:
            await self._policies.fetch(policy_hash)
        except LookupError:
            log.exception("policy-missing", policy=policy_hash)

    async def store(self, tx: Tx, changes: Sequence[Change[Docket]]) -> None:
        """Write cases, orders, call-backs, whistles and all their histories."""
        cases = [case for change in changes if (case := case_change(change)) is not None]
        await self._cases.store(tx, cases)
        whistles = [whistle for change in changes for whistle in whistle_changes(change)]
        await self._whistles.store(tx, whistles)
        ahead = [found for change in changes if (found := proactive_change(change)) is not None]
        await self._proactive.store(tx, ahead)

    def decide(
        self, event: Event, state: Docket | None, now: datetime
    ) -> Step[Docket] | Early | Ignored:
        """Decide an event under the policy its case or whistle is under."""
        if isinstance(event.data, WHISTLE_FACTS):
            return self._decide_whistle(event, event.data, state, now)
        if isinstance(event.data, ProactiveCaseReported):
            return react_proactive(event, event.data, state, self._policies.current, now)
        if not isinstance(event.data, CONCERNS):
            return Ignored("not-mine")
        return on_case(state, self._decide_case(event, state.case if state else None, now))

    def _decide_case(
        self, event: Event, case: Case | None, now: datetime
    ) -> Step[Case] | Early | Ignored:
        """Decide what follows for a case.

        A follow-up that counts for nothing is kept in the case's history with the reason,
        because whoever said it was told that it had been accepted.
        """
        policy = self._policy(event, case)
        if policy is None:
            return Early("policy-not-loaded")
        outcome = react(event, case, policy, now)
        if isinstance(outcome, Ignored) and case is not None:
            remembered = remember(event, case, now, outcome.reason)
            if remembered is not None:
                telemetry.IGNORED.labels(outcome.reason).inc()
                return remembered
        return outcome

    def _decide_whistle(
        self,
        event: Event,
        fact: WhistleRouted | WhistleActionReported,
        docket: Docket | None,
        now: datetime,
    ) -> Step[Docket] | Early | Ignored:
        """Decide what follows for a whistle."""
        if isinstance(fact, WhistleRouted):
            policy = self._of_routing(event.policy) if event.policy else self._policies.current
        else:
            policy = self._of(docket.whistle(fact.whistle_id) if docket else None)
        if policy is None:
            return Early("policy-not-loaded")
        return react_whistle(event, docket, policy, now)

    def decide_due(
        self, deadline: Deadline, state: Docket, now: datetime
    ) -> Step[Docket] | Ignored:
        """Decide a deadline under the policy its case or whistle is under."""
        if is_whistle_clock(deadline):
            whistle = owner_of(deadline, state.whistles)
            if whistle is None:
                return Ignored("deadline-unknown")
            return on_whistle(state, passed(deadline, whistle, self._of(whistle), now))
        if deadline.kind == PROACTIVE_DUE and state.proactive is not None:
            ahead = state.proactive
            return on_proactive(state, proactive_actions.passed(ahead, self._policies.current, now))
        if state.case is None:
            return Ignored("deadline-unknown")
        outcome = on_case(state, react_due(deadline, state.case, self._of(state.case), now))
        assert not isinstance(outcome, Early)  # noqa: S101 - time is never early
        return outcome

    def committed(self, changes: Sequence[Change[Docket]]) -> None:
        """Nothing to begin at once: whatever follows is a fact or a deadline."""

    def _policy(self, event: Event, case: Case | None) -> Policy | None:
        """The case's bundle once an order has been promised; before that, the router's.

        A promise that an officer wants counted anew is counted by the bundle they name.
        """
        if isinstance(event.data, CaseActionReported) and event.data.policy is not None:
            return self._of_routing(event.data.policy)
        is_promised = case is not None and bool(case.orders)
        if not is_promised and event.policy is not None and isinstance(event.data, ROUTINGS):
            return self._of_routing(event.policy)
        return self._of(case)

    def _of_routing(self, policy_hash: str) -> Policy | None:
        """The bundle that the router decided under.

        None where the router already decides under a bundle that we haven't read yet: the
        event waits a moment, and the next load reads it.
        """
        known = self._policies.known(policy_hash)
        if known is None:
            self._wanted.add(policy_hash)
        return known

    def _of(self, kept: Case | Whistle | None) -> Policy:
        """Its bundle; the one in force for want of it, as promised instants are stored."""
        known = self._policies.known(kept.policy) if kept else None
        return known or self._policies.current
