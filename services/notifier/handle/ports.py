"""What the shell needs from outside; `adapters` provides it, tests provide simpler ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime
    from uuid import UUID

    from services.notifier.decide import Answer, Contact, Directory, Job, Trouble
    from services.notifier.handle.attempts import Finished


class Transport(Protocol):
    """Sends one HTTP POST."""

    async def post(
        self, url: str, headers: Iterable[tuple[str, str]], body: bytes
    ) -> Answer | Trouble:
        """Send; whatever the receiver does is an answer or a trouble, never an exception."""


class Book(Protocol):
    """Knows all endpoints."""

    @property
    def directory(self) -> Directory:
        """The endpoints as of a second ago."""


class Sink(Protocol):
    """Takes what became of jobs."""

    def finish(self, finished: Finished) -> None:
        """An attempt was made."""

    def release(self, job: Job, due_at: datetime | None) -> None:
        """A job wasn't attempted; anybody may try it, from `due_at` on."""


class Vault(Protocol):
    """Knows how a person is reached."""

    async def contact(
        self, token: str, complaint_id: UUID, purpose: str = "call-back"
    ) -> Contact | None:
        """Reveal how to reach a person, for a stated purpose; None if the vault didn't answer."""


class Channel(Protocol):
    """Brings words to a person."""

    @property
    def name(self) -> str:
        """What facts call it."""

    def address_of(self, contact: Contact) -> str | None:
        """Say where it reaches a person; None if it can't."""

    async def send(self, to: str, text: str, reference: str) -> bool:
        """Send; False if it failed. The same reference again is the same message."""


class Mail(Protocol):
    """Takes e-mail."""

    async def try_send(self, to: str, subject: str, text: str, reference: str) -> bool:
        """Send; False if it wasn't taken. The same reference again is the same message."""


class Channels(Protocol):
    """Knows the channels by the policy in force."""

    @property
    def current(self) -> ChannelSet:
        """The channels at this moment."""


class ChannelSet(Protocol):
    """Every channel that the policy describes and this installation has."""

    @property
    def order(self) -> tuple[str, ...]:
        """The policy's order: what is tried first stands first."""

    def for_contact(
        self, contact: Contact, order: tuple[str, ...] | None = None
    ) -> tuple[tuple[Channel, str], ...]:
        """Give the channels that reach a person, each with its address, in an order."""
