"""Asks people back: takes call-backs that are due, sends, and records what came of it."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from services.notifier.adapters import callbacks
from services.notifier.decide import Asking, Callback, Sending, Watch, after_attempt
from services.notifier.handle.consumer import callback_of, with_callback
from services.notifier.handle.errands import Errands, Trade
from services.notifier.handle.gates import Gates
from services.runtime.step import Change, Step
from services.runtime.tokens import sign_callback

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Sequence
    from uuid import UUID

    from services.notifier.decide import Contact
    from services.notifier.handle.consumer import Notifier
    from services.notifier.handle.ports import ChannelSet, Vault
    from services.policy import Policy
    from services.runtime.clock import Clock
    from services.runtime.policies import PolicyStore
    from services.runtime.postgres import Database
    from services.runtime.transaction import Tx

#: How late an attempt may be.
POLL_S = 0.5

NOTICE = "callback"

#: Channels that a plan can name and that carry messages.
_MESSAGES = ("sms", "email", "push")


def asking_by(policy: Policy, secret: bytes) -> Asking:
    """Take from a policy what decides about asking."""
    return Asking(policy.callback, policy.calendar, ZoneInfo(policy.city.time_zone), secret)


@dataclass(frozen=True, slots=True)
class Links:
    """Makes the link with which a person answers, without logging in.

    Attributes:
        public_url: Where citizens reach intake.
        secret: Signs the links.
    """

    public_url: str
    secret: bytes

    def of(self, callback: Callback) -> str:
        """Make the link of one call-back; it dies when the call-back lapses."""
        token = sign_callback(
            self.secret, callback.complaint_id, callback.callback_id, callback.lapses_at
        )
        return f"{self.public_url.rstrip('/')}/v1/callbacks/{token}"


class Caller:
    """Makes attempts; a number is in memory for as long as its request takes."""

    def __init__(
        self,
        db: Database,
        policies: PolicyStore,
        vault: Vault,
        channels: Callable[[], ChannelSet],
        links: Links,
        *,
        clock: Clock,
    ) -> None:
        """Wire the parts; `run` begins."""
        self._policies = policies
        self._vault = vault
        self._channels = channels
        self._links = links
        self._clock = clock
        self._gates = Gates()
        trade = Trade(
            name="caller",
            take=callbacks.claim,
            do=self._attempt,
            record=self._record,
            errand_id=lambda callback: callback.callback_id,
            person=lambda callback: callback.reporter or callback.callback_id,
            otherwise=Sending("unavailable", "none"),
        )
        self._errands = Errands(db, trade, POLL_S)
        self.stage: Notifier  # Set when everything is wired: the two know each other.

    @property
    def wake(self) -> asyncio.Event:
        """Set when there is somebody to ask."""
        return self._errands.wake

    def asking(self) -> Asking:
        """Give the policy in force, as far as it says how people are asked back."""
        return asking_by(self._policies.current, self._links.secret)

    async def run(self) -> None:
        """Call back until cancelled; then let what is under way end, and record that too."""
        await self._errands.run()

    async def work(self) -> int:
        """Make the attempts that are due; returns how many."""
        return await self._errands.work()

    async def _attempt(self, callback: Callback) -> Sending:
        asking = self.asking()
        slot = asking.slot(callback)
        if slot is None or not asking.may_send(callback, self._clock.now()):
            return Sending("closed", "none")
        name = slot[1].channel
        if name in self._gates.closed:
            return Sending("unavailable", name)
        contact = await self._vault.contact(callback.reporter or "", callback.complaint_id)
        if contact is None:
            return Sending("unavailable", name)
        channels = self._channels()
        reachable = _reachable(channels, contact)
        if name not in reachable:
            return Sending("no-contact", name, reachable)
        if name == "phone":
            return Sending("callable", name, reachable)
        (channel, address), *_ = channels.for_contact(contact, (name,))
        reference = f"{callback.callback_id}-{callback.attempts + 1}"
        is_sent = await self._gates.send(channel, address, self._words_for(callback), reference)
        return Sending("sent" if is_sent else "failed", channel.name, reachable)

    def _words_for(self, callback: Callback) -> Callable[[], str]:
        return lambda: words(self._policies.current, callback, self._links.of(callback))

    async def _record(self, tx: Tx, made: Sequence[tuple[Callback, Sending]]) -> None:
        by_key: dict[UUID, list[tuple[Callback, Sending]]] = defaultdict(list)
        for callback, sending in made:
            by_key[callback.complaint_id].append((callback, sending))
        states = await self.stage.load(tx, sorted(by_key))
        changes = []
        for key, attempts in sorted(by_key.items()):
            after = states[key]
            for callback, sending in attempts:
                after = self._take(tx, after, callback, sending)
            if after is not states[key]:
                changes.append(Change(key, states[key], after))
        if changes:
            await self.stage.store(tx, changes)

    def _take(self, tx: Tx, state: Watch, callback: Callback, sending: Sending) -> Watch:
        current = callback_of(state, callback.callback_id)
        place = (callback.attempts, callback.place)
        if current is None or (current.attempts, current.place) != place:
            return state  # This attempt counts already: our lease had run out.
        policy = self._policies.current
        step = after_attempt(current, sending, asking_by(policy, self._links.secret), tx.now)
        if not isinstance(step, Step):
            return state
        # (call-back, attempt) names the facts: recording again would repeat their ids.
        for fact in step.facts:
            tx.emit(
                callback.complaint_id,
                fact,
                cause=callback.cause_id,
                ordinal=step.state.attempts,
                policy=policy.hash,
            )
        for deadline in step.set_deadlines:
            tx.set_deadline(deadline)
        for subject, kind in step.clear_deadlines:
            tx.clear_deadline(callback.complaint_id, subject, kind)
        return with_callback(state, step.state)


def _reachable(channels: ChannelSet, contact: Contact) -> frozenset[str]:
    """Name the ways in which a person can be asked; none for one who wants to be left alone."""
    if contact.is_left_alone:
        return frozenset()
    by_message = {name for name in _MESSAGES if channels.for_contact(contact, (name,))}
    return frozenset(by_message | ({"phone"} if contact.phone else set()))


def words(policy: Policy, callback: Callback, link: str) -> str:
    """Say it in the person's language, or else in the city's.

    Args:
        policy: Holds the notices.
        callback: Who is asked about what.
        link: Where to answer.
    """
    agency = policy.agencies.get(callback.agency)
    values = {
        "number": callback.number,
        "link": link,
        "answer": callback.answer,
        "agency": agency.name if agency else callback.agency,
    }
    return policy.notice(NOTICE, callback.language, values)
