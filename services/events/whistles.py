"""Facts of a whistle (吹哨报到): a street calls departments to a matter it can't solve alone.

`WhistleRaised` and `WhistleActionReported` stand on `complaints.received` (writer: intake), who
must come on `complaints.routed` (writer: router), how they came on `complaints.tracked` (writer:
tracker). Kafka key: the first linked complaint, or the whistle's own
id where it is linked to none. Legal ground: 北京市街道办事处条例 art. 5 and 17.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AwareDatetime, Field

from services.events.envelope import Fact
from services.events.matter import Place
from services.events.tracked import TimelineStep


class Coordination(Fact):
    """An attempt to settle it without a whistle, as the street declares it."""

    agencies: Annotated[tuple[str, ...], Field(min_length=1)]
    tried_at: AwareDatetime
    result: str  #: Identity masked.


class Approval(Fact):
    """Somebody of rank who let the whistle be blown, without a name."""

    rank: str  #: A rank of the policy's `whistles.toml`.
    approver: str  #: The street's own number for the person; never a name.


class Wording(Fact):
    """The same words in one of several languages."""

    language: Annotated[str, Field(pattern=r"^[a-z]{2}$")]
    text: str


class Whistle(Fact):
    """What a street says when it blows: content and declared preconditions."""

    whistle_id: UUID
    kind: str  #: A kind of the policy: daily 日常哨, hard 攻坚哨, emergency 应急哨 …
    raised_by: str  #: The agency whose key raised it, never one named in the request.
    raised_at: AwareDatetime
    language: Annotated[str, Field(pattern=r"^[a-z]{2}$")] = "zh"
    title: str | None = None  #: Identity masked.
    text: str  #: Identity masked.
    category: str | None = None
    place: Place = Place()
    complaints: tuple[UUID, ...] = ()  #: Complaints it is about; the first is the Kafka key.
    wanted: tuple[str, ...] = ()  #: Agencies the street names.
    wanted_functions: tuple[str, ...] = ()  #: Functions; the district's department is meant.
    own_duty: str | None = None  #: What the street did itself first. Identity masked.
    coordination: tuple[Coordination, ...] = ()
    approvals: tuple[Approval, ...] = ()


class WhistleRaised(Fact):
    """A street has blown; whether it may is the router's to judge."""

    whistle: Whistle


class WhistleRouted(Fact):
    """The whistle stands: its targets must report in."""

    whistle: Whistle
    targets: Annotated[tuple[str, ...], Field(min_length=1)]  #: Must sign, contact and arrive.
    assists: tuple[str, ...] = ()  #: Help; named by the catalogue beside the lead.
    copies: tuple[str, ...] = ()  #: Told, not called: the district that supervises.
    standard: str  #: Key of the times in the policy's `whistles.toml`.
    rules: tuple[str, ...] = ()  #: Catalogue rules that named somebody.
    bases: tuple[str, ...] = ()  #: Their legal grounds, and the kind's.
    explanation: str  #: One sentence for the departments.


class WhistleRefused(Fact):
    """A precondition failed: nobody is called, and the street is told what to do instead."""

    whistle: Whistle
    reason: str  #: The first precondition that failed, such as `own-duty`; more may come.
    #: Whom it is about: with whom to coordinate, who can't be whistled, who should lead.
    agencies: tuple[str, ...] = ()
    transfer_to: str | None = None  #: Give it to this agency by an ordinary order.
    words: tuple[Wording, ...]  #: Why, and what to do instead; the city's own language is there.


class WhistleAction(StrEnum):
    """What a body can report about a whistle."""

    SIGN = "sign"  #: 签收: a target accepts it.
    CONTACT = "contact"  #: A target has spoken to the street.
    ARRIVE = "arrive"  #: 报到: a target is on the spot.
    LEAVE = "leave"  #: It has left (事不完人不走: not before the matter is done).
    RESULT = "result"  #: What came of it, in words of a target or of the street.
    JUDGE = "judge"  #: 双考核: the street on a target, or a target on the whistle.
    CLOSE = "close"  #: The street: the matter is done, or there is nothing more to do here.


#: A judgement of a target's work, or of whether the whistle was called for.
WhistleGrade = Literal["good", "acceptable", "poor"]


class WhistleActionReported(Fact):
    """A body said what it did about a whistle; the tracker judges whether it counts."""

    whistle_id: UUID
    agency: str  #: The agency whose key reported, never one named in the request.
    action: WhistleAction
    about: str | None = None  #: With `judge` by the street: the target that is judged.
    grade: WhistleGrade | None = None  #: With `judge`.
    note: str | None = None  #: Identity masked.
    reported_at: AwareDatetime


class Summons(Fact):
    """What one target must do, and until when; the clocks start when the whistle is routed."""

    agency: str
    sign_due_at: AwareDatetime
    contact_due_at: AwareDatetime
    arrive_due_at: AwareDatetime
    timeline: tuple[TimelineStep, ...] = ()  #: Explains `arrive_due_at`.


class WhistleBlown(Fact):
    """The targets have been called."""

    whistle_id: UUID
    kind: str
    raised_by: str
    summons: tuple[Summons, ...]
    copies: tuple[str, ...] = ()
    complaints: tuple[UUID, ...] = ()
    repeats: Annotated[int, Field(ge=0)] = 0  #: Earlier whistles about the same first complaint.
    whistle: Whistle


class WhistleSigned(Fact):
    """A target accepted the whistle."""

    whistle_id: UUID
    agency: str
    raised_by: str
    is_on_time: bool


class WhistleContacted(Fact):
    """A target spoke to the street."""

    whistle_id: UUID
    agency: str
    raised_by: str
    is_on_time: bool


class WhistleReportedIn(Fact):
    """A target is on the spot (报到)."""

    whistle_id: UUID
    agency: str
    raised_by: str
    is_on_time: bool


class WhistleLeft(Fact):
    """A target has left."""

    whistle_id: UUID
    agency: str
    raised_by: str


class WhistleMissed(Fact):
    """A target let an instant pass; of `arrive` it is a no-show, and somebody above is told."""

    whistle_id: UUID
    agency: str
    clock: Literal["sign", "contact", "arrive"]
    due_at: AwareDatetime
    raised_by: str
    raised_to: str | None = None  #: Who must see to it; None where nobody stands above.


class WhistleJudged(Fact):
    """One side judged the other (双考核, 接诉即办工作条例 art. 33)."""

    whistle_id: UUID
    raised_by: str
    judge: str
    about: str | None = None  #: The target; None where a target judged the whistle itself.
    grade: WhistleGrade
    note: str | None = None


class WhistleClosed(Fact):
    """Nothing more is due from anybody."""

    whistle_id: UUID
    raised_by: str
    targets: tuple[str, ...]
    because: Literal["street", "lapsed"]  #: `lapsed`: nobody closed it in the policy's time.
    result: str | None = None
    no_shows: tuple[str, ...] = ()
