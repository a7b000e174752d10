"""Follow-ups of people and agencies on a complaint that exists: allowed or not, and why."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from services.events import (
    AgencyAction,
    CallbackAnswered,
    ComplaintSupplemented,
    ComplaintWithdrawn,
    OrderActionReported,
    Satisfaction,
)
from services.intake.decide.masking import mask
from services.intake.decide.view import Callback, Moment, Status, View
from services.runtime.step import Ignored, Step

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

#: Actions that say nothing without words: why it isn't theirs, what was done.
NEEDS_NOTE = (AgencyAction.RETURN, AgencyAction.RESOLVE)


@dataclass(frozen=True, slots=True)
class Rejected:
    """Why a command is not carried out; `code` is stable, for programs."""

    code: Literal[
        "no-such-complaint", "withdrawn", "closed", "no-such-callback", "already-answered", "over"
    ]


@dataclass(frozen=True, slots=True)
class Verdict:
    """A citizen's answer to a call-back."""

    is_contacted: bool
    is_solved: bool
    satisfaction: Satisfaction
    wish: str | None = None


def supplement(
    view: View | None, kind: Literal["facts", "urge"], text: str, at: datetime
) -> Step[View] | Rejected:
    """Add facts to a complaint, or urge (催办)."""
    if view is None:
        return Rejected("no-such-complaint")
    if view.withdrawn_at:
        return Rejected("withdrawn")
    if view.closed_at:
        return Rejected("closed")  # A new matter must be a new complaint, with its own clock.
    fact = ComplaintSupplemented(kind=kind, text=mask(text))
    what = "urged" if kind == "urge" else "supplemented"
    return Step(replace(view, fresh=(*view.fresh, Moment(at, what))), (fact,))


def withdraw(
    view: View | None, reason: str | None, at: datetime
) -> Step[View] | Ignored | Rejected:
    """Withdraw a complaint; a second time changes nothing and is no fault."""
    if view is None:
        return Rejected("no-such-complaint")
    if view.withdrawn_at:
        return Ignored("withdrawn-before")
    if view.closed_at:
        return Rejected("closed")
    fact = ComplaintWithdrawn(reason=mask(reason) if reason else None)
    after = replace(
        view,
        status=Status.WITHDRAWN,
        withdrawn_at=at,
        expected_at=None,
        fresh=(*view.fresh, Moment(at, "withdrawn")),
    )
    return Step(after, (fact,))


def answer(
    view: View | None,
    callback_id: UUID,
    verdict: Verdict,
    at: datetime,
    *,
    answered_by: Literal["citizen", "operator"],
    lapses_at: datetime | None = None,
) -> Step[View] | Rejected:
    """Take a citizen's answer; the first one counts.

    Args:
        view: Of the complaint.
        callback_id: Which question.
        verdict: The answer.
        at: When.
        answered_by: The citizen by link, or an operator who asked.
        lapses_at: From a valid link. It proves that the question exists, even if the
            tracker's fact about it is still on its way to us.
    """
    if view is None:
        return Rejected("no-such-complaint")
    callback = view.callbacks.get(callback_id)
    if callback is None:
        if lapses_at is None:
            return Rejected("no-such-callback")
        callback = Callback(callback_id, lapses_at)
    if callback.answered_at:
        return Rejected("already-answered")
    if callback.closed_at or callback.lapses_at <= at:
        return Rejected("over")
    fact = CallbackAnswered(
        callback_id=callback_id,
        answered_by=answered_by,
        is_contacted=verdict.is_contacted,
        is_solved=verdict.is_solved,
        satisfaction=verdict.satisfaction,
        wish=mask(verdict.wish) if verdict.wish else None,
    )
    callbacks = {**view.callbacks, callback_id: replace(callback, answered_at=at)}
    after = replace(view, callbacks=callbacks, fresh=(*view.fresh, Moment(at, "asked-back")))
    return Step(after, (fact,))


def report_action(
    order_id: UUID, agency: str, action: AgencyAction, note: str | None, at: datetime
) -> OrderActionReported:
    """Put an agency's words into a fact; whether it counts is the tracker's to judge."""
    return OrderActionReported(
        order_id=order_id,
        agency=agency,
        action=action,
        note=mask(note) if note else None,
        reported_at=at,
    )
