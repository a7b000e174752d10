"""A command that a caller may send again: the same Idempotency-Key, done once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from services.intake.adapters import complaints
from services.intake.adapters.complaints import KeyRow, RacedError
from services.intake.http.desk import Desk, idempotency_conflict, idempotency_key
from services.runtime.errors import TransientError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from uuid import UUID

    from fastapi import Request

    from services.intake.decide.duplicates import Alias
    from services.runtime.keys import Principal
    from services.runtime.transaction import Tx

_RACES_MAX = 5


class Asked(NamedTuple):
    """Who asks for what, so that it is known again."""

    scope: str
    key: str | None
    body_hash: bytes


def asked(desk: Desk, request: Request, principal: Principal, about: str, body: Any) -> Asked:  # noqa: ANN401 - any JSON
    """Read the Idempotency-Key of a command.

    Args:
        desk: The door's equipment.
        request: With the header.
        principal: A key counts within the caller's API key.
        about: What the command is about, so that one key can't stand for two.
        body: Parsed JSON.

    Raises:
        Problem: 422, the key is no key.
    """
    key = idempotency_key(request.scope)
    return Asked(str(principal.key_id), key, desk.body_hash(about, body))


async def once(desk: Desk, command: Asked, work: Callable[[Tx], Awaitable[UUID]]) -> UUID:
    """Carry a command out in one transaction, unless it has been already.

    Args:
        desk: The door's equipment.
        command: As from `asked`.
        work: Does it; what it raises undoes it. Gives the id of the answer.

    Returns:
        The id of the answer, of this time or of the first.

    Raises:
        Problem: 409, the key stands for another body.
        TransientError: Many callers use the key at once.
    """
    for _ in range(_RACES_MAX):
        try:
            async with desk.db.transaction() as tx:
                return await _known(tx, command) or await _named(tx, command, await work(tx))
        except RacedError:
            continue  # The same request at the same time: now its answer is known.
    raise TransientError("the same Idempotency-Key is used many times at once")


async def _known(tx: Tx, command: Asked) -> UUID | None:
    if command.key is None:
        return None
    alias: Alias = ("key", command.scope, command.key)
    found = (await complaints.find_known(tx, [alias])).get(alias)
    if found is None:
        return None
    if found.body_hash != command.body_hash:
        raise idempotency_conflict()
    return found.complaint_id


async def _named(tx: Tx, command: Asked, answer_id: UUID) -> UUID:
    if command.key is not None:
        row = KeyRow(command.scope, command.key, command.body_hash, answer_id)
        await complaints.name(tx, [row])
    return answer_id
