"""State of complaints in SQL: who holds orders, call-backs, and what a batch plans.

Everything for a whole batch at once: one statement a table, and none for what isn't there.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from services.notifier.adapters import callbacks
from services.notifier.decide import LEASE, Backlog, Callback, Planned, Watch

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from uuid import UUID

    from services.runtime.step import Change
    from services.runtime.transaction import Tx

_LOCK = """
    SELECT complaint_id, agencies FROM complaint WHERE complaint_id = ANY($1::uuid[])
    ORDER BY complaint_id FOR UPDATE
"""
_LOCK_FREE = _LOCK + " SKIP LOCKED"
_CALLBACKS = """
    SELECT complaint_id, callback_id, cause_id, number, agency, answer, reporter, language,
           lapses_at, state, attempts
    FROM callback WHERE complaint_id = ANY($1::uuid[])
"""
_BACKLOG = """
    SELECT DISTINCT ON (complaint_id, endpoint_id) complaint_id, endpoint_id, sequence, due_at
    FROM delivery WHERE complaint_id = ANY($1::uuid[]) AND state = 'pending'
    ORDER BY complaint_id, endpoint_id, sequence DESC
"""
_STORE_COMPLAINTS = """
    INSERT INTO complaint (complaint_id, agencies)
    SELECT c.complaint_id, string_to_array(c.agencies, ',')
    FROM unnest($1::uuid[], $2::text[]) AS c (complaint_id, agencies)
    ON CONFLICT (complaint_id) DO UPDATE SET agencies = excluded.agencies
"""
_STORE_CALLBACKS = """
    INSERT INTO callback AS c (complaint_id, callback_id, cause_id, number, agency, answer,
                               reporter, language, lapses_at, state, attempts)
    SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::text[],
                         $7::text[], $8::text[], $9::timestamptz[], $10::text[], $11::int[])
    ON CONFLICT (complaint_id, callback_id) DO UPDATE
    SET state = excluded.state, attempts = excluded.attempts, leased_until = '-infinity'
"""
_STORE_EVENTS = """
    INSERT INTO event (complaint_id, sequence, body)
    SELECT * FROM unnest($1::uuid[], $2::int[], $3::bytea[]) ON CONFLICT DO NOTHING
"""
_STORE_DELIVERIES = """
    INSERT INTO delivery (complaint_id, endpoint_id, sequence, delivery_id, event_id, event_type,
                          due_at)
    SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::int[], $4::uuid[], $5::uuid[], $6::text[],
                         $7::timestamptz[])
    ON CONFLICT DO NOTHING
"""


async def load(tx: Tx, keys: Sequence[UUID], *, skip_locked: bool = False) -> dict[UUID, Watch]:
    """Read and lock what is known of complaints; what nothing is known of isn't in the answer."""
    rows = await tx.conn.fetch(_LOCK_FREE if skip_locked else _LOCK, keys)
    agencies = {row["complaint_id"]: frozenset(row["agencies"]) for row in rows}
    asked = await _callbacks(tx, list(agencies)) if agencies else {}
    backlog: dict[UUID, dict[UUID, Backlog]] = defaultdict(dict)
    for row in await tx.conn.fetch(_BACKLOG, keys):
        backlog[row["complaint_id"]][row["endpoint_id"]] = Backlog(row["sequence"], row["due_at"])
    # A timer, which skips what is locked, must not get a state whose lock it doesn't hold.
    known = agencies.keys() if skip_locked else agencies.keys() | backlog.keys()
    return {
        key: Watch(agencies.get(key, frozenset()), asked.get(key, ()), backlog.get(key, {}))
        for key in known
    }


async def _callbacks(tx: Tx, keys: list[UUID]) -> dict[UUID, tuple[Callback, ...]]:
    found: dict[UUID, tuple[Callback, ...]] = defaultdict(tuple)
    for row in await tx.conn.fetch(_CALLBACKS, keys):
        found[row["complaint_id"]] += (callbacks.read(row),)
    return found


async def store(tx: Tx, changes: Sequence[Change[Watch]]) -> None:
    """Write what changed, and what is planned."""
    complaints: list[tuple[UUID, str]] = []
    asked: list[Callback] = []
    planned: list[tuple[UUID, Planned]] = []
    for change in changes:
        before, after = change.before or Watch(), change.after
        planned.extend((change.key, one) for one in after.planned)
        if after.callbacks != before.callbacks:
            asked.extend(c for c in after.callbacks if c not in before.callbacks)
        # A complaint with a call-back needs its row, which is the lock, even without agencies.
        is_new = after.callbacks and not before.callbacks
        if after.agencies != before.agencies or is_new:
            complaints.append((change.key, ",".join(sorted(after.agencies))))
    if complaints:
        await tx.conn.execute(_STORE_COMPLAINTS, *zip(*complaints, strict=True))
    if asked:
        await _store_callbacks(tx, asked)
    if planned:
        await _store_planned(tx, planned)


async def _store_callbacks(tx: Tx, callbacks: Iterable[Callback]) -> None:
    rows = [
        (
            c.complaint_id,
            c.callback_id,
            c.cause_id,
            c.number,
            c.agency,
            c.answer,
            c.reporter,
            c.language,
            c.lapses_at,
            c.state.value,
            c.attempts,
        )
        for c in callbacks
    ]
    await tx.conn.execute(_STORE_CALLBACKS, *zip(*rows, strict=True))


async def _store_planned(tx: Tx, planned: Sequence[tuple[UUID, Planned]]) -> None:
    bodies = {(key, one.sequence): one.body for key, one in planned}
    await tx.conn.execute(
        _STORE_EVENTS,
        [key for key, _ in bodies],
        [sequence for _, sequence in bodies],
        list(bodies.values()),
    )
    lease_ends = tx.now + LEASE
    rows = [
        (
            key,
            one.endpoint_id,
            one.sequence,
            one.delivery_id,
            one.event_id,
            one.event_type,
            lease_ends if one.is_leased else one.due_at,
        )
        for key, one in planned
    ]
    await tx.conn.execute(_STORE_DELIVERIES, *zip(*rows, strict=True))
