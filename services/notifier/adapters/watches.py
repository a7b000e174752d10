"""State of complaints in SQL: who holds orders, call-backs, and what a batch plans.

Everything for a whole batch at once: one statement a table, and none for what isn't there.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import fields
from operator import attrgetter
from typing import TYPE_CHECKING

from services.notifier.adapters import callbacks, notices
from services.notifier.decide import LEASE, About, Backlog, Callback, Planned, Watch

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from uuid import UUID

    import asyncpg

    from services.runtime.step import Change
    from services.runtime.transaction import Tx

_LOCK = """
    SELECT complaint_id, agencies, number, category, district, street, reporter, language,
           is_always_asked, told
    FROM complaint WHERE complaint_id = ANY($1::uuid[])
    ORDER BY complaint_id FOR UPDATE
"""
_LOCK_FREE = _LOCK + " SKIP LOCKED"
_BACKLOG = """
    SELECT DISTINCT ON (complaint_id, endpoint_id) complaint_id, endpoint_id, sequence, due_at
    FROM delivery WHERE complaint_id = ANY($1::uuid[]) AND finished_at IS NULL
    ORDER BY complaint_id, endpoint_id, sequence DESC
"""
_STORE_COMPLAINTS = """
    INSERT INTO complaint (complaint_id, agencies, number, category, district, street, reporter,
                           language, is_always_asked, told)
    SELECT c.complaint_id, string_to_array(c.agencies, ','), c.number, c.category, c.district,
        c.street, c.reporter, c.language, c.is_always_asked, c.told
    FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[],
                $7::text[], $8::text[], $9::bool[], $10::jsonb[])
        AS c (complaint_id, agencies, number, category, district, street, reporter, language,
              is_always_asked, told)
    ON CONFLICT (complaint_id) DO UPDATE SET agencies = excluded.agencies,
        number = excluded.number, category = excluded.category, district = excluded.district,
        street = excluded.street, reporter = excluded.reporter, language = excluded.language,
        is_always_asked = excluded.is_always_asked, told = excluded.told
"""
_STORE_EVENTS = """
    INSERT INTO event (complaint_id, sequence, payload, body)
    SELECT * FROM unnest($1::uuid[], $2::int[], $3::text[], $4::bytea[]) ON CONFLICT DO NOTHING
"""
_STORE_DELIVERIES = """
    INSERT INTO delivery (complaint_id, endpoint_id, sequence, delivery_id, event_id, event_type,
                          payload, due_at)
    SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::int[], $4::uuid[], $5::uuid[], $6::text[],
                         $7::text[], $8::timestamptz[])
    ON CONFLICT DO NOTHING
"""

_NAMES = tuple(field.name for field in fields(About))
_SAID = attrgetter(*_NAMES)


async def load(tx: Tx, keys: Sequence[UUID], *, skip_locked: bool = False) -> dict[UUID, Watch]:
    """Read and lock what is known of complaints; what nothing is known of isn't in the answer."""
    rows = await tx.conn.fetch(_LOCK_FREE if skip_locked else _LOCK, keys)
    complaints = {row["complaint_id"]: row for row in rows}
    asked = await _callbacks(tx, list(complaints)) if complaints else {}
    backlog: dict[UUID, dict[UUID, Backlog]] = defaultdict(dict)
    for row in await tx.conn.fetch(_BACKLOG, keys):
        backlog[row["complaint_id"]][row["endpoint_id"]] = Backlog(row["sequence"], row["due_at"])
    # A timer, which skips what is locked, must not get a state whose lock it doesn't hold.
    known = complaints.keys() if skip_locked else complaints.keys() | backlog.keys()
    return {
        key: _watch(complaints.get(key), asked.get(key, ()), backlog.get(key, {})) for key in known
    }


def _watch(
    row: asyncpg.Record | None, asked: tuple[Callback, ...], backlog: Mapping[UUID, Backlog]
) -> Watch:
    if row is None:
        return Watch(callbacks=asked, backlog=backlog)
    about = About(*(row[name] for name in _NAMES))
    return Watch(
        about,
        frozenset(row["agencies"]),
        asked,
        backlog,
        is_always_asked=row["is_always_asked"],
        told=row["told"],
    )


async def _callbacks(tx: Tx, keys: list[UUID]) -> dict[UUID, tuple[Callback, ...]]:
    found: dict[UUID, tuple[Callback, ...]] = defaultdict(tuple)
    for callback in await callbacks.load(tx, keys):
        found[callback.complaint_id] += (callback,)
    return found


async def store(tx: Tx, changes: Sequence[Change[Watch]]) -> None:
    """Write what changed, and what is planned."""
    complaints: list[tuple[UUID, str, *tuple[object, ...]]] = []
    asked: list[Callback] = []
    planned: list[tuple[UUID, Planned]] = []
    told = [notice for change in changes for notice in change.after.notices]
    for change in changes:
        before, after = change.before or Watch(), change.after
        planned.extend((change.key, one) for one in after.planned)
        if after.callbacks != before.callbacks:
            asked.extend(c for c in after.callbacks if c not in before.callbacks)
        # A complaint with a call-back needs its row, which is the lock, even without agencies.
        is_new = after.callbacks and not before.callbacks
        if _kept(after) != _kept(before) or is_new:
            agencies = ",".join(sorted(after.agencies))
            about = _SAID(after.about)
            complaints.append((change.key, agencies, *about, after.is_always_asked, after.told))
    if complaints:
        await tx.conn.execute(_STORE_COMPLAINTS, *zip(*complaints, strict=True))
    if asked:
        await callbacks.store(tx, asked)
    if told:
        await notices.plan(tx, told)
    if planned:
        await _store_planned(tx, planned)


def _kept(state: Watch) -> tuple[About, frozenset[str], bool, Mapping[str, int]]:
    """Give what the complaint's own row holds."""
    return state.about, state.agencies, state.is_always_asked, state.told


async def _store_planned(tx: Tx, planned: Sequence[tuple[UUID, Planned]]) -> None:
    bodies = {(key, one.sequence, "full"): one.full for key, one in planned}
    bodies |= {(key, one.sequence, one.payload): one.body for key, one in planned}
    stored = [(*name, body) for name, body in bodies.items()]
    await tx.conn.execute(_STORE_EVENTS, *zip(*stored, strict=True))
    lease_ends = tx.now + LEASE
    rows = [
        (
            key,
            one.endpoint_id,
            one.sequence,
            one.delivery_id,
            one.event_id,
            one.event_type,
            one.payload,
            lease_ends if one.is_leased else one.due_at,
        )
        for key, one in planned
    ]
    await tx.conn.execute(_STORE_DELIVERIES, *zip(*rows, strict=True))
