"""The shell: gather a batch's cases and policies, let the core decide, store what changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from services.runtime import telemetry
from services.runtime.step import Deadline, Early, Ignored, Step
from services.tracker.decide import react, react_due
from services.tracker.decide.react import CONCERNS, ROUTINGS, remember

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

    from services.events import Event, Fact
    from services.policy import Policy
    from services.runtime.policies import PolicyStore
    from services.runtime.step import Change
    from services.runtime.transaction import Tx
    from services.tracker.decide.case import Case


log = telemetry.get_logger()


class CaseStore(Protocol):
    """Where cases are kept; see `adapters.cases`."""

    async def load(
        self, tx: Tx, keys: Sequence[UUID], *, skip_locked: bool = False
    ) -> dict[UUID, Case]:
        """Read and lock cases."""

    async def store(self, tx: Tx, changes: Sequence[Change[Case]]) -> None:
        """Write cases in bulk."""


class Tracker:
    """Reads the router's word and what people say about it, and watches the clocks."""

    topics: tuple[str, ...] = (
        "complaints.received",
        "complaints.routed",
        "complaints.notified",
    )
    #: Not a complaint's receipt, whose routing follows, nor what became of hooks and messages.
    urgent: frozenset[type[Fact]] = frozenset(CONCERNS)

    def __init__(self, store: CaseStore, policies: PolicyStore) -> None:
        """Wire the parts.

        Args:
            store: The cases.
            policies: The bundle in force, and those that old promises are under.
        """
        self._store = store
        self._policies = policies
        self._wanted: set[str] = set()

    async def load(
        self, tx: Tx, keys: Sequence[UUID], *, skip_locked: bool = False
    ) -> dict[UUID, Case]:
        """Read and lock cases, and see to it that their policies are in memory."""
        cases = await self._store.load(tx, keys, skip_locked=skip_locked)
        hashes = {case.policy for case in cases.values()} | self._wanted
        for policy_hash in sorted(h for h in hashes if self._policies.known(h) is None):
            await self._fetch(policy_hash)
        self._wanted.clear()
        return cases

    async def _fetch(self, policy_hash: str) -> None:
        try:
            await self._policies.fetch(policy_hash)
        except LookupError:
            log.exception("policy-missing", policy=policy_hash)

    async def store(self, tx: Tx, changes: Sequence[Change[Case]]) -> None:
        """Write cases, orders, call-backs and history."""
        await self._store.store(tx, changes)

    def decide(
        self, event: Event, state: Case | None, now: datetime
    ) -> Step[Case] | Early | Ignored:
        """Decide an event under the policy its case is under.

        A follow-up that counts for nothing is kept in the case's history with the reason,
        because whoever said it was told that it had been accepted.
        """
        if not isinstance(event.data, CONCERNS):
            return Ignored("not-mine")
        policy = self._policy(event, state)
        if policy is None:
            return Early("policy-not-loaded")
        outcome = react(event, state, policy, now)
        if isinstance(outcome, Ignored) and state is not None:
            remembered = remember(event, state, now, outcome.reason)
            if remembered is not None:
                telemetry.IGNORED.labels(outcome.reason).inc()
                return remembered
        return outcome

    def decide_due(self, deadline: Deadline, state: Case, now: datetime) -> Step[Case] | Ignored:
        """Decide a deadline under the policy its case is under."""
        return react_due(deadline, state, self._of(state), now)

    def committed(self, changes: Sequence[Change[Case]]) -> None:
        """Nothing to begin at once: whatever follows is a fact or a deadline."""

    def _policy(self, event: Event, case: Case | None) -> Policy | None:
        """The case's bundle once an order has been promised; before that, the router's.

        None where the router already decides under a bundle that we haven't read yet: the
        event waits a moment, and the next load reads it.
        """
        is_promised = case is not None and bool(case.orders)
        if not is_promised and event.policy is not None and isinstance(event.data, ROUTINGS):
            known = self._policies.known(event.policy)
            if known is None:
                self._wanted.add(event.policy)
            return known
        return self._of(case)

    def _of(self, case: Case | None) -> Policy:
        """A case's bundle; the one in force for want of it, as promised instants are stored."""
        known = self._policies.known(case.policy) if case else None
        return known or self._policies.current
