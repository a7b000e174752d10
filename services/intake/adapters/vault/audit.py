"""Checking the chain of accesses: is it whole, and where does it break first?"""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from services.intake.adapters.vault.accesses import GENESIS, ROW, row_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    import asyncpg

    from services.intake.adapters.vault.accesses import AccessLog

BATCH = 1_000

_HEAD = "SELECT position, hash FROM identity.access_head"
_BATCH = f"SELECT {ROW} FROM identity.access WHERE position > $1 ORDER BY position LIMIT {BATCH}"


class Head(NamedTuple):
    """An end of the chain, to be kept elsewhere: it proves all that was before."""

    position: int
    hash: bytes

    def __str__(self) -> str:
        """Write it to be noted down."""
        return f"{self.position}:{self.hash.hex()}"

    @classmethod
    def read(cls, text: str) -> Head:
        """Read what was noted down.

        Raises:
            ValueError: It is no head.
        """
        position, colon, digits = text.strip().partition(":")
        head = cls(int(position), bytes.fromhex(digits))
        if not colon or len(head.hash) != len(GENESIS) or head.position < 0:
            raise ValueError(text)
        return head


@dataclass(frozen=True, slots=True)
class Verdict:
    """What came of a check.

    Attributes:
        head: Where the chain ends, as far as it is whole.
        broken_at: The first position that isn't as it was written.
        why: What is wrong there.
        is_unchained: Rows from before the chain wait for the next access to join it.
    """

    head: Head
    broken_at: int | None = None
    why: str | None = None
    is_unchained: bool = False


async def verify(conn: asyncpg.Connection, log: AccessLog, expected: Head | None = None) -> Verdict:
    """Walk the whole chain, in one snapshot, so that accesses meanwhile don't disturb.

    Args:
        conn: A connection to intake's database.
        log: Knows the key of the hashes.
        expected: A head noted down earlier, which must still be part of it.
    """
    async with conn.transaction(isolation="repeatable_read", readonly=True):
        end = await conn.fetchrow(_HEAD)
        if end is None:
            return Verdict(Head(0, GENESIS), 1, "the end of the chain is not recorded any more")
        if end["hash"] is None:
            return Verdict(Head(0, GENESIS), is_unchained=True)
        return await _walk(conn, log, Head(*end), expected)


async def _walk(
    conn: asyncpg.Connection, log: AccessLog, end: Head, expected: Head | None
) -> Verdict:
    at = Head(0, GENESIS)
    async for record in _rows(conn):
        following, wrong = _follow(log, at, record)
        wrong = wrong or _unexpected(following, expected)
        if wrong:
            return Verdict(at, at.position + 1, wrong)
        at = following
    wrong = _missing_end(at, end, expected)
    return Verdict(at, at.position + 1, wrong) if wrong else Verdict(at)


def _follow(log: AccessLog, at: Head, record: asyncpg.Record) -> tuple[Head, str | None]:
    row = row_of(record)
    if row.position != at.position + 1:
        return at, "it is missing"
    right = log.hash_of(at.hash, row)
    if not hmac.compare_digest(right, record["hash"] or b""):
        return at, "it was changed, or was not written by us"
    return Head(row.position, right), None


def _missing_end(at: Head, end: Head, expected: Head | None) -> str | None:
    if expected and expected.position > at.position:
        return f"there were rows up to {expected.position} once"
    if at.position != end.position:
        return f"the chain should end with row {end.position}"
    return None if at == end else "the recorded end of the chain was changed"


def _unexpected(at: Head, expected: Head | None) -> str | None:
    if expected is None or expected.position != at.position or expected.hash == at.hash:
        return None
    return "it is not the row that was here when the head was noted down"


async def _rows(conn: asyncpg.Connection) -> AsyncIterator[asyncpg.Record]:
    position = 0
    while rows := await conn.fetch(_BATCH, position):
        for row in rows:
            yield row
        position = rows[-1]["position"]
