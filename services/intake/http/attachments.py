"""Attachments for those who may see them: what there is, and the bytes.

Originals are kept as they came, for they are evidence; so they may tell where and by which
telephone a picture was made. Therefore few see them, and of a person who asked for secrecy
(保密) no agency does: a picture may show them, their door, or their view of the street.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Response
from fastapi.responses import StreamingResponse

from services.intake.adapters import attachments, views
from services.intake.adapters.store import StoreError
from services.intake.decide.attachments import file_name, key_of
from services.intake.http.desk import Desk, json_answer
from services.runtime.keys import Principal, Role, require
from services.runtime.problems import Problem, problem_responses
from services.runtime.telemetry import get_logger

if TYPE_CHECKING:
    from services.intake.adapters.attachments import Attachment
    from services.runtime.transaction import Tx

_Listing = Annotated[
    Principal,
    Depends(require(Role.REPORTER, Role.OPERATOR, Role.SERVICE, Role.SUPERVISOR, Role.AGENCY)),
]
_Seeing = Annotated[
    Principal, Depends(require(Role.OPERATOR, Role.SERVICE, Role.SUPERVISOR, Role.AGENCY))
]

#: Whatever the bytes are, no browser may run them: they are a download from a stranger.
_HARMLESS = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "sandbox; default-src 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}


def routes(desk: Desk) -> APIRouter:
    """Make the routes."""
    router = APIRouter(prefix="/v1", tags=["attachments"])

    @router.get(
        "/complaints/{complaint_id}/attachments", responses=problem_responses(401, 403, 404, 422)
    )
    async def list_attachments(complaint_id: UUID, principal: _Listing) -> Response:
        """List a complaint's attachments and what became of each."""
        async with desk.db.transaction() as tx:
            await _require_sight(tx, complaint_id, principal)
        found = await attachments.list_of(desk.db, complaint_id)
        if not found and await views.public_status(desk.db, complaint_id) is None:
            raise Problem(404, "no-such-complaint", "No complaint has this id.")
        return json_answer({"attachments": [_listed(one) for one in found]})

    @router.get(
        "/attachments/{attachment_id}",
        responses=problem_responses(401, 403, 404, 422),
        response_class=StreamingResponse,
    )
    async def download(attachment_id: UUID, principal: _Seeing) -> Response:
        """Give the bytes of an attachment that is stored."""
        found = await attachments.find(desk.db, attachment_id)
        if found is None:
            raise _no_such_attachment()
        async with desk.db.transaction() as tx:
            await _require_sight(tx, found.complaint_id, principal, _no_such_attachment())
        return await _bytes(desk, found)

    return router


async def _require_sight(
    tx: Tx, complaint_id: UUID, principal: Principal, hidden: Problem | None = None
) -> None:
    """Let an agency see only what its orders are about, and nothing secret."""
    if principal.role is not Role.AGENCY:
        return
    if not await views.holds_order(tx, complaint_id, principal.agency or ""):
        raise hidden or Problem(
            404, "no-such-complaint", "Your agency has no order on this complaint."
        )
    if await attachments.is_secret(tx, complaint_id):
        raise Problem(
            403, "secret", "The reporter asked not to be shown to the agency; ask the hotline."
        )


async def _bytes(desk: Desk, found: Attachment) -> Response:
    if found.state != "stored" or found.media_type is None:
        raise Problem(404, "not-stored", f"This attachment is {found.state}.", state=found.state)
    try:
        pieces = await desk.store.read(key_of(found.complaint_id, found.attachment_id))
    except FileNotFoundError as error:
        get_logger().error("attachment-missing", attachment_id=str(found.attachment_id))
        raise _no_such_attachment() from error
    except StoreError as error:
        raise Problem(
            503,
            "unavailable",
            "The attachments can't be reached right now.",
            headers={"Retry-After": "30"},
        ) from error
    name = file_name(found.attachment_id, found.media_type)
    headers = {
        "Content-Disposition": f'attachment; filename="{name}"',
        "Content-Length": str(found.size),
    }
    return StreamingResponse(pieces, 200, _HARMLESS | headers, media_type=found.media_type)


def _no_such_attachment() -> Problem:
    return Problem(404, "no-such-attachment", "There is no such attachment, or not for you.")


def _listed(one: Attachment) -> dict[str, Any]:
    return {
        "attachment_id": str(one.attachment_id),
        "state": one.state,
        "asked_at": one.asked_at.isoformat(),
        "note": one.note,
        "reason": one.reason,
        "media_type": one.media_type,
        "size": one.size,
        "sha256": one.sha256,
    }
