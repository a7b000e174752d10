"""Topics in path order: who writes them and which facts may stand there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from services.events import notified, proactive, received, relief, routed, tracked, whistles

if TYPE_CHECKING:
    from services.events.envelope import Fact


@dataclass(frozen=True, slots=True)
class Topic:
    """A Kafka topic: one writer, and the facts it may hold."""

    name: str
    source: str  #: The only service that writes it.
    facts: tuple[type[Fact], ...]
    meaning: str


TOPICS = (
    Topic(
        "complaints.received",
        "intake",
        (
            received.ComplaintReceived,
            received.ComplaintSupplemented,
            received.AttachmentStored,
            received.ComplaintWithdrawn,
            received.OrderActionReported,
            received.CaseActionReported,
            received.CallbackAnswered,
            whistles.WhistleRaised,
            whistles.WhistleActionReported,
            proactive.ProactiveCaseReported,
        ),
        "What people, agencies and city systems said.",
    ),
    Topic(
        "complaints.routed",
        "router",
        (
            routed.ComplaintRouted,
            routed.ComplaintDiverted,
            routed.ComplaintAnswered,
            routed.ComplaintHeld,
            whistles.WhistleRouted,
            whistles.WhistleRefused,
        ),
        "Who has jurisdiction, and why.",
    ),
    Topic(
        "complaints.tracked",
        "tracker",
        (
            tracked.CaseOpened,
            tracked.OrderDispatched,
            tracked.OrderSigned,
            tracked.OrderContacted,
            relief.ReliefRequested,
            relief.ReliefRefused,
            relief.DeadlineExtended,
            relief.DeadlineRecomputed,
            relief.ClockPaused,
            relief.ClockResumed,
            relief.OrderDeferred,
            tracked.OrderReturned,
            tracked.OrderReturnRefused,
            tracked.OrderRecalled,
            tracked.OrderAtRisk,
            tracked.OrderBreached,
            tracked.CaseEscalated,
            tracked.SupervisionOpened,
            tracked.SupervisionClosed,
            tracked.OrderResolved,
            tracked.CallbackDue,
            tracked.CaseReopened,
            tracked.CaseMerged,
            tracked.CaseFollowed,
            tracked.CaseResumed,
            tracked.CaseClosed,
            tracked.VerdictExcluded,
            whistles.WhistleBlown,
            whistles.WhistleSigned,
            whistles.WhistleContacted,
            whistles.WhistleReportedIn,
            whistles.WhistleLeft,
            whistles.WhistleMissed,
            whistles.WhistleJudged,
            whistles.WhistleClosed,
            proactive.CauseRecorded,
            proactive.ProactiveCaseOpened,
            proactive.ProactiveCaseUpdated,
            proactive.ProactiveCaseOverdue,
            proactive.ProactiveCaseClosed,
        ),
        "The promise made for each complaint, and how it was kept.",
    ),
    Topic(
        "complaints.notified",
        "notifier",
        (
            notified.HookDelivered,
            notified.HookFailed,
            notified.HookDisabled,
            notified.CallbackAttempted,
            notified.CallbackLapsed,
            notified.NoticeSent,
            notified.NoticeFailed,
        ),
        "What became of every hook and call-back attempt.",
    ),
)

#: Every fact by the `type` its envelope carries.
FACTS: dict[str, type[Fact]] = {f"whistle.{f.__name__}": f for t in TOPICS for f in t.facts}

_TOPIC_OF = {fact: topic for topic in TOPICS for fact in topic.facts}


def topic_of(fact: type[Fact]) -> Topic:
    """Name the topic a fact belongs on."""
    return _TOPIC_OF[fact]
