"""What a complaint is about: the vocabulary that facts of several topics share."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field


class Channel(StrEnum):
    """The door a complaint came through."""

    PHONE = "phone"
    WEB = "web"
    APP = "app"
    OPEN311 = "open311"
    HOOK = "hook"
    BATCH = "batch"
    GRID = "grid"  #: A grid worker's patrol report (网格).


class Nature(StrEnum):
    """What the person wants (接诉即办工作条例 art. 2: 咨询 求助 投诉 举报 建议)."""

    CONSULTATION = "consultation"  #: 咨询
    HELP = "help"  #: 求助
    COMPLAINT = "complaint"  #: 投诉
    REPORT = "report"  #: 举报
    SUGGESTION = "suggestion"  #: 建议
    PRAISE = "praise"  #: 表扬, 感谢
    UNKNOWN = "unknown"  #: Nobody has said yet.


class Urgency(StrEnum):
    """How fast the matter must be met; raises the SLA tier, never lowers it."""

    EMERGENCY = "emergency"  #: Life or property at risk now.
    URGENT = "urgent"  #: Water, power, gas, heat, or likely to become an emergency.
    NORMAL = "normal"


class Diversion(StrEnum):
    """Why a complaint gets no order (接诉即办工作条例 art. 11, items 1 to 6)."""

    EMERGENCY = "emergency"  #: Transferred to 110, 119, 120 or 122 at once.
    STATUTORY = "statutory"  #: Litigation, arbitration, review, disclosure or petition channel.
    REPEAT = "repeat"  #: Same person, same matter, no new facts: told progress or result.
    #: State or commercial secret, or privacy.
    SECRET = "secret"  # noqa: S105 - a word, not a password
    BEYOND_DUTY = "beyond-duty"  #: Belongs to the market or to society.
    UNLAWFUL = "unlawful"  #: Against law or public order: dissuaded.


class AgencyAction(StrEnum):
    """What an agency can report about its work order."""

    SIGN = "sign"  #: 签收: the order has been accepted for handling.
    PROGRESS = "progress"  #: A note on the way; moves no clock.
    RETURN = "return"  #: 退单: not ours, with a reason.
    RESOLVE = "resolve"  #: Done, with the answer for the citizen.
    CONTACT = "contact"  #: 联系: the citizen has been spoken to.
    EXTEND = "extend"  #: 延期: asks for more time, until an instant, with a reason.
    PAUSE = "pause"  #: Asks that the clock stand still, for a reason of the policy.
    CONTINUE = "continue"  #: What the pause was for is over.
    DEFER = "defer"  #: 挂账: can't be solved now; a plan, and the date it is meant for.


class OfficerAction(StrEnum):
    """What an operator or supervisor can do about a case."""

    APPROVE = "approve"  #: Grants what an agency asked for (extension, pause, deferral).
    REFUSE = "refuse"  #: Doesn't.
    CONTINUE = "continue"  #: Ends a pause or a deferral.
    EXCLUDE = "exclude"  #: 剔除: a verdict counts in no rate, for a reason of the policy.
    SUPERVISE = "supervise"  #: 督办: somebody above must see to it.
    RELEASE = "release"  #: Ends a supervision.
    RECOMPUTE = "recompute"  #: Counts a promise anew, by another policy.
    MERGE = "merge"  #: 并单: it is handled together with a like complaint.
    ABSORB = "absorb"  #: The other side of a merge; the door says it, nobody asks for it.
    CAUSE = "cause"  #: 根因: why the matter arose, once its order is resolved.


class Satisfaction(StrEnum):
    """The citizen's verdict at call-back."""

    SATISFIED = "satisfied"  #: 满意
    BASICALLY = "basically"  #: 基本满意
    DISSATISFIED = "dissatisfied"  #: 不满意


class Point(BaseModel):
    """A WGS 84 position in degrees."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    longitude: Annotated[float, Field(ge=-180, le=180)]
    latitude: Annotated[float, Field(ge=-90, le=90)]


class Place(BaseModel):
    """Where the matter is, as division codes of the city's gazetteer.

    Codes nest: a street's code begins with its district's. The exact address stays in
    the vault.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    district: str | None = None
    street: str | None = None  #: Street or township (街道, 乡, 镇).
    community: str | None = None
    point: Point | None = None  #: Rounded to about 100 m.


class Finding(BaseModel):
    """One thing that was said, and where: evidence for whoever decides about it.

    A place or a nature that is sure stands in the matter too; a finding may also be a
    candidate that isn't sure enough for that.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    #: What it is about: `district`, `street`, `community`, `time`, `urgency`, `nature`, or
    #: `matter` (one of several things asked for in one call). More may come.
    kind: str
    #: A division code, an ISO 8601 instant or interval, an urgency, a nature, a number.
    value: str
    source: str  #: Where it was found: `title`, `text`, `address`, `point` or `field`.
    start: Annotated[int, Field(ge=0)] | None = None  #: First character in title or text.
    end: Annotated[int, Field(ge=0)] | None = None  #: The character after the last.
    confidence: Annotated[float, Field(ge=0, le=1)] = 1.0  #: Estimated chance of being right.


class Cluster(BaseModel):
    """Other people's complaints that seem to be about the same matter at the same place.

    Evidence only: each of them is handled, and each person is asked back.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    complaint_id: UUID  #: The first of them.
    size: Annotated[int, Field(ge=2)]  #: How many there are, this one included.
    score: Annotated[float, Field(ge=0, le=1)]  #: How alike this one and its nearest are.


class Attribute(BaseModel):
    """An answer to a question that a category asks (Open311: service attributes)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    code: str
    values: tuple[str, ...]  #: Chosen keys or written words; identity masked.


class Matter(BaseModel):
    """A complaint's content as every service may see it: no name, phone or address."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    number: str  #: What the citizen and the agency quote, such as `BJ-261124-000042`.
    channel: Channel
    received_at: AwareDatetime  #: When the person called or wrote.
    nature: Nature = Nature.UNKNOWN
    urgency: Urgency = Urgency.NORMAL
    language: Annotated[str, Field(pattern=r"^[a-z]{2}$")] = "zh"
    title: str | None = None
    text: str  #: In the operator's or the citizen's words, identity masked.
    category: str | None = None  #: Code of the policy's categories, if known.
    place: Place = Place()
    reporter: str | None = None  #: Token of the person in the vault; None if anonymous.
    is_secret: bool = False  #: 保密: the reporter must not be shown to the agency.
    repeat_of: UUID | None = None  #: The open complaint of the same person it seems to repeat.
    #: How alike the two are; without it they were the same for sure.
    repeat_score: Annotated[float, Field(ge=0, le=1)] | None = None
    cluster: Cluster | None = None
    findings: tuple[Finding, ...] = ()
    attributes: tuple[Attribute, ...] = ()
