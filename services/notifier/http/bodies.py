"""What callers send, and how it is checked."""

from __future__ import annotations

from typing import Annotated, Literal
from uuid import UUID

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field

from services.events import TOPICS
from services.notifier.decide.directory import Payload, Signature
from services.notifier.decide.filtering import FILTER_CHARS_MAX, Filter
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


def _without_repeats(codes: list[str]) -> list[str]:
    return list(dict.fromkeys(codes))


def _checked_filter(text: str) -> str:
    Filter(text)  # ValueError says what is wrong with it.
    return text


Url = Annotated[str, AfterValidator(_checked_url)]
EventTypes = Annotated[list[str], Field(min_length=1), AfterValidator(_checked_types)]
Description = Annotated[str, Field(max_length=500)]
Code = Annotated[str, Field(min_length=1, max_length=100)]
Codes = Annotated[list[Code], Field(max_length=500), AfterValidator(_without_repeats)]
FilterText = Annotated[str, Field(max_length=FILTER_CHARS_MAX), AfterValidator(_checked_filter)]
Rate = Annotated[float, Field(ge=0.1, le=1000)]
Concurrency = Annotated[int, Field(ge=1, le=64)]


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
    divisions: Codes = Field(
        default=[], description="District or street codes; none: wherever it is."
    )
    categories: Codes = Field(
        default=[], description="Category codes, each with those below it; none: all."
    )
    filter: FilterText | None = Field(
        default=None, description="JMESPath over the envelope; told is what it is truthy for."
    )
    payload: Payload = "full"
    is_ordered: bool = Field(
        default=True, description="Whether a complaint's events wait for those before them."
    )
    rate_per_s: Rate | None = Field(
        default=None, description="Requests a second of each notifier process at the most."
    )
    concurrency: Concurrency | None = Field(
        default=None, description="Requests of each notifier process under way at the most."
    )
    signature: Signature = Field(
        default="v1", description="v1: HMAC, a shared secret; v1a: Ed25519, a public key."
    )


class ChangedEndpoint(_Body):
    """What to change; what is left out stays.

    How requests are signed stays: whoever had the shared secret of `v1` could sign as `v1a`.
    """

    url: Url | None = None
    event_types: EventTypes | None = None
    description: Description | None = None
    is_enabled: bool | None = None
    divisions: Codes | None = None
    categories: Codes | None = None
    filter: FilterText | None = Field(default=None, description="null takes it away.")
    payload: Payload | None = None
    is_ordered: bool | None = None
    rate_per_s: Rate | None = Field(default=None, description="null takes it away.")
    concurrency: Concurrency | None = Field(default=None, description="null takes it away.")


class ReplayMany(_Body):
    """Deliveries to start over."""

    endpoint: UUID
    state: Literal["failed", "delivered", "cancelled"] = "failed"
    event_types: list[Code] = Field(default=[], max_length=100, description="None: of every type.")
    since: AwareDatetime | None = Field(default=None, description="Of events from then on.")
    until: AwareDatetime | None = Field(default=None, description="Of events before then.")
    after: UUID | None = Field(default=None, description="`next` of the call before.")
    is_dry_run: bool = Field(default=False, description="Only say how many there are.")
