"""A city system's call on its way: stored as it came, then taken in, or parked for repair.

A call is durable before anything is tried with it. Whoever dies in between leaves it
`received`; a sweeper goes on with it. What has been taken is known again by the system's own
id, else by the call's, else by its bytes (for a week, as any Idempotency-Key), so nothing is
doubled however often a call is tried.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from services.intake.adapters import hooks
from services.intake.adapters.hooks import Call
from services.intake.adapters.sealing import Sealer
from services.intake.decide.mapping import Broken, Made, Mapped, map_call
from services.intake.http.taking import entry_for, request_of, take
from services.runtime import telemetry
from services.runtime.errors import MisconfiguredError, is_transient
from services.runtime.problems import Problem

if TYPE_CHECKING:
    from asyncpg import Record

    from services.intake.handle import Entry
    from services.intake.http.desk import Desk

#: A call is left alone so long before the sweeper takes it for abandoned.
LEFT_AFTER = timedelta(seconds=30)

_SWEEP_EVERY_S = 10.0
_SWEPT_MAX = 100

#: From here on a problem is our trouble of the moment, not the call's.
_OUR_TROUBLE = 500
_REASON_MAX = 2_000
_PARTLY = "some were taken; "

log = telemetry.get_logger()


@dataclass(frozen=True, slots=True)
class Fate:
    """What became of a call."""

    state: str
    reason: str | None = None
    complaints: tuple[tuple[int, UUID], ...] = ()


def sealer_of(desk: Desk) -> Sealer:
    """Give the sealer of secrets and calls."""
    return Sealer(desk.secrets.endpoint_key)


async def settle(desk: Desk, sealer: Sealer, call_id: UUID) -> str:
    """Try a stored call: take in what can be, and say what became of it.

    Returns:
        The call's state; it stays as it was while the database is away.

    Raises:
        Problem: 404, there is no such call.
    """
    row = await hooks.find_call(desk.db, call_id)
    if row is None:
        raise Problem(404, "no-such-call", "No call has this id.")
    if row["state"] in {"taken", "dropped"}:
        return str(row["state"])
    try:
        fate = await _attempt(desk, sealer, row)
    except Exception as error:  # a call that trips us up is parked, not lost or tried for ever
        if is_transient(error) or (isinstance(error, Problem) and error.status >= _OUR_TROUBLE):
            log.warning("hook-call-waits", call_id=str(call_id), error=repr(error))
            return str(row["state"])
        log.exception("hook-call-failed", call_id=str(call_id))
        fate = Fate("parked", f"a fault of ours: {type(error).__name__}")
    policy = desk.lexicon.policy.hash
    async with desk.db.transaction() as tx:
        await hooks.link(tx, call_id, fate.complaints)
        await hooks.mark(tx, call_id, fate.state, fate.reason, policy)
    telemetry.HOOK_CALLS.labels(row["source"], fate.state).inc()
    if fate.state == "parked":
        log.warning("hook-call-parked", call_id=str(call_id), reason=fate.reason)
    return fate.state


async def _attempt(desk: Desk, sealer: Sealer, row: Record) -> Fate:
    mapped = _map(desk, sealer, row)
    if isinstance(mapped, str):
        return Fate("parked", mapped)
    if not mapped.is_wanted:
        return Fate("ignored", "`when` gives nothing: not a complaint")
    known = {item for item, _, _ in await hooks.complaints_of(desk.db, row["call_id"])}
    taken: list[tuple[int, UUID]] = []
    reasons: list[str] = []
    for number, made in enumerate(mapped.made):
        if number in known:
            continue
        outcome = await _take_item(desk, row, number, made)
        if isinstance(outcome, UUID):
            taken.append((number, outcome))
        else:
            reasons.append(outcome)
    if not reasons:
        return Fate("taken", None, tuple(taken))
    several = _PARTLY if taken or known else ""
    return Fate("parked", (several + "; ".join(reasons))[:_REASON_MAX], tuple(taken))


def _map(desk: Desk, sealer: Sealer, row: Record) -> Mapped | str:
    """Make complaints of a call, or say why none can be made."""
    mapping = desk.lexicon.policy.hooks.get(row["source"])
    if mapping is None:
        return f"no hooks/{row['source']}.toml in the policy in force"
    try:
        body = hooks.open_body(sealer, row)
    except MisconfiguredError as error:
        return str(error)
    if body is None:
        return "the body was erased"
    mapped = map_call(mapping, body, row["content_type"])
    return str(mapped) if isinstance(mapped, Broken) else mapped


async def _take_item(desk: Desk, row: Record, number: int, made: Made | Broken) -> UUID | str:
    """Take one complaint in; gives its id, or why it can't be."""
    if isinstance(made, Broken):
        return str(made)
    try:
        return (await take(desk, _entry(desk, row, number, made))).complaint_id
    except Problem as problem:
        if problem.status >= _OUR_TROUBLE:
            raise
        fields = [f"{e['field']}: is refused" for e in problem.extensions.get("errors", ())]
        # No message: it may repeat a value, and reasons are logged, and shown without a purpose.
        return f"item {number}: {'; '.join(fields) or problem.code}"


def _entry(desk: Desk, row: Record, number: int, made: Made) -> Entry:
    # A call without an id of its own comes as another one when it is tried again.
    call = row["call_id"] if row["webhook_id"] else row["body_hash"].hex()
    scope, key = f"hook:{row['source']}", f"{call}/{number}"
    entry = entry_for(
        desk,
        request_of(made.body),
        made.body,
        scope,
        key if "external_id" not in made.body else None,
    )
    if "received_at" in made.body:
        return entry
    # Somebody called when the call came, however long it waited for a repair.
    matter = entry.prepared.matter.model_copy(update={"received_at": row["received_at"]})
    return replace(entry, prepared=replace(entry.prepared, matter=matter))


async def store(desk: Desk, sealer: Sealer, call: Call) -> UUID:
    """Make a call durable; gives the id of the same call if it came before.

    Raises:
        Problem: 409, its id stands for another body.
    """
    known = await hooks.store(desk.db, sealer, call)
    if known is None:
        return call.call_id
    if known.body_hash != call.body_hash:
        raise Problem(
            409, "idempotency-conflict", "The same webhook-id came with another body before."
        )
    return known.call_id


async def sweep(desk: Desk) -> int:
    """Go on with calls that were left behind, once; gives how many were."""
    sealer, now = sealer_of(desk), desk.clock.now()
    left = await hooks.left_behind(desk.db, now - LEFT_AFTER, _SWEPT_MAX)
    for call_id in left:
        await settle(desk, sealer, call_id)
    telemetry.HOOK_CALLS_PARKED.set(await hooks.count_parked(desk.db))
    await hooks.forget_calls(desk.db, now)
    return len(left)


async def run_sweeps(desk: Desk) -> None:
    """Sweep until cancelled."""
    while True:
        await asyncio.sleep(_SWEEP_EVERY_S)
        try:
            await sweep(desk)
        except Exception as error:
            if not is_transient(error):
                log.exception("hook-sweep-failed")
