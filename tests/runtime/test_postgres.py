"""A database whose locks somebody else holds."""

from __future__ import annotations

import asyncio

import asyncpg
import pytest

from services.runtime.errors import DATABASE_TROUBLE, is_transient
from services.runtime.postgres import Database

pytestmark = pytest.mark.postgres


async def test_a_lock_that_somebody_holds_is_trouble_that_may_pass(dsn: str) -> None:
    """One stalled instance must not stop all others: they answer 503 and try again."""
    db = await Database.connect(dsn, "public", size=1)
    holder = await asyncpg.connect(dsn)
    try:
        async with holder.transaction():
            await holder.execute("SELECT pg_advisory_xact_lock(7, 1)")
            with pytest.raises(asyncpg.LockNotAvailableError) as refused:
                async with asyncio.timeout(15), db.transaction() as tx:
                    await tx.conn.execute("SELECT pg_advisory_xact_lock(7, 1)")
        assert is_transient(refused.value)
        async with db.transaction() as tx:
            assert await tx.conn.fetchval("SELECT pg_try_advisory_xact_lock(7, 1)")
    finally:
        await holder.close()
        await db.close()


async def test_a_transaction_that_stalls_is_ended_and_its_locks_are_free(dsn: str) -> None:
    """What is left of it may be tried again; the pool goes on with another connection."""
    db = await Database.connect(dsn, "public", size=1)
    other = await asyncpg.connect(dsn)

    async def stall() -> None:
        async with db.transaction() as tx:
            await tx.conn.execute("SET LOCAL idle_in_transaction_session_timeout = '50ms'")
            await tx.conn.execute("SELECT pg_advisory_xact_lock(7, 2)")
            async with asyncio.timeout(10):
                await other.execute("SELECT pg_advisory_lock(7, 2)")
            await tx.conn.execute("SELECT 1")

    try:
        assert await db.fetchval("SHOW idle_in_transaction_session_timeout") == "30s"
        with pytest.raises(DATABASE_TROUBLE):  # asyncpg tells it in several ways.
            await stall()
        assert await db.fetchval("SELECT 1") == 1
    finally:
        await other.close()
        await db.close()
