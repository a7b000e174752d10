"""The policy in force: bundles in PostgreSQL under their hash, switched without a restart.

`publish` stores a bundle and says from when it holds. Every service looks every second which
hash is in force, so a change reaches all of them within five. Old bundles stay: a case keeps
the promise it was opened under.
"""

from __future__ import annotations

import asyncio
import gzip
from typing import TYPE_CHECKING

import orjson

from services.policy import Policy, PolicyError, bundle_hash, load
from services.runtime import telemetry
from services.runtime.errors import is_transient

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    import asyncpg

_IN_FORCE = """
    SELECT hash FROM platform.policy_activation WHERE effective_at <= now()
    ORDER BY effective_at DESC, id DESC LIMIT 1
"""
_BUNDLE = "SELECT files FROM platform.policy_bundle WHERE hash = $1"
_STORE = """
    INSERT INTO platform.policy_bundle (hash, city, files) VALUES ($1, $2, $3)
    ON CONFLICT (hash) DO NOTHING
"""
_ACTIVATE = """
    INSERT INTO platform.policy_activation (hash, effective_at, actor)
    VALUES ($1, coalesce($2, now()), $3)
"""

#: How often a service looks; well within the five seconds that are promised.
POLL_S = 1.0

log = telemetry.get_logger()


async def publish(
    conn: asyncpg.Connection | asyncpg.Pool,
    files: Mapping[str, bytes],
    *,
    actor: str,
    effective_at: datetime | None = None,
) -> str:
    """Store a bundle and put it in force.

    Args:
        conn: The platform's database.
        files: Contents by file name.
        actor: Who publishes, for the record.
        effective_at: From when it holds; None is now.

    Returns:
        The bundle's hash.

    Raises:
        PolicyError: It has faults; nothing was stored.
    """
    policy_hash = await keep(conn, files)
    await conn.execute(_ACTIVATE, policy_hash, effective_at, actor)
    return policy_hash


async def keep(conn: asyncpg.Connection | asyncpg.Pool, files: Mapping[str, bytes]) -> str:
    """Store a bundle without putting it in force, so that services can be asked about it.

    Returns:
        The bundle's hash.

    Raises:
        PolicyError: It has faults; nothing was stored.
    """
    policy = load(files)
    texts = {name: content.decode() for name, content in files.items()}
    packed = gzip.compress(orjson.dumps(texts), mtime=0)
    await conn.execute(_STORE, policy.hash, policy.city.code, packed)
    return policy.hash


class PolicyStore:
    """What services ask for the rules."""

    def __init__(self, pool: asyncpg.Pool | None) -> None:
        """Read from the platform's database; `run` keeps up to date."""
        self._pool = pool
        self._known: dict[str, Policy] = {}
        self._current: Policy | None = None
        self.loaded = asyncio.Event()  #: Set once some policy is in force.
        self._refused: str | None = None

    @classmethod
    def fixed(cls, policy: Policy, *others: Policy) -> PolicyStore:
        """Make a store that always answers `policy`, and knows others by their hash."""
        store = cls(None)
        store._take(policy)
        store._known |= {other.hash: other for other in others}
        return store

    @property
    def is_loaded(self) -> bool:
        """True once some policy is in force."""
        return self._current is not None

    def _take(self, policy: Policy) -> None:
        self._current = policy
        self._known[policy.hash] = policy
        self.loaded.set()

    @property
    def current(self) -> Policy:
        """The policy in force.

        Raises:
            LookupError: None has been published yet; services don't start before.
        """
        if self._current is None:
            raise LookupError("no policy has been published")
        return self._current

    def known(self, policy_hash: str) -> Policy | None:
        """Give a policy that is in memory already."""
        return self._known.get(policy_hash)

    async def fetch(self, policy_hash: str) -> Policy:
        """Give any policy that was ever published.

        Raises:
            LookupError: No bundle has this hash.
        """
        if policy_hash not in self._known:
            packed = await self._pool.fetchval(_BUNDLE, policy_hash) if self._pool else None
            if packed is None:
                raise LookupError(f"no policy bundle {policy_hash}")
            # Parsing thousands of divisions takes a while: not in the event loop.
            self._known[policy_hash] = await asyncio.to_thread(_unpack, packed)
        return self._known[policy_hash]

    async def refresh(self) -> None:
        """Look which policy is in force, and take it."""
        if self._pool is None:
            return
        found = await self._pool.fetchval(_IN_FORCE)
        if found is None or found == self._refused:
            return
        if self._current is None or self._current.hash != found:
            try:
                self._take(await self.fetch(found))
            except PolicyError as error:
                # `publish` checks, so only an older version's bundle can come here.
                self._refused = found
                log.critical("policy-refused", policy=found, error=str(error))
            else:
                log.info("policy-in-force", policy=found)

    async def run(self) -> None:
        """Keep up to date until cancelled."""
        while True:
            try:
                await self.refresh()
            except Exception as error:
                if not is_transient(error):
                    log.exception("policy-refresh-failed")
            await asyncio.sleep(POLL_S)


def _unpack(packed: bytes) -> Policy:
    texts: dict[str, str] = orjson.loads(gzip.decompress(packed))
    return load({name: text.encode() for name, text in texts.items()})


__all__ = ["POLL_S", "PolicyStore", "bundle_hash", "publish"]
