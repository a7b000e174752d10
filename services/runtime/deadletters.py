"""Dead letters over HTTP: list, show, replay, drop.

Replaying puts the event back among the parked ones, where it has its turn; what waits behind it
follows. Dropping takes its turn away, so that what waits behind it can go on.
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query

from services.events import InvalidEventError, decode
from services.runtime.keys import Principal, Role, require
from services.runtime.ledger import PARKED_MAX
from services.runtime.outbox import unpack_headers
from services.runtime.problems import Problem, problem_responses

if TYPE_CHECKING:
    import asyncpg

    from services.runtime.postgres import Database
    from services.runtime.transaction import Tx

_LIST = """
    SELECT * FROM dead_letter WHERE state = $1
    AND ($2::uuid IS NULL OR (first_failed_at, id) > (
        SELECT first_failed_at, id FROM dead_letter WHERE id = $2))
    ORDER BY first_failed_at, id LIMIT $3
"""
_GET = "SELECT * FROM dead_letter WHERE id = $1"
_LOCK = "SELECT * FROM dead_letter WHERE id = $1 FOR UPDATE"
_SETTLE = "UPDATE dead_letter SET state = $2, settled_at = $3 WHERE id = $1"
_REPARK = """
    INSERT INTO parked (key, source, sequence, topic, partition, "offset", body, headers, reason,
                        parked_at, retry_at, expires_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 'replay', $9::timestamptz, $9, $10::timestamptz)
    ON CONFLICT (key, source, sequence) DO UPDATE SET retry_at = excluded.retry_at
"""
_SKIP_TO = """
    INSERT INTO consumed_sequence AS c (key, source, last_sequence) VALUES ($1, $2, $3)
    ON CONFLICT (key, source) DO UPDATE SET last_sequence = greatest(c.last_sequence, $3)
"""
_WAKE = "UPDATE parked SET retry_at = $2 WHERE key = $1"

_Staff = Annotated[Principal, Depends(require(Role.OPERATOR, Role.SUPERVISOR, Role.SERVICE))]


def routes(db: Database) -> APIRouter:
    """Make the routes for one service's dead letters."""
    router = APIRouter(
        prefix="/v1/dead-letters",
        tags=["dead letters"],
        responses=problem_responses(401, 403, 404, 409, 422),
    )

    @router.get("")
    async def list_dead_letters(
        _who: _Staff,
        state: Annotated[str, Query(pattern="^(open|replayed|dropped)$")] = "open",
        after: UUID | None = None,
        limit: Annotated[int, Query(ge=1, le=500)] = 100,
    ) -> dict[str, Any]:
        """List what was given up, the oldest first."""
        rows = await db.fetch(_LIST, state, after, limit)
        return {"dead_letters": [_summary(row) for row in rows]}

    @router.get("/{letter_id}")
    async def show(letter_id: UUID, _who: _Staff) -> dict[str, Any]:
        """Show one with its bytes and headers."""
        row = await db.fetchrow(_GET, letter_id)
        if row is None:
            raise Problem(404, "no-such-dead-letter", "There is no dead letter with this id.")
        return _summary(row) | _contents(row)

    @router.post("/{letter_id}/replay", status_code=202)
    async def replay(letter_id: UUID, _who: _Staff, skip_gap: bool = False) -> dict[str, Any]:
        """Try it again; with `skip_gap` without waiting for what should come before it."""
        async with db.transaction() as tx:
            await _replay(tx, await _open_letter(tx, letter_id), skip_gap=skip_gap)
        return {"id": letter_id, "state": "replayed"}

    @router.post("/{letter_id}/drop", status_code=200)
    async def drop(letter_id: UUID, _who: _Staff) -> dict[str, Any]:
        """Do without it; what waits behind it goes on."""
        async with db.transaction() as tx:
            row = await _open_letter(tx, letter_id)
            if row["key"] is not None:
                await tx.conn.execute(_SKIP_TO, row["key"], row["source"], row["sequence"])
                await tx.conn.execute(_WAKE, row["key"], tx.now)
            await tx.conn.execute(_SETTLE, letter_id, "dropped", tx.now)
        return {"id": letter_id, "state": "dropped"}

    return router


async def _open_letter(tx: Tx, letter_id: UUID) -> asyncpg.Record:
    row = await tx.conn.fetchrow(_LOCK, letter_id)
    if row is None:
        raise Problem(404, "no-such-dead-letter", "There is no dead letter with this id.")
    if row["state"] != "open":
        raise Problem(409, "already-settled", f"This dead letter was {row['state']} already.")
    found: asyncpg.Record = row
    return found


async def _replay(tx: Tx, row: asyncpg.Record, *, skip_gap: bool) -> None:
    try:
        event = decode(row["body"])
    except InvalidEventError as error:
        raise Problem(
            409, "not-an-event", f"It still can't be read ({error}); it can only be dropped."
        ) from error
    history = event.complaintid, event.source
    if skip_gap:
        await tx.conn.execute(_SKIP_TO, *history, event.sequence - 1)
    place = row["topic"], row["partition"], row["offset"], row["body"], row["headers"]
    await tx.conn.execute(_REPARK, *history, event.sequence, *place, tx.now, tx.now + PARKED_MAX)
    await tx.conn.execute(_WAKE, event.complaintid, tx.now)
    await tx.conn.execute(_SETTLE, row["id"], "replayed", tx.now)


def _summary(row: asyncpg.Record) -> dict[str, Any]:
    names = ("id", "topic", "partition", "offset", "source", "sequence", "code", "message")
    named = {name: row[name] for name in (*names, "attempts", "first_failed_at", "state")}
    return named | {"complaint_id": row["key"]}


def _contents(row: asyncpg.Record) -> dict[str, Any]:
    headers = {name: value.decode("latin-1") for name, value in unpack_headers(row["headers"])}
    try:
        body = {"body": row["body"].decode()}
    except UnicodeDecodeError:
        body = {"body_base64": base64.b64encode(row["body"]).decode()}
    return {"headers": headers} | body
