"""API keys: who is calling, in which role, and for which agency.

A key has 256 random bits, so its SHA-256 at rest is enough; a slow hash would protect a
password, which this isn't. Lookups are kept for a few seconds: a revoked key dies within that.
"""

from __future__ import annotations

import hashlib
import secrets
import time
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING
from uuid import UUID

from fastapi import Request  # noqa: TC002 - FastAPI reads the annotation

from services.runtime.ids import child_id, new_id
from services.runtime.limits import ANONYMOUS, Limits, address_of
from services.runtime.problems import Problem

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    import asyncpg
    from starlette.types import Scope

_KEPT_S = 5.0

#: In a request's scope: by whom it has been counted.
_COUNTED = "whistle.counted"

_FIND = "SELECT id, name, role, agency FROM platform.api_key WHERE hash = $1 AND revoked_at IS NULL"
_ADD = """
    INSERT INTO platform.api_key (id, hash, name, role, agency) VALUES ($1, $2, $3, $4, $5)
    ON CONFLICT (hash) DO UPDATE SET name = excluded.name RETURNING id
"""


class Role(StrEnum):
    """What a key is for."""

    REPORTER = "reporter"  #: A web site or app that hands in complaints.
    AGENCY = "agency"  #: One agency's system; sees and acts on its own orders only.
    OPERATOR = "operator"  #: Call-centre operators and dispatchers.
    SUPERVISOR = "supervisor"  #: Answers for the hotline: reads all, settles, publishes.
    AUDITOR = "auditor"  #: Reads everything but identities.
    SERVICE = "service"  #: One of our own services.


@dataclass(frozen=True, slots=True)
class Principal:
    """Whoever is calling."""

    key_id: UUID
    name: str
    role: Role
    agency: str | None = None


class KeyRing:
    """Finds the principal behind a key."""

    def __init__(self, pool: asyncpg.Pool, built_in: dict[str, Role] | None = None) -> None:
        """Look keys up in `platform.api_key`.

        Args:
            pool: Connections to the platform's database.
            built_in: Keys of the installation's secrets file, valid without a row.
        """
        self._pool = pool
        self._kept: dict[bytes, tuple[float, Principal]] = {}
        self._built_in = {
            digest_of(key): Principal(
                child_id(UUID(int=0), f"key/{role}"), f"built-in {role}", role
            )
            for key, role in (built_in or {}).items()
        }

    async def find(self, digest: bytes) -> Principal | None:
        """Find who holds the key that has this `digest_of`; None if nobody may."""
        if digest in self._built_in:
            return self._built_in[digest]
        kept = self._kept.get(digest)
        if kept and kept[0] > time.monotonic():
            return kept[1]
        row = await self._pool.fetchrow(_FIND, digest)
        found = Principal(row["id"], row["name"], Role(row["role"]), row["agency"]) if row else None
        if found:
            self._kept[digest] = (time.monotonic() + _KEPT_S, found)
        else:  # Guesses are not kept: they must not fill the memory.
            self._kept.pop(digest, None)
        return found

    def recall(self, digest: bytes) -> Principal | None:
        """Say who held the key when it was last looked up; None also if it never was."""
        kept = self._kept.get(digest)
        return self._built_in.get(digest) or (kept[1] if kept else None)


def new_key() -> str:
    """Make a key; it is shown once and kept only as a hash."""
    return f"whk_{secrets.token_urlsafe(32)}"


async def add_key(
    conn: asyncpg.Connection | asyncpg.Pool,
    name: str,
    role: Role,
    agency: str | None = None,
    key: str | None = None,
) -> tuple[str, UUID]:
    """Store a key (a new one unless given) and return it with its id."""
    key = key or new_key()
    key_id = await conn.fetchval(_ADD, new_id(), digest_of(key), name, role.value, agency)
    return key, key_id


def digest_of(key: str) -> bytes:
    """Give what a key is kept as: nobody who reads the table can use it."""
    return hashlib.sha256(key.encode()).digest()


def bearer_of(scope: Scope) -> str:
    """Give the key that a request's header holds, or an empty text."""
    scheme, _, key = (header_of(scope, b"authorization") or "").partition(" ")
    return key.strip() if scheme.lower() == "bearer" else ""


def header_of(scope: Scope, name: bytes) -> str | None:
    """Give a request's first header of a name in lower case; None if it has none."""
    for found, value in scope["headers"]:
        if found == name:
            text: str = value.decode("latin-1")
            return text
    return None


def count(scope: Scope, key: str) -> None:
    """Count a request once: by its key if that was good before, else by its address.

    A key that nobody has seen yet may be a guess, so it is counted before it is looked up.

    Raises:
        Problem: 429.
    """
    _count(scope, digest_of(key) if key else b"")


def _count(scope: Scope, digest: bytes) -> None:
    state = scope["app"].state
    limits: Limits | None = getattr(state, "limits", None)
    if limits is None or _COUNTED in scope:
        return
    known: Principal | None = state.keys.recall(digest) if digest else None
    counted = (known.role, known.key_id) if known else (ANONYMOUS, address_of(scope))
    limits.check(*counted)
    scope[_COUNTED] = counted


async def admit(scope: Scope, key: str) -> Principal | None:
    """Find who holds a key; a good one is counted by itself, and its address no longer.

    Raises:
        Problem: 429.
    """
    digest = digest_of(key)
    _count(scope, digest)
    state = scope["app"].state
    ring: KeyRing = state.keys
    principal = await ring.find(digest)
    limits: Limits | None = getattr(state, "limits", None)
    if limits and principal and scope[_COUNTED] != (principal.role, principal.key_id):
        limits.give_back(*scope[_COUNTED])
        scope[_COUNTED] = (principal.role, principal.key_id)
        limits.check(*scope[_COUNTED])
    return principal


async def let_in(scope: Scope, roles: Collection[Role]) -> Principal:
    """Let only these roles in.

    Raises:
        Problem: As `require` says.
    """
    key = bearer_of(scope)
    if not key:
        raise Problem(
            401,
            "no-key",
            "Send a key: Authorization: Bearer whk_…",
            headers={"WWW-Authenticate": "Bearer"},
        )
    principal = await admit(scope, key)
    if principal is None:
        raise Problem(401, "unknown-key", "This key is unknown or revoked.")
    if principal.role not in roles:
        allowed = ", ".join(roles)
        raise Problem(
            403, "wrong-role", f"A key of role {principal.role} can't do this ({allowed} can)."
        )
    return principal


def require(*roles: Role) -> Callable[..., Principal]:
    """Make a FastAPI dependency that lets only these roles in.

    Raises:
        Problem: 401 `no-key` or `unknown-key`, 403 `wrong-role`, 429 `rate-limited`.
    """

    async def dependency(request: Request) -> Principal:
        return await let_in(request.scope, roles)

    return dependency  # type: ignore[return-value]  # FastAPI awaits it


__all__ = [
    "KeyRing",
    "Principal",
    "Role",
    "add_key",
    "admit",
    "bearer_of",
    "count",
    "digest_of",
    "header_of",
    "let_in",
    "new_key",
    "require",
]
