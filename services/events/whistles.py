"""Facts of a whistle (吹哨报到): a street calls departments to a matter it can't solve alone.

`WhistleRaised` stands on `complaints.received` (writer: intake), what became of it on
`complaints.routed` (writer: router). Kafka key: the first linked complaint, or the whistle's own
id where it is linked to none. Legal ground: 北京市街道办事处条例 art. 5 and 17.
"""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from pydantic import AwareDatetime, Field

from services.events.envelope import Fact
from services.events.matter import Place


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
