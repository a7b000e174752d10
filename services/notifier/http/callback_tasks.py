"""Call-backs by telephone: which calls are to be made, taking one on, what came of it.

A number is revealed by intake's vault alone, with the operator's own key, so that it is written
down who looked. What the citizen answers is recorded at intake, the only door in.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field

from services.notifier.adapters import callbacks
from services.notifier.decide import ATTEMPT
from services.notifier.decide.calling import Call, CallOutcome, Refused, again, called, claim
from services.notifier.handle.consumer import callback_of, with_callback
from services.notifier.http.desk import Desk
from services.runtime.keys import Principal, Role, require
from services.runtime.problems import Problem, problem_responses
from services.runtime.stage import carry_out
from services.runtime.step import Change, Step

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from datetime import datetime

    from services.notifier.decide import Callback
    from services.runtime.transaction import Tx

#: Only they ask: never an agency, whose work the question is about. (An operator's key has no
#: agency: `platform.api_key` sees to it.)
_Operator = Annotated[Principal, Depends(require(Role.OPERATOR))]
_Supervisor = Annotated[Principal, Depends(require(Role.SUPERVISOR))]

#: What a note must not hold, as far as a machine can tell: numbers of people, addresses of e-mail.
_IDENTITY = re.compile(r"(?:\d[\s-]?){7}|@")

_SAID = {
    "settled": (410, "It is over: it was answered, or has lapsed, or the case went on."),
    "not-open": (409, "Nobody is to be called now."),
    "claimed": (409, "A colleague has taken this call on."),
    "not-claimed": (409, "This call isn't yours: take it on first."),
    "bad-time": (422, "`call_at` belongs to `later`, lies ahead, and before the call-back lapses."),
    "limit": (409, "The policy (`again_max`) allows no more calls."),
    "being-asked": (409, "An attempt is being made at this moment."),
}


def _without_identity(note: str) -> str:
    if _IDENTITY.search(note):
        raise ValueError("a note holds no telephone number and no address")
    return note


class AttemptBody(BaseModel):
    """What came of a call that brought no answers."""

    model_config = ConfigDict(extra="forbid")

    outcome: CallOutcome
    call_at: AwareDatetime | None = Field(
        default=None, description="With `later`: when the person wants to be called."
    )
    note: Annotated[str, Field(max_length=200), AfterValidator(_without_identity)] | None = Field(
        default=None, description="For whoever calls next; no name, no number."
    )


def routes(desk: Desk) -> APIRouter:
    """Make the routes."""
    router = APIRouter(prefix="/v1/callback-tasks", tags=["call-back tasks"])
    _add_queue(router, desk)
    _add_claiming(router, desk)
    _add_recording(router, desk)
    return router


def _add_queue(router: APIRouter, desk: Desk) -> None:
    @router.get("", responses=problem_responses(401, 403, 422))
    async def list_tasks(
        operator: _Operator, limit: Annotated[int, Query(ge=1, le=200)] = 50
    ) -> dict[str, Any]:
        """List the calls to make now, those that lapse first before others; also one's own."""
        now = desk.clock.now()
        found = await callbacks.open_calls(desk.db, operator.key_id, now, limit)
        made = await callbacks.calls(desk.db, [one.callback_id for one in found])
        return {"items": [_view(one, made[one.callback_id]) for one in found]}


def _add_claiming(router: APIRouter, desk: Desk) -> None:
    @router.post("/{callback_id}/claim", responses=problem_responses(401, 403, 404, 409, 410, 422))
    async def take_on(callback_id: UUID, operator: _Operator) -> dict[str, Any]:
        """Take a call on for a quarter of an hour, or for another one."""
        complaint_id = await _known(desk, callback_id)
        step = await _decide(
            desk,
            callback_id,
            complaint_id,
            lambda found, now: claim(found, operator.key_id, now),
        )
        after = step.state
        made = await callbacks.calls(desk.db, [callback_id])
        return _view(after, made[callback_id]) | {
            "reveal": f"/v1/identities/{after.reporter}/reveal",
            "result": f"/v1/callbacks/{callback_id}/result",
        }


def _add_recording(router: APIRouter, desk: Desk) -> None:
    @router.post(
        "/{callback_id}/attempts",
        status_code=202,
        responses=problem_responses(401, 403, 404, 409, 410, 422),
    )
    async def record(callback_id: UUID, body: AttemptBody, operator: _Operator) -> dict[str, Any]:
        """Record a call that brought no answers; answers are recorded at intake."""
        complaint_id = await _known(desk, callback_id)
        call = Call(body.outcome, body.call_at)

        async def note(tx: Tx, after: Callback) -> None:
            await callbacks.add_call(
                tx, after, operator=operator.key_id, outcome=body.outcome, note=body.note
            )

        step = await _decide(
            desk,
            callback_id,
            complaint_id,
            lambda found, now: called(found, operator.key_id, call, desk.asking(), now),
            note,
        )
        return _standing(step.state) | {"next_attempt_at": _next_at(step)}

    @router.post(
        "/{callback_id}/again",
        status_code=202,
        responses=problem_responses(401, 403, 404, 409, 410, 422),
    )
    async def order_again(callback_id: UUID, _: _Supervisor) -> dict[str, Any]:
        """Order one more call, while the tracker can still take the answer."""
        complaint_id = await _known(desk, callback_id)
        step = await _decide(
            desk,
            callback_id,
            complaint_id,
            lambda found, now: again(found, desk.asking(), now),
        )
        return _standing(step.state) | {"next_attempt_at": _next_at(step)}


async def _known(desk: Desk, callback_id: UUID) -> UUID:
    """Find the complaint that a call-back is about.

    Raises:
        Problem: 404.
    """
    found = await callbacks.find(desk.db, callback_id)
    if found is None:
        raise Problem(404, "no-such-callback", "There is no such call-back.")
    return found.complaint_id


async def _decide(
    desk: Desk,
    callback_id: UUID,
    complaint_id: UUID,
    decide: Callable[[Callback, datetime], Step[Callback] | Refused],
    note: Callable[[Tx, Callback], Awaitable[None]] | None = None,
) -> Step[Callback]:
    """Carry out a decision under the complaint's lock, and what is written down with it.

    Raises:
        Problem: It is refused.
    """
    async with desk.db.transaction() as tx:
        state = (await desk.stage.load(tx, [complaint_id])).get(complaint_id)
        found = None if state is None else callback_of(state, callback_id)
        if state is None or found is None:
            raise Problem(404, "no-such-callback", "There is no such call-back.")
        outcome = decide(found, tx.now)
        if isinstance(outcome, Refused):
            status, detail = _SAID[outcome.code]
            raise Problem(status, outcome.code, detail)
        after = with_callback(state, outcome.state)
        await desk.stage.store(tx, [Change(complaint_id, state, after)])
        if note is not None:
            await note(tx, outcome.state)
        whole = Step(after, outcome.facts, outcome.set_deadlines, outcome.clear_deadlines)
        carry_out(tx, complaint_id, whole, cause=None)
    return outcome


def _next_at(step: Step[Callback]) -> str | None:
    """Say when the person is asked next, if at all."""
    found = [one.due_at for one in step.set_deadlines if one.kind == ATTEMPT]
    return _written(found[0]) if found else None


def _view(callback: Callback, made: list[dict[str, Any]]) -> dict[str, Any]:
    """Show a call to whoever makes it: what it is about, never who it is."""
    return _standing(callback) | {
        "complaint_id": str(callback.complaint_id),
        "number": callback.number,
        "agency": callback.agency,
        "answer": callback.answer,
        "language": callback.language,
        "reporter": callback.reporter,
        "lapses_at": callback.lapses_at.isoformat(),
        "open_until": _written(callback.open_until),
        "claimed_until": _written(callback.claimed_until),
        "calls": made,
    }


def _standing(callback: Callback) -> dict[str, Any]:
    return {
        "callback_id": str(callback.callback_id),
        "state": callback.state.value,
        "attempts": callback.attempts,
    }


def _written(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat()
