"""Endpoints in SQL, and the copy of all of them that every process keeps in memory."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from services.notifier.adapters.sealing import Sealer, new_secret
from services.notifier.decide import Directory, Endpoint, SigningKey
from services.runtime import telemetry
from services.runtime.errors import MisconfiguredError
from services.runtime.ids import new_id

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from uuid import UUID

    import asyncpg

    from services.runtime.postgres import Database
    from services.runtime.transaction import Tx

#: How long the old secret signs beside the new one.
ROTATION = timedelta(hours=24)

_COLUMNS = """
    endpoint_id, number, url, agency, event_types, description, is_enabled, disabled_reason,
    previous_until, failing_since, paused_until, created_at, changed_at
"""
_ALL = f"SELECT {_COLUMNS}, secret, previous_secret FROM endpoint"
_MARK = "SELECT count(*), coalesce(sum(version), 0)::bigint, coalesce(max(number), 0) FROM endpoint"
_LIST = f"""
    SELECT {_COLUMNS} FROM endpoint WHERE $1::text IS NULL OR agency = $1 ORDER BY number
"""
_ONE = f"SELECT {_COLUMNS} FROM endpoint WHERE endpoint_id = $1"
_ADD = f"""
    INSERT INTO endpoint (endpoint_id, url, agency, event_types, description, is_enabled, secret,
                          created_at, changed_at, disabled_reason)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8, CASE WHEN $6 THEN NULL ELSE 'operator' END)
    RETURNING {_COLUMNS}
"""
#: Switching on forgives: an endpoint that was switched off as failing starts afresh.
_CHANGE = f"""
    UPDATE endpoint SET url = coalesce($2, url), event_types = coalesce($3, event_types),
        description = coalesce($4, description), is_enabled = coalesce($5, is_enabled),
        disabled_reason = CASE WHEN coalesce($5, is_enabled) THEN NULL
                               ELSE coalesce(disabled_reason, 'operator') END,
        failing_since = CASE WHEN $5 AND NOT is_enabled THEN NULL ELSE failing_since END,
        paused_until = CASE WHEN $5 AND NOT is_enabled THEN NULL ELSE paused_until END,
        changed_at = $6, version = version + 1
    WHERE endpoint_id = $1 RETURNING {_COLUMNS}
"""
_ROTATE = f"""
    UPDATE endpoint SET previous_secret = secret, previous_until = $3, secret = $2,
        changed_at = $4, version = version + 1
    WHERE endpoint_id = $1 RETURNING {_COLUMNS}
"""
_CANCEL = """
    UPDATE delivery SET state = 'cancelled', finished_at = $2
    WHERE endpoint_id = $1 AND state = 'pending'
"""
_REMOVE = "DELETE FROM endpoint WHERE endpoint_id = $1 RETURNING endpoint_id"
_RECOVERED = """
    UPDATE endpoint SET failing_since = NULL, paused_until = NULL, version = version + 1
    WHERE endpoint_id = ANY($1::uuid[]) AND failing_since IS NOT NULL
"""
_FAILING = """
    UPDATE endpoint e SET failing_since = coalesce(failing_since, $3),
        paused_until = greatest(paused_until, f.until), version = version + 1
    FROM unnest($1::uuid[], $2::timestamptz[]) AS f (endpoint_id, until)
    WHERE e.endpoint_id = f.endpoint_id AND (failing_since IS NULL OR f.until IS NOT NULL)
"""
_DISABLE = """
    UPDATE endpoint SET is_enabled = false, disabled_reason = $2, changed_at = $3,
        version = version + 1
    WHERE endpoint_id = $1 AND is_enabled RETURNING agency
"""

log = telemetry.get_logger()


class EndpointBook:
    """All endpoints in memory; asks the database each second whether anything changed."""

    def __init__(self, db: Database, sealer: Sealer) -> None:
        """Begin empty; `refresh` fills it."""
        self._db = db
        self._sealer = sealer
        self._mark: tuple[int, int, int] | None = None
        self.directory = Directory()

    async def refresh(self) -> None:
        """Take over what changed since the last time."""
        found = await self._db.fetchrow(_MARK)
        mark = None if found is None else (found[0], found[1], found[2])
        if mark == self._mark:
            return
        rows = await self._db.fetch(_ALL)
        endpoints = [self._endpoint(row) for row in rows]
        self.directory = Directory(endpoint for endpoint in endpoints if endpoint is not None)
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
        )
        return row, secret

    async def change(
        self, tx: Tx, endpoint_id: UUID, fields: Mapping[str, Any]
    ) -> asyncpg.Record | None:
        """Change the fields that are given; None if there is no such endpoint."""
        row: asyncpg.Record | None = await tx.conn.fetchrow(
            _CHANGE,
            endpoint_id,
            fields.get("url"),
            fields.get("event_types"),
            fields.get("description"),
            fields.get("is_enabled"),
            tx.now,
        )
        return row

    async def rotate(self, tx: Tx, endpoint_id: UUID) -> tuple[asyncpg.Record, bytes] | None:
        """Give an endpoint a new secret; the old one signs beside it for a while."""
        secret = new_secret()
        sealed = self._sealer.seal(endpoint_id, secret)
        row = await tx.conn.fetchrow(_ROTATE, endpoint_id, sealed, tx.now + ROTATION, tx.now)
        return None if row is None else (row, secret)

    async def remove(self, tx: Tx, endpoint_id: UUID) -> bool:
        """Delete an endpoint and cancel what it hasn't got; False if there is none."""
        removed = await tx.conn.fetchval(_REMOVE, endpoint_id)
        await tx.conn.execute(_CANCEL, endpoint_id, tx.now)
        return removed is not None


async def note_health(
    tx: Tx, recovered: Collection[UUID], failing: Mapping[UUID, datetime | None]
) -> None:
    """Write down which endpoints began to fail or to work, and which want rest until when."""
    if recovered:
        await tx.conn.execute(_RECOVERED, sorted(recovered))
    if failing:
        ids = sorted(failing)
        await tx.conn.execute(_FAILING, ids, [failing[i] for i in ids], tx.now)


async def disable(tx: Tx, endpoint_id: UUID, reason: str) -> asyncpg.Record | None:
    """Switch an endpoint off; None if it is off already."""
    row: asyncpg.Record | None = await tx.conn.fetchrow(_DISABLE, endpoint_id, reason, tx.now)
    return row
