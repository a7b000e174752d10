"""Facts of `complaints.received`: what came in at the door. Writer: intake."""

from __future__ import annotations

from typing import Annotated, Literal
from uuid import UUID

from pydantic import AwareDatetime, Field

from services.events.envelope import Fact
from services.events.matter import AgencyAction, Matter, OfficerAction, Satisfaction


class ComplaintReceived(Fact):
    """A call, report or imported record was accepted and is durable."""

    matter: Matter
    origin: str | None = None  #: The system it came from, such as `import:haikou`.
    external_id: str | None = None  #: Its id there.


class ComplaintSupplemented(Fact):
    """The citizen added facts, or urged (催办)."""

    kind: Literal["facts", "urge"]
    text: str  #: Identity masked.


class AttachmentStored(Fact):
    """A picture or document that belongs to a complaint was checked and is kept."""

    attachment_id: UUID
    media_type: str  #: As its first bytes show, such as `image/jpeg`; not as somebody said.
    size: Annotated[int, Field(ge=1)]  #: Bytes.
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class ComplaintWithdrawn(Fact):
    """The citizen no longer asks for anything."""

    reason: str | None = None


class OrderActionReported(Fact):
    """An agency said what it did with its work order; the tracker judges whether it counts."""

    order_id: UUID
    agency: str  #: The agency whose key reported, never one named in the request.
    action: AgencyAction
    note: str | None = None  #: Return reason, progress, or the answer for the citizen.
    suggests: str | None = None  #: With a return: the agency whose matter it is, they say.
    reason: str | None = None  #: Of a pause: a key of the policy's.
    #: The due instant asked for, the expected end of a pause, the date of a plan.
    until: AwareDatetime | None = None
    cause: str | None = None  #: With `resolve`: why it arose; a key of the policy's.
    reported_at: AwareDatetime


class CaseActionReported(Fact):
    """An operator or supervisor decided something about a case; the tracker carries it out."""

    action: OfficerAction
    officer: str  #: Label of the key that was used; never a person's name.
    role: Literal["operator", "supervisor"]
    order_id: UUID | None = None
    request_id: UUID | None = None  #: What an agency asked for, see `ReliefRequested`.
    callback_id: UUID | None = None  #: Whose verdict is excluded.
    supervision_id: UUID | None = None
    raised_to: str | None = None  #: Who supervises; None: the order's superior.
    reason: str | None = None  #: A key of the policy's, where the action needs one.
    until: AwareDatetime | None = None  #: Granted instead of what was asked for.
    policy: str | None = None  #: Hash of the bundle that a promise is counted anew by.
    into: UUID | None = None  #: Of `merge`: the complaint that it is handled together with.
    merged: UUID | None = None  #: Of `absorb`: the complaint that follows this one.
    note: str | None = None  #: Why. Identity masked.
    reported_at: AwareDatetime


class CallbackAnswered(Fact):
    """The citizen's verdict, by link or as an operator recorded it."""

    callback_id: UUID
    answered_by: Literal["citizen", "operator"]
    is_contacted: bool  #: Did the agency contact the citizen? (响应)
    is_solved: bool  #: Is the matter solved? (解决)
    satisfaction: Satisfaction
    wish: Annotated[str, Field(max_length=2000)] | None = None  #: Identity masked.
