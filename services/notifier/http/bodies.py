"""What callers send, and how it is checked."""

from __future__ import annotations

from typing import Annotated, Literal
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from services.events import TOPICS
from services.runtime.address import parse_url

#: Facts an endpoint can ask for: those of the topic the notifier consumes.
KNOWN_TYPES = tuple(
    fact.__name__ for topic in TOPICS if topic.name == "complaints.tracked" for fact in topic.facts
)

#: What an endpoint gets unless it says otherwise: what asks somebody to act, and the end.
DEFAULT_TYPES = (
    "OrderDispatched",
    "OrderReturned",
    "OrderReturnRefused",
    "OrderRecalled",
    "OrderAtRisk",
    "OrderBreached",
    "CaseEscalated",
    "SupervisionOpened",
    "SupervisionClosed",
    "ReliefRefused",
    "DeadlineExtended",
    "DeadlineRecomputed",
    "ClockPaused",
    "ClockResumed",
    "OrderDeferred",
    "CaseReopened",
    "CaseMerged",
    "CaseFollowed",
    "CaseResumed",
    "CaseClosed",
    "WhistleBlown",
    "WhistleMissed",
    "WhistleJudged",
    "WhistleClosed",
    "ProactiveCaseOpened",
    "ProactiveCaseOverdue",
    "ProactiveCaseClosed",
)


def _checked_url(url: str) -> str:
    target = parse_url(url)
    if isinstance(target, str):
        raise ValueError(target)  # noqa: TRY004 - pydantic's way of refusing
    return url


def _checked_types(names: list[str]) -> list[str]:
    unknown = [name for name in names if name not in KNOWN_TYPES]
    if unknown:
        raise ValueError(f"{', '.join(unknown)}: not sent; there are {', '.join(KNOWN_TYPES)}")
    return list(dict.fromkeys(names))


Url = Annotated[str, AfterValidator(_checked_url)]
EventTypes = Annotated[list[str], Field(min_length=1), AfterValidator(_checked_types)]
Description = Annotated[str, Field(max_length=500)]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class NewEndpoint(_Body):
    """An endpoint to add."""

    url: Url
    agency: Annotated[str, Field(min_length=1, max_length=100)] | None = Field(
        default=None, description="Whose events; none gets every agency's."
    )
    event_types: EventTypes = list(DEFAULT_TYPES)
    description: Description = ""
    is_enabled: bool = True


class ChangedEndpoint(_Body):
    """What to change; what is left out stays."""

    url: Url | None = None
    event_types: EventTypes | None = None
    description: Description | None = None
    is_enabled: bool | None = None


class ReplayMany(_Body):
    """Deliveries to start over."""

    endpoint: UUID
    state: Literal["failed", "delivered", "cancelled"] = "failed"
