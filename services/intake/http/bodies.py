"""What callers send. Every field has a limit; a field that doesn't exist is named in a 422."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal, TypeVar
from uuid import UUID

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
)

from services.events import AgencyAction, Channel, Nature, OfficerAction, Satisfaction, Urgency
from services.intake.decide.acceptance import Request
from services.intake.decide.commands import Verdict, is_visible
from services.runtime.problems import invalid_request

M = TypeVar("M", bound=BaseModel)

#: Characters of a wish, a line break counting as one; the answer page's field has the same limit.
WISH_MAX = 2_000

Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=10_000)]
Line = Annotated[str, StringConstraints(strip_whitespace=True, max_length=200)]
DivisionName = Annotated[str, StringConstraints(strip_whitespace=True, max_length=100)]
Code = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9:._/-]{0,63}$")]
PushId = Annotated[str, StringConstraints(strip_whitespace=True, pattern=r"^[!-~]{0,512}$")]
ExternalId = Annotated[str, StringConstraints(pattern=r"^[!-~]{1,128}$")]
#: Not checked further here: a citizen's words are not refused for a bad link beside them.
MediaUrl = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2_000)]


def _visible(text: str) -> str:
    if not is_visible(text):
        raise ValueError("says nothing that anybody could see")
    return text


Note = Annotated[
    str,
    StringConstraints(strip_whitespace=True, max_length=4_000),
    AfterValidator(lambda text: text if is_visible(text) else ""),
]
Purpose = Annotated[
    str,
    StringConstraints(
        strip_whitespace=True,
        min_length=2,
        max_length=200,
        pattern=r"^[^\x00-\x1f\x7f-\x9f]*$",  # One line that a list can show.
    ),
]


class _Body(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class PlaceBody(_Body):
    """Where it is; divisions by code or by name."""

    district: DivisionName | None = None
    street: DivisionName | None = None
    community: DivisionName | None = None
    address: Annotated[str, StringConstraints(strip_whitespace=True, max_length=500)] | None = None
    longitude: Annotated[float, Field(ge=-180, le=180)] | None = None
    latitude: Annotated[float, Field(ge=-90, le=90)] | None = None


class ReporterBody(_Body):
    """Who says it; goes into the vault, never into an event."""

    name: Annotated[str, StringConstraints(strip_whitespace=True, max_length=100)] | None = None
    phone: Annotated[str, StringConstraints(strip_whitespace=True, max_length=40)] | None = None
    email: Annotated[str, StringConstraints(strip_whitespace=True, max_length=200)] | None = None
    #: What an app's push service knows the person by, such as an open id; see docs/notices.md.
    push: PushId | None = None
    is_secret: bool = False


class ComplaintBody(_Body):
    """A complaint as it comes in."""

    channel: Channel
    text: Words
    title: Line | None = None
    nature: Nature | None = None
    category: Code | None = None
    urgency: Urgency = Urgency.NORMAL
    language: Annotated[str, StringConstraints(pattern=r"^[a-z]{2}$")] | None = None
    received_at: AwareDatetime | None = None
    place: PlaceBody = PlaceBody()
    reporter: ReporterBody = ReporterBody()
    origin: Code | None = None
    external_id: ExternalId | None = None
    media_urls: Annotated[tuple[MediaUrl, ...], Field(max_length=5)] = ()

    def request(self, now: datetime | None = None) -> Request:
        """Give it as the core takes it; PostgreSQL's text and JSON know no NUL.

        Args:
            now: When it was received, if it says nothing of that itself.
        """
        place, reporter = self.place, self.reporter
        return Request(
            channel=self.channel,
            text=self.text.replace("\0", ""),
            title=self.title.replace("\0", "") if self.title else None,
            nature=None if self.nature is Nature.UNKNOWN else self.nature,
            category=self.category,
            urgency=self.urgency,
            language=self.language,
            received_at=self.received_at or now,
            district=place.district,
            street=place.street,
            community=place.community,
            address=place.address or None,
            longitude=place.longitude,
            latitude=place.latitude,
            name=reporter.name or None,
            phone=reporter.phone or None,
            email=reporter.email or None,
            push=reporter.push or None,
            is_secret=reporter.is_secret,
            origin=self.origin,
            external_id=self.external_id,
            media_urls=self.media_urls,
        )


class SupplementBody(_Body):
    """More facts, or an urge (催办)."""

    kind: Literal["facts", "urge"]
    text: Annotated[Words, AfterValidator(_visible)]


class WithdrawalBody(_Body):
    """Why it is withdrawn, if the citizen says so."""

    reason: Note | None = None


class AttachmentBody(_Body):
    """A picture or document to fetch."""

    url: MediaUrl
    note: Annotated[str, StringConstraints(strip_whitespace=True, max_length=500)] | None = None


class ActionBody(_Body):
    """What an agency did with its order, or asks for."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"action": "sign"},
                {"action": "contact"},
                {"action": "pause", "reason": "inspection", "until": "2026-12-01T18:00:00+08:00"},
                {
                    "action": "extend",
                    "until": "2026-12-08T18:00:00+08:00",
                    "note": "配件须由厂家定制，下周到货。",
                },
                {
                    "action": "defer",
                    "until": "2027-04-15T18:00:00+08:00",
                    "note": "供暖季结束后更换管网。",
                },
                {"action": "resolve", "note": "垃圾已清运。", "cause": "contractor-default"},
            ]
        }
    )

    action: AgencyAction
    note: Note | None = None
    suggests: Code | None = None  #: With a return: the agency whose matter it is.
    reason: Code | None = None  #: With a pause: a key of the policy's.
    #: The due instant asked for, the end of a pause, the date of a plan; aware, in the future.
    until: AwareDatetime | None = None
    cause: Code | None = None  #: With `resolve`: why it arose (根因), a key of the policy's.


class DecisionBody(_Body):
    """What an officer decided about a case."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"action": "approve", "request_id": "0193a1c2-7d1e-7b60-8000-000000000001"},
                {
                    "action": "refuse",
                    "request_id": "0193a1c2-7d1e-7b60-8000-000000000001",
                    "note": "请先安排临时清运。",
                },
                {"action": "continue", "order_id": "0193a1c2-7d1e-7b60-8000-000000000002"},
                {"action": "supervise", "note": "多次催办，请区政府督办。"},
                {"action": "merge", "into": "0193a1c2-7d1e-7b60-8000-000000000003"},
            ]
        }
    )

    action: OfficerAction
    order_id: UUID | None = None
    request_id: UUID | None = None  #: The `event_id` that the agency's request was answered with.
    callback_id: UUID | None = None
    supervision_id: UUID | None = None
    raised_to: Code | None = None
    reason: Code | None = None
    until: AwareDatetime | None = None  #: With `approve`: instead of what was asked for.
    into: UUID | None = None  #: With `merge`: the complaint that it is handled together with.
    policy: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{16}$")] | None = (
        None  #: With `recompute`: hash of a published bundle.
    )
    note: Note | None = None


class CallbackBody(_Body):
    """A citizen's answer."""

    is_contacted: bool
    is_solved: bool
    satisfaction: Satisfaction
    wish: Annotated[str, StringConstraints(strip_whitespace=True, max_length=WISH_MAX)] | None = (
        None
    )

    def verdict(self) -> Verdict:
        """Give it as the core takes it."""
        return Verdict(self.is_contacted, self.is_solved, self.satisfaction, self.wish or None)


class RevealBody(_Body):
    """Why somebody must know who a person is."""

    purpose: Purpose
    complaint_id: UUID | None = None


class PreferencesBody(_Body):
    """What a person wants; a secret report (保密) is named by its complaint too."""

    do_not_call: bool
    complaint_id: UUID | None = None


def checked(model: type[M], raw: object) -> M:
    """Check what came in JSON.

    Raises:
        Problem: 422, naming every wrong field.
    """
    try:
        return model.model_validate(raw)
    except ValidationError as error:
        faults = error.errors(include_url=False, include_input=False, include_context=False)
        raise invalid_request(
            [(".".join(map(str, fault["loc"])) or "body", fault["msg"]) for fault in faults]
        ) from error


def open_api(model: type[BaseModel]) -> dict[str, Any]:
    """Describe a body that a route reads by itself, for the generated documentation."""
    schema = model.model_json_schema()
    definitions = schema.pop("$defs", {})

    def inline(part: Any) -> Any:  # noqa: ANN401 - any JSON
        if isinstance(part, dict):
            if "$ref" in part:
                return inline(definitions[part["$ref"].rpartition("/")[2]])
            return {key: inline(value) for key, value in part.items()}
        return [inline(value) for value in part] if isinstance(part, list) else part

    content = {"application/json": {"schema": inline(schema)}}
    return {"requestBody": {"required": True, "content": content}}
