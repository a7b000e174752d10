"""For whoever connects city systems: their secrets, which are shown once."""

from __future__ import annotations

import secrets
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Response
from pydantic import BaseModel, ConfigDict, StringConstraints

from services.intake.adapters import hooks
from services.intake.http.desk import Desk, json_answer
from services.intake.http.hook_taking import sealer_of
from services.runtime.keys import Principal, Role, require
from services.runtime.problems import Problem, invalid_request, problem_responses
from services.runtime.webhooks import SECRET_BYTES, secret_key, secret_text

_Connecting = Annotated[Principal, Depends(require(Role.SUPERVISOR, Role.SERVICE))]
_Source = Annotated[str, Path(max_length=40)]
#: As a header can carry it.
_Secret = Annotated[str, StringConstraints(pattern=r"^[!-~][ -~]{14,198}[!-~]$")]


class SecretBody(BaseModel):
    """The secret that a system has already; without one a new one is made."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    secret: _Secret | None = None


class SourceBody(SecretBody):
    """A system that may call from now on."""

    source: Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,39}$")]


def routes(desk: Desk) -> APIRouter:
    """Make the routes."""
    router = APIRouter(prefix="/hook-sources", tags=["hooks"])
    _add_reading(router, desk)
    _add_letting_in(router, desk)
    _add_changing(router, desk)
    return router


def _add_reading(router: APIRouter, desk: Desk) -> None:
    @router.get("", responses=problem_responses(401, 403))
    async def list_sources(_: _Connecting) -> Response:
        """List who may call, and who has a mapping but no secret."""
        rows = [dict(row) for row in await hooks.list_sources(desk.db)]
        mapped = desk.lexicon.policy.hooks
        for row in rows:
            row["is_mapped"] = row["source"] in mapped
        waiting = sorted(set(mapped) - {row["source"] for row in rows})
        return json_answer({"items": rows, "without_secret": waiting})


def _add_letting_in(router: APIRouter, desk: Desk) -> None:
    sealer = sealer_of(desk)

    @router.post("", status_code=201, responses=problem_responses(401, 403, 409, 422))
    async def add_source(body: SourceBody, _: _Connecting) -> Response:
        """Let a source call; the answer is the only one that ever shows its secret."""
        secret = _secret(desk, body.source, body.secret)
        async with desk.db.transaction() as tx:
            is_new = await hooks.add_source(tx, sealer, body.source, secret)
        if not is_new:
            raise Problem(409, "source-exists", "It has a secret: rotate or revoke it.")
        return json_answer({"source": body.source, "secret": secret}, 201)


def _add_changing(router: APIRouter, desk: Desk) -> None:
    sealer = sealer_of(desk)

    @router.post("/{source}/rotate", responses=problem_responses(401, 403, 404, 422))
    async def rotate_source(source: _Source, body: SecretBody, _: _Connecting) -> Response:
        """Give another secret; the old one is good for 24 hours more."""
        secret = _secret(desk, source, body.secret)
        async with desk.db.transaction() as tx:
            is_known = await hooks.rotate_source(tx, sealer, source, secret)
        if not is_known:
            raise _no_such_source()
        return json_answer({"source": source, "secret": secret})

    @router.delete("/{source}", status_code=204, responses=problem_responses(401, 403, 404, 422))
    async def revoke_source(source: _Source, _: _Connecting) -> Response:
        """Let a source call no more, from now on; its calls stay."""
        async with desk.db.transaction() as tx:
            is_known = await hooks.revoke_source(tx, source.replace("\0", ""))
        if not is_known:
            raise _no_such_source()
        return Response(status_code=204)


def _secret(desk: Desk, source: str, given: str | None) -> str:
    """Check a given secret, or make one of the kind that the source's mapping names.

    Raises:
        Problem: 422.
    """
    mapping = desk.lexicon.policy.hooks.get(source)
    if mapping is None:
        message = f"the policy in force has no hooks/{source}.toml: publish it first"
        raise invalid_request([("source", message)])
    if mapping.signature == "shared-secret":
        return given or secrets.token_urlsafe(SECRET_BYTES)
    if given is not None and secret_key(given) is None:
        raise invalid_request([("secret", "must be whsec_ and base64 of 24 to 64 bytes")])
    return given or secret_text(secrets.token_bytes(SECRET_BYTES))


def _no_such_source() -> Problem:
    return Problem(404, "no-such-source", "No source of this name has a secret.")
