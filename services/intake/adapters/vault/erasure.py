"""Forgetting: records whose time is over, and people who ask for it.

With a record goes its own key, so no backup of the table's pages opens without a copy of that
key's wrap. What told two complaints to be one person's goes too; the complaint itself, which
names nobody, stays. Erasing again changes nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple
from uuid import UUID

from services.intake.adapters.vault.accesses import Access

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from services.intake.adapters.vault.accesses import AccessLog
    from services.runtime.postgres import Database
    from services.runtime.transaction import Tx

BATCH = 500

#: Stands for the command line, which has no API key: whoever holds the secrets file.
COMMAND_LINE = UUID(int=0)

#: A nameless complaint has no record, but what came with it may show somebody as well.
_OF = """
    SELECT complaint_id, p.reporter, v.closed_at IS NULL AND v.withdrawn_at IS NULL AS is_open,
        p.complaint_id IS NOT NULL AS has_record
    FROM (
        SELECT complaint_id FROM identity.contact
        WHERE reporter = ANY($1::text[]) OR complaint_id = ANY($2::uuid[])
        UNION
        SELECT complaint_id FROM intake.attachment
        WHERE complaint_id = ANY($2::uuid[]) AND state <> 'erasing'
        UNION
        SELECT complaint_id FROM intake.published_request
        WHERE complaint_id = ANY($2::uuid[]) AND description IS NOT NULL
        UNION
        SELECT h.complaint_id FROM intake.hook_complaint h JOIN intake.hook_call c USING (call_id)
        WHERE h.complaint_id = ANY($2::uuid[]) AND c.sealed IS NOT NULL
          AND c.state IN ('taken', 'ignored', 'dropped')
    ) asked LEFT JOIN identity.contact p USING (complaint_id)
    LEFT JOIN intake.view v USING (complaint_id)
    ORDER BY complaint_id
"""
#: Along the primary key, so that all batches together read the table once.
_OVER = """
    SELECT c.complaint_id, v.closed_at FROM identity.contact c
    JOIN intake.view v USING (complaint_id)
    WHERE v.closed_at < $1 AND ($2::uuid IS NULL OR c.complaint_id > $2)
    ORDER BY c.complaint_id LIMIT $3
"""
#: The same order as whoever keeps the public view: no deadlock.
_LOCK = """
    SELECT complaint_id FROM intake.complaint
    WHERE complaint_id = ANY($1::uuid[]) ORDER BY complaint_id FOR UPDATE
"""
_DELETE = "DELETE FROM identity.contact WHERE complaint_id = ANY($1::uuid[]) RETURNING complaint_id"
_UNLINK = (
    "UPDATE intake.complaint SET reporter = NULL WHERE complaint_id = ANY($1::uuid[])",
    # The public's copy of the words: masked, but shown to everybody.
    """
    UPDATE intake.published_request SET description = NULL
    WHERE complaint_id = ANY($1::uuid[]) AND description IS NOT NULL
    """,
    "UPDATE intake.callback SET reporter = NULL WHERE complaint_id = ANY($1::uuid[])",
    # A city system's call as it came. One that isn't settled may hold other people's complaints.
    """
    UPDATE intake.hook_call SET sealed = NULL
    WHERE sealed IS NOT NULL AND state IN ('taken', 'ignored', 'dropped') AND call_id IN (
        SELECT call_id FROM intake.hook_complaint WHERE complaint_id = ANY($1::uuid[]))
    """,
    # Pictures may show a person. Intake erases the files; one being fetched, after its lease.
    """
    UPDATE intake.attachment SET state = 'erasing', sealed_url = NULL, note = NULL, reason = NULL,
        media_type = NULL, size = NULL, sha256 = NULL,
        next_attempt_at = coalesce(next_attempt_at, asked_at)
    WHERE complaint_id = ANY($1::uuid[]) AND state <> 'erasing'
    """,
)


class Found(NamedTuple):
    """A record that is to go."""

    complaint_id: UUID
    reporter: str | None
    is_open: bool  #: Nobody can be called back about it afterwards.
    has_record: bool  #: False: nameless, only what came with it is to go.


async def find(db: Database, tokens: Sequence[str], complaint_ids: Sequence[UUID]) -> list[Found]:
    """Find what is stored of people or complaints."""
    return [Found(*row) for row in await db.fetch(_OF, tokens, complaint_ids)]


async def erase(db: Database, log: AccessLog, found: Sequence[Found]) -> int:
    """Erase records, each with a line in the list of accesses; returns how many there were."""
    async with db.transaction() as tx:
        gone = await _forget(tx, log, [one.complaint_id for one in found])
        # A record that somebody else erased meanwhile is written down already.
        done = [one for one in found if not one.has_record or one.complaint_id in gone]
        access = Access(COMMAND_LINE, "command-line", None, "erasure")
        for one in done:
            # Without the token: the list must not keep what was to be forgotten.
            await log.record(tx, access, "erased", reporter=None, complaint_id=one.complaint_id)
    return len(done)


async def over(
    db: Database, closed_before: datetime, after: UUID | None, limit: int = BATCH
) -> list[UUID]:
    """Find records of complaints that were closed before an instant, a batch."""
    return [row["complaint_id"] for row in await db.fetch(_OVER, closed_before, after, limit)]


async def let_go(
    db: Database, log: AccessLog, complaint_ids: Sequence[UUID], closed_before: datetime
) -> int:
    """Erase a batch whose time is over, with one line for all of it."""
    async with db.transaction() as tx:
        gone = await _forget(tx, log, complaint_ids)
        if gone:
            why = f"retention: {len(gone)} records closed before {closed_before:%Y-%m-%d}"
            access = Access(COMMAND_LINE, "command-line", None, why)
            await log.record(tx, access, "erased", reporter=None, complaint_id=None)
    return len(gone)


async def _forget(tx: Tx, log: AccessLog, complaint_ids: Sequence[UUID]) -> set[UUID]:
    await log.lock(tx)  # Before any other lock, as everybody else who writes there.
    await tx.conn.execute(_LOCK, complaint_ids)
    gone = {row["complaint_id"] for row in await tx.conn.fetch(_DELETE, complaint_ids)}
    for statement in _UNLINK:
        await tx.conn.execute(statement, complaint_ids)
    return gone
