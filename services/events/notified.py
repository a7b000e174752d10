"""Facts of `complaints.notified`: what became of hooks and call-backs. Writer: notifier."""

from __future__ import annotations

from typing import Annotated, Literal
from uuid import UUID

from pydantic import AwareDatetime, Field

from services.events.envelope import Fact


class HookDelivered(Fact):
    """A city system's endpoint accepted an event."""

    delivery_id: UUID
    endpoint_id: UUID
    event_id: UUID  #: The event that was delivered; also the `webhook-id`.
    event_type: str
    attempts: Annotated[int, Field(ge=1)]
    status: int


class HookFailed(Fact):
    """Delivery was given up after the whole schedule; it can be replayed."""

    delivery_id: UUID
    endpoint_id: UUID
    event_id: UUID
    event_type: str
    attempts: Annotated[int, Field(ge=1)]
    status: int | None = None
    error: str


class HookDisabled(Fact):
    """An endpoint gets nothing more until somebody enables it."""

    endpoint_id: UUID
    agency: str | None = None
    reason: Literal["gone", "failing", "operator"]


class CallbackAttempted(Fact):
    """The citizen was asked, or it was tried."""

    callback_id: UUID
    attempt: Annotated[int, Field(ge=1)]
    channel: str
    outcome: Literal["sent", "failed", "no-contact"]
    #: Of an operator's call that reached nobody who would answer.
    reason: Literal["no-answer", "busy", "wrong-number", "refused", "later"] | None = None
    next_attempt_at: AwareDatetime | None = None


class CallbackLapsed(Fact):
    """Nobody could be asked, or nobody answered in time."""

    callback_id: UUID
    #: `not-sampled`: the policy asks a sample only, and this one wasn't drawn.
    reason: Literal["no-contact", "no-answer", "not-sampled"]


class NoticeSent(Fact):
    """A person was told how their complaint stands."""

    notice_id: UUID
    notice: str  #: Which one, by its name in the policy's `notices.toml`.
    occurrence: Annotated[int, Field(ge=1)]  #: Which telling of it: a second reopening is 2.
    channel: str


class NoticeFailed(Fact):
    """A person was not told, and will not be."""

    notice_id: UUID
    notice: str
    occurrence: Annotated[int, Field(ge=1)]
    channel: str | None = None  #: The last that was tried.
    reason: Literal["no-contact", "do-not-call", "failed", "too-late"]
