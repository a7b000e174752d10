"""What delivery needs of a log like Kafka; `kafka` and `memory` provide it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

#: Name and value, as Kafka has them.
Headers = tuple[tuple[str, bytes], ...]


class Partition(NamedTuple):
    """One ordered part of a topic."""

    topic: str
    number: int


@dataclass(frozen=True, slots=True)
class Record:
    """What was read: bytes, and where they stand."""

    partition: Partition
    offset: int
    key: bytes | None
    body: bytes
    headers: Headers = ()


@dataclass(frozen=True, slots=True)
class Outgoing:
    """What is to be written; records of one key stay in order."""

    topic: str
    key: bytes
    body: bytes
    headers: Headers = ()


class Publisher(Protocol):
    """Writes records."""

    async def start(self) -> None:
        """Connect; returns once records can be written."""

    async def stop(self) -> None:
        """Finish and disconnect."""

    async def publish(self, records: Sequence[Outgoing]) -> None:
        """Write all records and wait until the log has acknowledged every one.

        Raises:
            TransientError: Some may not have been written; write all of them again.
        """


class Member(Protocol):
    """Reads records as one member of a consumer group."""

    @property
    def assigned(self) -> frozenset[Partition]:
        """The partitions that are this member's at the moment."""

    async def start(
        self, starts: Callable[[Sequence[Partition]], Awaitable[Mapping[Partition, int]]]
    ) -> None:
        """Join the group.

        Args:
            starts: Asked at every assignment for the offset to begin each partition at.
        """

    async def stop(self) -> None:
        """Leave the group."""

    async def poll(self, limit: int, wait_s: float) -> list[Record]:
        """Take what is there, up to `limit` records; wait up to `wait_s` if nothing is.

        Records of a partition come in order; after a record its successor comes next,
        whether or not it was committed, until `seek`.

        Raises:
            TransientError: The log cannot be reached.
        """

    async def seek(self, offsets: Mapping[Partition, int]) -> None:
        """Read on from these offsets; a partition that isn't ours any more is passed over."""

    async def commit(self, offsets: Mapping[Partition, int]) -> None:
        """Tell the log how far we are, so that its lag tools tell the truth.

        Failures are of no consequence and not raised: the offsets that count are in
        PostgreSQL.
        """


class Bus(Protocol):
    """Makes publishers and members of one log."""

    def publisher(self) -> Publisher:
        """Make a publisher; start it before use."""

    def member(self, group: str, topics: Sequence[str]) -> Member:
        """Make a group member; start it before use."""
