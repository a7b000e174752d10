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
from services.intake.decide.wording import normal_form
from services.runtime.step import Ignored, Step

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID


@dataclass(frozen=True, slots=True)
class Rejected:
    """Why a command is not carried out; `code` is stable, for programs."""

    code: Literal[
        "no-such-complaint",
        "withdrawn",
        "closed",
        "diverted",
        "no-such-callback",
        "already-answered",
        "over",
    ]


@dataclass(frozen=True, slots=True, repr=False)
class Veil:
    """What must not be told of whoever speaks; without a `repr`, so that no log shows it."""

    name: str | None = None
    is_secret: bool = False  #: Asked not to be shown to the agency (保密).

    def over(self, text: str) -> str:
        """Bring words into normal form and mask them: what may be stored and told."""
        return self.hide(normal_form(text))

    def hide(self, words: str) -> str:
        """Mask words that are in normal form."""
        # In a text that isn't converted, a traditional name stays as typed.
        for name in dict.fromkeys((self.name, self.name and normal_form(self.name))):
            words = mask(words, name, is_secret=self.is_secret)
        return words


@dataclass(frozen=True, slots=True)
class Verdict:
    """A citizen's answer to a call-back."""

    is_contacted: bool
    is_solved: bool
    satisfaction: Satisfaction
    wish: str | None = None


def objection(view: View | None) -> Rejected | None:
    """Say why nothing can be added to a complaint, if so.

    A new matter must be a new complaint, with its own clock; what is over has none any more.
    """
    if view is None:
        return Rejected("no-such-complaint")
    if view.withdrawn_at:
        return Rejected("withdrawn")
    if view.status is Status.DIVERTED:
        return Rejected("diverted")
    return Rejected("closed") if view.closed_at else None


def supplement(
    view: View | None,
    kind: Literal["facts", "urge"],
    text: str,
    at: datetime,
    veil: Veil | None = None,
) -> Step[View] | Rejected:
    """Add facts to a complaint, or urge (催办). Every urge is told: it is a citizen's word.

    What the words are is checked at the edge: `is_visible`.
    """
    rejected = objection(view)
    if view is not None and view.status is Status.SETTLED and not view.withdrawn_at:
        # It isn't answered after all: the router hears it and asks an agency.
        rejected, view = None, replace(view, status=Status.BEING_ASSESSED, closed_at=None)
    if rejected or view is None:
        return rejected or Rejected("no-such-complaint")
    fact = ComplaintSupplemented(kind=kind, text=(veil or Veil()).over(text))
    what = "urged" if kind == "urge" else "supplemented"
    return Step(replace(view, fresh=(*view.fresh, Moment(at, what))), (fact,))


def withdraw(
    view: View | None, reason: str | None, at: datetime, veil: Veil | None = None
) -> Step[View] | Ignored | Rejected:
    """Withdraw a complaint; a second time changes nothing and is no fault."""
    if view is not None and view.withdrawn_at:
        return Ignored("withdrawn-before")
    rejected = objection(view)
    if rejected or view is None:
        return rejected or Rejected("no-such-complaint")
    fact = ComplaintWithdrawn(reason=_said(reason, veil))
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
        wish=_said(verdict.wish),
    )
    callbacks = {**view.callbacks, callback_id: replace(callback, answered_at=at)}
    after = replace(view, callbacks=callbacks, fresh=(*view.fresh, Moment(at, "asked-back")))
    return Step(after, (fact,))


def report_action(
    order_id: UUID,
    agency: str,
    action: AgencyAction,
    note: str | None,
    at: datetime,
    *,
    suggests: str | None = None,
    reason: str | None = None,
    until: datetime | None = None,
    cause: str | None = None,
    veil: Veil | None = None,
) -> OrderActionReported:
    """Put an agency's words into a fact; whether it counts is the tracker's to judge.

    The reporter's name is masked in them, too: where cases are merged, others read them.
    """
    return OrderActionReported(
        order_id=order_id,
        agency=agency,
        action=action,
        note=_said(note, veil),
        suggests=suggests,
        reason=reason,
        until=until,
        cause=cause,
        reported_at=at,
    )


def is_visible(text: str) -> bool:
    """Tell whether words say anything: not only blanks and characters that nobody sees."""
    return bool(normal_form(text))


def _said(text: str | None, veil: Veil | None = None) -> str | None:
    """Give words as they are told; nothing if there are none that anybody could see."""
    return ((veil or Veil()).over(text) or None) if text else None
