"""Tells people how their complaints stand: takes notices that are due, sends, records."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from services.notifier.adapters import notices
from services.notifier.decide import (
    LEASE,
    Notice,
    Telling,
    Told,
    after_telling,
    fact_of,
    is_too_late,
)
from services.notifier.handle.errands import Errands, Trade
from services.notifier.handle.gates import Gates
from services.notifier.handle.wording import words
from services.runtime.failpoints import hit

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Sequence
    from datetime import datetime, timedelta
    from uuid import UUID

    from services.notifier.decide import Contact
    from services.notifier.handle.ports import Channels, Vault
    from services.policy import Policy
    from services.runtime.clock import Clock
    from services.runtime.policies import PolicyStore
    from services.runtime.postgres import Database
    from services.runtime.transaction import Tx

#: How late a notice may be.
POLL_S = 1.0

#: Notices put off at a time when a quiet hour has begun.
_HELD_MAX = 2_000

PURPOSE = "notice"


@dataclass(frozen=True, slots=True)
class Message:
    """What one person is told at once.

    Attributes:
        message_id: Its identity, and the reference that channels get: always the same, so that
            a gateway can drop what it has sent already.
        notices: One, or what a digest gathered; the first one leads.
        lease_ends: Until then nobody else sends it.
    """

    message_id: UUID
    notices: tuple[Notice, ...]
    lease_ends: datetime

    @property
    def leader(self) -> Notice:
        """The notice whose attempts are the message's."""
        return self.notices[0]


class Teller:
    """Sends notices; a number is in memory for as long as its request takes."""

    def __init__(
        self,
        db: Database,
        policies: PolicyStore,
        vault: Vault,
        channels: Channels,
        clock: Clock,
    ) -> None:
        """Wire the parts; `run` begins."""
        self._policies = policies
        self._vault = vault
        self._channels = channels
        self._clock = clock
        self._gates = Gates()
        trade = Trade(
            name="teller",
            take=self._take,
            do=self._tell,
            record=self._record,
            errand_id=lambda message: message.message_id,
            person=lambda message: message.leader.reporter,
            otherwise=Telling("unavailable"),
        )
        self._errands = Errands(db, trade, POLL_S)

    @property
    def wake(self) -> asyncio.Event:
        """Set when there is something to tell."""
        return self._errands.wake

    async def run(self) -> None:
        """Tell until cancelled; then let what is under way end, and record that too."""
        await self._errands.run()

    async def work(self) -> int:
        """Send what is due; returns how many messages that were."""
        return await self._errands.work()

    async def _take(self, tx: Tx, limit: int) -> list[Message]:
        return await take(tx, self._policies.current, limit, closed=self._gates.closed)

    async def _record(self, tx: Tx, ended: Sequence[tuple[Message, Telling]]) -> None:
        hit("after_notice_sent_before_record")
        for message, telling in ended:
            await record(tx, message, telling, self._policies.current.hash)

    async def _tell(self, message: Message) -> Telling:
        leader, policy = message.leader, self._policies.current
        too_late = policy.channels.too_late.elapsed
        if too_late is not None and is_too_late(leader, too_late, self._clock.now()):
            return Telling("too-late")
        contact = await self._vault.contact(leader.reporter, leader.complaint_id, PURPOSE)
        if contact is None:
            return Telling("unavailable")
        if contact.is_left_alone:
            return Telling("do-not-call")
        return await self._send(message, contact, policy)

    async def _send(self, message: Message, contact: Contact, policy: Policy) -> Telling:
        reached = self._channels.current.for_contact(contact)
        if not reached:
            return Telling("no-contact")
        names = [channel.name for channel, _ in reached]
        before = message.leader.channel
        chosen = names.index(before) if before in names else 0
        channel, address = reached[chosen]
        if channel.name in self._gates.closed:
            return Telling("busy", channel.name)

        def text() -> str:
            return "\n".join(words(policy, notice) for notice in message.notices)

        is_sent = await self._gates.send(channel, address, text, str(message.message_id))
        following = tuple(names[chosen + 1 :])
        return Telling("sent" if is_sent else "failed", channel.name, following)


async def take(
    tx: Tx, policy: Policy, limit: int, *, closed: frozenset[str] = frozenset()
) -> list[Message]:
    """Take what is due under a lease, as messages; what falls into quiet hours waits on.

    Args:
        tx: Takes the locks.
        policy: Knows quiet hours, and whether notices are gathered.
        limit: How many messages at the most.
        closed: Channels by which nothing is tried again now.
    """
    rules = policy.channels
    zone = ZoneInfo(policy.city.time_zone)
    quiet_until = rules.quiet.until(tx.now, zone) if rules.quiet else None
    only = None
    if rules.quiet is not None and quiet_until is not None:
        only = rules.quiet.exempt
        await notices.hold(tx, quiet_until, only, _HELD_MAX)
    found = await notices.due(tx, limit, closed, only)
    digest = rules.digest.elapsed if rules.digest and quiet_until is None else None
    groups = await _retried(tx, [one for one, led in found if led is not None])
    groups += await _gathered(tx, [one for one, led in found if led is None], digest)
    lease_ends = tx.now + LEASE
    messages = [Message(group[0].notice_id, tuple(group), lease_ends) for group in groups]
    await notices.lease(tx, [(m.message_id, m.notices) for m in messages], lease_ends)
    return messages


async def _retried(tx: Tx, leading: Sequence[Notice]) -> list[list[Notice]]:
    """What was tried as one message stays one, with the same words under the same reference."""
    if not leading:
        return []
    groups = {one.notice_id: [one] for one in leading}
    for one, message_id in await notices.following(tx, groups):
        if message_id is not None:
            groups[message_id].append(one)
    return list(groups.values())


async def _gathered(
    tx: Tx, single: Sequence[Notice], digest: timedelta | None
) -> list[list[Notice]]:
    """Put together what one person is to be told, if the policy has a digest."""
    if not single or digest is None:
        return [[one] for one in single]
    by_person: dict[str, list[Notice]] = defaultdict(list)
    for one in (*single, *await notices.waiting(tx, single)):
        by_person[one.reporter].append(one)
    return [
        sorted(group, key=lambda one: (one.planned_at, one.sequence))
        for group in by_person.values()
    ]


async def record(tx: Tx, message: Message, telling: Telling, policy: str) -> None:
    """Write what became of a message, and tell it.

    Args:
        tx: Writes.
        message: As it was taken.
        telling: What came of it.
        policy: Hash of the policy whose words were sent.
    """
    leader = after_telling(message.leader, telling, tx.now)
    told: list[tuple[Notice, Told]] = [(one, leader) for one in message.notices]
    counted = await notices.record(tx, told, message.lease_ends)
    for notice, outcome in told:
        fact = fact_of(notice, outcome)
        if fact is not None and notice.notice_id in counted:
            tx.emit(notice.complaint_id, fact, cause=notice.cause_id, policy=policy)
