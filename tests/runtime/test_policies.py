"""Policy bundles: stored under their hash, switched without a restart."""

from __future__ import annotations

from datetime import UTC, datetime

import asyncpg
import pytest

from services.policy import PolicyError
from services.runtime.migrate import migrate
from services.runtime.policies import PolicyStore, publish
from tests.policies import policy_files

FILES = policy_files()

pytestmark = pytest.mark.postgres

FAR = datetime(2100, 1, 1, tzinfo=UTC)
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


@pytest.fixture
async def pool(dsn: str):
    """The platform's database."""
    await migrate(dsn, "platform")
    one = await asyncpg.create_pool(dsn, min_size=1, max_size=2)
    yield one
    await one.close()


def changed() -> dict[str, bytes]:
    """The same rules with another hash."""
    return dict(FILES) | {"sla.toml": FILES["sla.toml"].replace(b'"7d"', b'"8d"')}


async def test_a_published_policy_is_in_force_at_the_next_look(pool: asyncpg.Pool) -> None:
    """Officials change rules while everything runs."""
    store = PolicyStore(pool)
    first = await publish(pool, FILES, actor="test")
    await store.refresh()
    assert store.current.hash == first
    second = await publish(pool, changed(), actor="test")
    await store.refresh()
    assert second != first
    assert store.current.hash == second


async def test_a_policy_for_later_waits_for_its_day(pool: asyncpg.Pool) -> None:
    """A rule that holds from January is published in December."""
    store = PolicyStore(pool)
    now = await publish(pool, FILES, actor="test")
    await publish(pool, changed(), actor="test", effective_at=FAR)
    await store.refresh()
    assert store.current.hash == now


async def test_an_old_policy_stays_known(pool: asyncpg.Pool) -> None:
    """A case keeps the promise it was opened under."""
    old = await publish(pool, FILES, actor="test")
    await publish(pool, changed(), actor="test")
    assert (await PolicyStore(pool).fetch(old)).hash == old
    with pytest.raises(LookupError):
        await PolicyStore(pool).fetch("0" * 16)


async def test_a_bad_policy_is_never_stored(pool: asyncpg.Pool) -> None:
    """What fails its check never reaches a running service."""
    with pytest.raises(PolicyError):
        await publish(pool, dict(FILES) | {"sla.toml": b"nonsense = ["}, actor="test")
    assert await pool.fetchval("SELECT count(*) FROM platform.policy_bundle") == 0


async def test_going_back_to_an_earlier_policy_is_one_more_publish(pool: asyncpg.Pool) -> None:
    """The way back from a mistake is as short as the way in."""
    store = PolicyStore(pool)
    first = await publish(pool, FILES, actor="test")
    await publish(pool, changed(), actor="test", effective_at=LONG_AGO)
    await publish(pool, FILES, actor="test")
    await store.refresh()
    assert store.current.hash == first
