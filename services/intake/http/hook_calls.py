"""For operators: calls of city systems that wait for a repair, and trying them again."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Response
from pydantic import BaseModel, ConfigDict

from services.intake.adapters import hooks, vault
from services.intake.http.bodies import Note, Purpose
from services.intake.http.desk import Desk, json_answer
from services.intake.http.hook_taking import sealer_of, settle
from services.intake.http.identities import access_of
from services.runtime import telemetry
from services.runtime.errors import MisconfiguredError
from services.runtime.keys import Principal, Role, require
from services.runtime.problems import Problem, problem_responses

if TYPE_CHECKING:
    from asyncpg import Record

    from services.intake.adapters.sealing import Sealer

#: Calls that one request tries again.
REPLAYED_MAX = 200

_HOUR = timedelta(hours=1)

#: Columns of a call that nobody is shown.
_INSIDE = ("sealed", "body_hash")

_Repairing = Annotated[Principal, Depends(require(Role.OPERATOR, Role.SUPERVISOR, Role.SERVICE))]
_State = Literal["received", "parked", "ignored", "taken", "dropped"]
_SourceName = Annotated[str, Query(max_length=40)]


class DropBody(BaseModel):
    """Why a call is given up."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    reason: Note


def routes(desk: Desk) -> APIRouter:
    """Make the routes."""
    router = APIRouter(prefix="/hook-calls", tags=["hooks"])
    _add_reading(router, desk, sealer_of(desk))
    _add_repairing(router, desk, sealer_of(desk))
    return router


def _add_reading(router: APIRouter, desk: Desk, sealer: Sealer) -> None:
    @router.get("", responses=problem_responses(401, 403, 422))
    async def list_calls(
        _: _Repairing,
        state: _State = "parked",
        source: _SourceName | None = None,
        after: UUID | None = None,
        limit: Annotated[int, Query(ge=1, le=500)] = 100,
    ) -> Response:
        """List calls in a state, the oldest first; `next` is the following page's `after`."""
        rows = await hooks.list_calls(desk.db, state, _clean(source), after, limit)
        following = str(rows[-1]["call_id"]) if len(rows) == limit else None
        return json_answer({"items": [_plain(row) for row in rows], "next": following})

    @router.get("/{call_id}", responses=problem_responses(401, 403, 404, 409, 422, 429))
    async def show_call(
        call_id: UUID, principal: _Repairing, purpose: Annotated[Purpose | None, Query()] = None
    ) -> Response:
        """Show a call; its body only for a stated purpose, which is written down."""
        row = await hooks.find_call(desk.db, call_id)
        if row is None:
            raise Problem(404, "no-such-call", "No call has this id.")
        linked = await hooks.complaints_of(desk.db, call_id)
        complaints = [{"complaint_id": str(found), "number": number} for _, found, number in linked]
        shown = _plain(row) | {"complaints": complaints}
        if purpose:
            body = _open(sealer, row)
            await _record(desk, principal, purpose, call_id, is_there=body is not None)
            shown["body"] = None if body is None else body.decode(errors="backslashreplace")
        return json_answer(shown)


def _add_repairing(router: APIRouter, desk: Desk, sealer: Sealer) -> None:
    @router.post("/replay-all", responses=problem_responses(401, 403, 422))
    async def replay_all(_: _Repairing, source: _SourceName, after: UUID | None = None) -> Response:
        """Try parked calls of a source again, the oldest first; `next` is the following `after`."""
        rows = await hooks.list_calls(desk.db, "parked", _clean(source), after, REPLAYED_MAX)
        states = [await settle(desk, sealer, row["call_id"]) for row in rows]
        taken = sum(state == "taken" for state in states)
        following = str(rows[-1]["call_id"]) if len(rows) == REPLAYED_MAX else None
        return json_answer({"tried": len(states), "taken": taken, "next": following})

    @router.post("/{call_id}/replay", responses=problem_responses(401, 403, 404, 422))
    async def replay(call_id: UUID, _: _Repairing) -> Response:
        """Try a parked or ignored call again with the policy in force."""
        await settle(desk, sealer, call_id)
        row = await hooks.find_call(desk.db, call_id)
        return json_answer(_plain(row) if row else None)

    @router.post("/{call_id}/drop", responses=problem_responses(401, 403, 409, 422))
    async def drop(call_id: UUID, body: DropBody, principal: _Repairing) -> Response:
        """Give up a parked call; it is kept for a while with the reason and who gave it."""
        reason = f"{body.reason} ({principal.name})".replace("\0", "")
        async with desk.db.transaction() as tx:
            source = await hooks.drop(tx, call_id, reason)
        if source is None:
            raise Problem(409, "not-parked", "No parked call has this id.")
        telemetry.HOOK_CALLS.labels(source, "dropped").inc()
        return json_answer({"call_id": str(call_id), "state": "dropped"})


def _clean(source: str | None) -> str | None:
    return source.replace("\0", "") if source else None


def _plain(row: Record) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name not in _INSIDE}


def _open(sealer: Sealer, row: Record) -> bytes | None:
    try:
        return hooks.open_body(sealer, row)
    except MisconfiguredError as error:
        raise Problem(
            409, "sealed-otherwise", "It was sealed with another endpoint_key."
        ) from error


async def _record(
    desk: Desk, principal: Principal, purpose: str, call_id: UUID, *, is_there: bool
) -> None:
    """Write down who looks, before they see anything.

    Raises:
        Problem: 429, an operator has looked too often.
    """
    access = access_of(principal, purpose.replace("\0", ""))
    access = replace(access, purpose=f"{access.purpose} (hook call {call_id})")
    accesses = desk.vault.accesses
    async with desk.db.transaction() as tx:
        if principal.role is Role.OPERATOR:
            most = desk.reveals_per_hour
            free_at = await accesses.free_at(tx, principal.key_id, most, _HOUR)
            if free_at is not None:
                wait = {"Retry-After": str(int((free_at - tx.now).total_seconds()) + 1)}
                message = f"One key may see {most} persons' words and names an hour."
                raise Problem(429, "too-many-reveals", message, headers=wait)
        outcome: vault.Outcome = "shown" if is_there else "nothing"
        await accesses.record(tx, access, outcome, reporter=None, complaint_id=None)
