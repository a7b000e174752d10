"""The event schema of Whistle: one envelope, then one class per fact, in path order.

Everything that travels between services is an `Event` (a CloudEvents 1.0 envelope)
around exactly one fact. Facts are frozen, named in the past tense and never edited:
a change adds an optional field or a new class beside the old one.

Readers use `decode`, which ignores fields they don't know; writers construct the
classes, which forbid fields that don't exist.
"""

from services.events.codec import InvalidEventError, decode, encode
from services.events.envelope import SOURCES, Event, Fact
from services.events.matter import (
    AgencyAction,
    Attribute,
    Channel,
    Cluster,
    Diversion,
    Finding,
    Matter,
    Nature,
    Place,
    Point,
    Satisfaction,
    Urgency,
)
from services.events.notified import (
    CallbackAttempted,
    CallbackLapsed,
    HookDelivered,
    HookDisabled,
    HookFailed,
)
from services.events.received import (
    AttachmentStored,
    CallbackAnswered,
    ComplaintReceived,
    ComplaintSupplemented,
    ComplaintWithdrawn,
    OrderActionReported,
)
from services.events.routed import (
    Candidate,
    ComplaintAnswered,
    ComplaintDiverted,
    ComplaintHeld,
    ComplaintRouted,
)
from services.events.topics import FACTS, TOPICS, Topic, topic_of
from services.events.tracked import (
    CallbackDue,
    CaseClosed,
    CaseEscalated,
    CaseOpened,
    CaseReopened,
    CaseResumed,
    OrderAtRisk,
    OrderBreached,
    OrderDispatched,
    OrderRecalled,
    OrderResolved,
    OrderReturned,
    OrderReturnRefused,
    OrderSigned,
    TimelineStep,
)
from services.events.whistles import (
    Approval,
    Coordination,
    Whistle,
    WhistleRaised,
    WhistleRefused,
    WhistleRouted,
    Wording,
)

__all__ = [
    "FACTS",
    "SOURCES",
    "TOPICS",
    "AgencyAction",
    "Approval",
    "AttachmentStored",
    "Attribute",
    "CallbackAnswered",
    "CallbackAttempted",
    "CallbackDue",
    "CallbackLapsed",
    "Candidate",
    "CaseClosed",
    "CaseEscalated",
    "CaseOpened",
    "CaseReopened",
    "CaseResumed",
    "Channel",
    "Cluster",
    "ComplaintAnswered",
    "ComplaintDiverted",
    "ComplaintHeld",
    "ComplaintReceived",
    "ComplaintRouted",
    "ComplaintSupplemented",
    "ComplaintWithdrawn",
    "Coordination",
    "Diversion",
    "Event",
    "Fact",
    "Finding",
    "HookDelivered",
    "HookDisabled",
    "HookFailed",
    "InvalidEventError",
    "Matter",
    "Nature",
    "OrderActionReported",
    "OrderAtRisk",
    "OrderBreached",
    "OrderDispatched",
    "OrderRecalled",
    "OrderResolved",
    "OrderReturnRefused",
    "OrderReturned",
    "OrderSigned",
    "Place",
    "Point",
    "Satisfaction",
    "TimelineStep",
    "Topic",
    "Urgency",
    "Whistle",
    "WhistleRaised",
    "WhistleRefused",
    "WhistleRouted",
    "Wording",
    "decode",
    "encode",
    "topic_of",
]
