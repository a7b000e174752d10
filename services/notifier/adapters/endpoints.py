"""Endpoints in SQL, and the copy of all of them that every process keeps in memory."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from services.notifier.adapters.sealing import Sealer, new_secret
from services.notifier.decide import LEASE, Directory, Endpoint, SigningKey
from services.runtime import telemetry
from services.runtime.errors import MisconfiguredError
from services.runtime.ids import new_id
from services.runtime.webhooks import public_text

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from uuid import UUID

    import asyncpg

    from services.notifier.decide import Disable
    from services.notifier.decide.breaker import Health
    from services.runtime.policies import PolicyStore
    from services.runtime.postgres import Database
    from services.runtime.transaction import Tx

#: How long the old secret signs beside the new one.
ROTATION = timedelta(hours=24)

_COLUMNS = """
    endpoint_id, number, url, agency, event_types, description, is_enabled, disabled_reason,
    previous_until, failing_since, paused_until, created_at, changed_at, divisions, categories,
    filter, payload, is_ordered, rate_per_s, concurrency, signature, public_key
"""
_ALL = f"SELECT {_COLUMNS}, secret, previous_secret FROM endpoint"
_MARK = "SELECT count(*), coalesce(sum(version), 0)::bigint, coalesce(max(number), 0) FROM endpoint"
_LIST = f"""
    SELECT {_COLUMNS} FROM endpoint WHERE $1::text IS NULL OR agency = $1 ORDER BY number
"""
_ONE = f"SELECT {_COLUMNS} FROM endpoint WHERE endpoint_id = $1"
_ADD = f"""
    INSERT INTO endpoint (endpoint_id, url, agency, event_types, description, is_enabled, secret,
                          created_at, changed_at, disabled_reason, divisions, categories, filter,
                          payload, is_ordered, rate_per_s, concurrency, signature, public_key)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8, CASE WHEN $6 THEN NULL ELSE 'operator' END,
            $9, $10, $13, $11, $12, $14, $15, $16, $17)
    RETURNING {_COLUMNS}
"""
#: Switching on forgives, and so does another address: an endpoint that failed starts afresh.
_CHANGE = f"""
    UPDATE endpoint SET url = coalesce($2, url), event_types = coalesce($3, event_types),
        description = coalesce($4, description), is_enabled = coalesce($5, is_enabled),
        disabled_reason = CASE WHEN coalesce($5, is_enabled) THEN NULL
                               ELSE coalesce(disabled_reason, 'operator') END,
        failing_since = CASE WHEN $5 AND NOT is_enabled OR $2 <> url THEN NULL
                             ELSE failing_since END,
        paused_until = CASE WHEN $5 AND NOT is_enabled OR $2 <> url THEN NULL
                            ELSE paused_until END,
        probe_until = CASE WHEN $2 <> url THEN NULL ELSE probe_until END,
        divisions = coalesce($7, divisions), categories = coalesce($8, categories),
        payload = coalesce($9, payload), is_ordered = coalesce($10, is_ordered),
        filter = CASE WHEN 'filter' = ANY($14::text[]) THEN $11 ELSE filter END,
        rate_per_s = CASE WHEN 'rate_per_s' = ANY($14::text[]) THEN $12 ELSE rate_per_s END,
        concurrency = CASE WHEN 'concurrency' = ANY($14::text[]) THEN $13 ELSE concurrency END,
        changed_at = $6, version = version + 1
    WHERE endpoint_id = $1 RETURNING {_COLUMNS}
"""
_ROTATE = f"""
    UPDATE endpoint SET previous_secret = secret, previous_until = $3, secret = $2,
        public_key = CASE WHEN signature = 'v1a' THEN $5 END, changed_at = $4, version = version + 1
    WHERE endpoint_id = $1 RETURNING {_COLUMNS}
"""
_REMOVE = "DELETE FROM endpoint WHERE endpoint_id = $1 RETURNING endpoint_id"
_RECOVERED = """
    UPDATE endpoint SET failing_since = NULL, paused_until = NULL, probe_until = NULL,
        version = version + 1
    WHERE endpoint_id = ANY($1::uuid[]) AND failing_since IS NOT NULL
"""
_FAILING = """
    UPDATE endpoint e SET failing_since = coalesce(failing_since, f.since), probe_until = NULL,
        paused_until = greatest(paused_until, f.until), version = version + 1
    FROM unnest($1::uuid[], $2::timestamptz[], $3::timestamptz[]) AS f (endpoint_id, since, until)
    WHERE e.endpoint_id = f.endpoint_id
"""
_LOCK_FOR_PROBE = """
    SELECT endpoint_id FROM endpoint
    WHERE endpoint_id = ANY($1::uuid[]) AND (probe_until IS NULL OR probe_until <= $2)
    ORDER BY endpoint_id FOR NO KEY UPDATE SKIP LOCKED
"""
_NOTE_PROBES = "UPDATE endpoint SET probe_until = $2 WHERE endpoint_id = ANY($1::uuid[])"
#: In one order everywhere, so that no two transactions wait for each other.
_LOCK = """
    SELECT endpoint_id FROM endpoint WHERE endpoint_id = ANY($1::uuid[])
    ORDER BY endpoint_id FOR NO KEY UPDATE
"""
#: Not if another process had a success meanwhile, or an operator has changed the address.
_DISABLE = """
    UPDATE endpoint SET is_enabled = false, disabled_reason = $2, changed_at = $3,
        version = version + 1
    WHERE endpoint_id = $1 AND is_enabled AND url = $4
      AND ($2 <> 'failing' OR failing_since <= $5)
    RETURNING agency
"""

#: Fields of a subscription that always have a value, and those that None takes away.
_SUBSCRIBED = ("divisions", "categories", "payload", "is_ordered")
_REMOVABLE = ("filter", "rate_per_s", "concurrency")

log = telemetry.get_logger()


class EndpointBook:
    """All endpoints in memory; asks the database each second whether anything changed."""

    def __init__(self, db: Database, sealer: Sealer, policies: PolicyStore) -> None:
        """Begin empty; `refresh` fills it."""
        self._db = db
        self._sealer = sealer
        self._policies = policies
        self._mark: tuple[object, ...] | None = None
        self.directory = Directory()

    async def refresh(self) -> None:
        """Take over what changed since the last time: endpoints, or the policy in force."""
        policy = self._policies.current if self._policies.is_loaded else None
        found = await self._db.fetchrow(_MARK)
        mark = None if found is None else (*found, policy)
        if mark == self._mark:
            return
        rows = await self._db.fetch(_ALL)
        endpoints = [self._endpoint(row) for row in rows]
        self.directory = Directory((one for one in endpoints if one is not None), policy)
        self._mark = mark

    def _endpoint(self, row: asyncpg.Record) -> Endpoint | None:
        try:
            keys = self._keys(row)
        except MisconfiguredError as error:
            # One unreadable secret must not silence every other endpoint.
            log.critical("endpoint-secret-unreadable", error=str(error))
            return None
        return Endpoint(
            endpoint_id=row["endpoint_id"],
            number=row["number"],
            url=row["url"],
            agency=row["agency"],
            event_types=frozenset(row["event_types"]),
            keys=keys,
            is_enabled=row["is_enabled"],
            failing_since=row["failing_since"],
            paused_until=row["paused_until"],
            divisions=frozenset(row["divisions"]),
            categories=frozenset(row["categories"]),
            filter=row["filter"],
            payload=row["payload"],
            is_ordered=row["is_ordered"],
            rate_per_s=row["rate_per_s"],
            concurrency=row["concurrency"],
            signature=row["signature"],
        )

    def _keys(self, row: asyncpg.Record) -> tuple[SigningKey, ...]:
        endpoint_id = row["endpoint_id"]
        keys = [SigningKey(self._sealer.open(endpoint_id, row["secret"]))]
        if row["previous_secret"] is not None:
            previous = self._sealer.open(endpoint_id, row["previous_secret"])
            keys.append(SigningKey(previous, row["previous_until"]))
        return tuple(keys)


class Endpoints:
    """Endpoints as operators and agencies manage them. Rows never hold a readable secret."""

    def __init__(self, db: Database, sealer: Sealer) -> None:
        """Wire the parts."""
        self._db = db
        self._sealer = sealer

    async def all(self, agency: str | None) -> list[asyncpg.Record]:
        """List all endpoints, or one agency's."""
        return await self._db.fetch(_LIST, agency)

    async def find(self, endpoint_id: UUID) -> asyncpg.Record | None:
        """Find one."""
        return await self._db.fetchrow(_ONE, endpoint_id)

    async def add(self, tx: Tx, fields: Mapping[str, Any]) -> tuple[asyncpg.Record, bytes]:
        """Store a new endpoint; returns it with its secret, which nobody can ask for again."""
        endpoint_id, secret = new_id(), new_secret()
        row = await tx.conn.fetchrow(
            _ADD,
            endpoint_id,
            fields["url"],
            fields["agency"],
            fields["event_types"],
            fields["description"],
            fields["is_enabled"],
            self._sealer.seal(endpoint_id, secret),
            tx.now,
            *(fields[name] for name in (*_SUBSCRIBED, *_REMOVABLE)),
            fields["signature"],
            public_text(secret) if fields["signature"] == "v1a" else None,
        )
        return row, secret

    async def change(
        self, tx: Tx, endpoint_id: UUID, fields: Mapping[str, Any]
    ) -> asyncpg.Record | None:
        """Change the fields that are given; None if there is no such endpoint.

        A limit or filter that is given as None is taken away; anything else stays as it is.
        """
        row: asyncpg.Record | None = await tx.conn.fetchrow(
            _CHANGE,
            endpoint_id,
            fields.get("url"),
            fields.get("event_types"),
            fields.get("description"),
            fields.get("is_enabled"),
            tx.now,
            *(fields.get(name) for name in (*_SUBSCRIBED, *_REMOVABLE)),
            sorted(fields),
        )
        return row

    async def rotate(self, tx: Tx, endpoint_id: UUID) -> tuple[asyncpg.Record, bytes] | None:
        """Give an endpoint a new secret; the old one signs beside it for a while."""
        secret = new_secret()
        sealed = self._sealer.seal(endpoint_id, secret)
        row = await tx.conn.fetchrow(
            _ROTATE, endpoint_id, sealed, tx.now + ROTATION, tx.now, public_text(secret)
        )
        return None if row is None else (row, secret)

    async def remove(self, tx: Tx, endpoint_id: UUID) -> bool:
        """Delete an endpoint; False if there is none.

        What it hasn't got is nobody's from then on: `deliveries.cancel_nobodys`.
        """
        return await tx.conn.fetchval(_REMOVE, endpoint_id) is not None


async def note_health(tx: Tx, recovered: Collection[UUID], failing: Mapping[UUID, Health]) -> None:
    """Write down which endpoints began to fail or to work, and which rest until when."""
    if recovered:
        await tx.conn.execute(_RECOVERED, sorted(recovered))
    if failing:
        ids = sorted(failing)
        since = [failing[i].failing_since for i in ids]
        await tx.conn.execute(_FAILING, ids, since, [failing[i].paused_until for i in ids])


async def lock_for_probe(tx: Tx, endpoint_ids: Collection[UUID]) -> set[UUID]:
    """Find those that nobody is probing, and let nobody else until the transaction ends."""
    if not endpoint_ids:
        return set()
    rows = await tx.conn.fetch(_LOCK_FOR_PROBE, sorted(endpoint_ids), tx.now)
    return {row["endpoint_id"] for row in rows}


async def note_probes(tx: Tx, endpoint_ids: Collection[UUID]) -> None:
    """Write down that they are being probed; if nobody says what came of it, not for ever."""
    if endpoint_ids:
        await tx.conn.execute(_NOTE_PROBES, sorted(endpoint_ids), tx.now + LEASE)


async def lock(tx: Tx, endpoint_ids: Collection[UUID]) -> None:
    """Keep endpoints as they are until the transaction ends; all that it changes, at once."""
    if endpoint_ids:
        await tx.conn.execute(_LOCK, sorted(endpoint_ids))


async def disable(tx: Tx, endpoint: Endpoint, decision: Disable) -> asyncpg.Record | None:
    """Switch an endpoint off; None if it is off already, or its row says that it shouldn't be."""
    row: asyncpg.Record | None = await tx.conn.fetchrow(
        _DISABLE,
        endpoint.endpoint_id,
        decision.why,
        tx.now,
        endpoint.url,
        decision.failing_since,
    )
    return row
