"""The envelope every fact travels in: CloudEvents 1.0, structured JSON mode.

Source: CloudEvents 1.0.2, sections "Context Attributes" and "Type System"; the Kafka
binding's structured mode. `complaintid`, `causeid`, `sequence`, `policy` and
`traceparent` are extension attributes, hence lower case without separators.
"""

from __future__ import annotations

from typing import Annotated, Literal
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, SerializeAsAny

#: Who may write events, in path order; each is the only writer of its own topic.
SOURCES = ("intake", "router", "tracker", "notifier")

Source = Literal["intake", "router", "tracker", "notifier"]


class Fact(BaseModel):
    """Base of everything that can be said on a topic; subclasses are past-tense nouns."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Event(BaseModel):
    """A fact with its identity, place in the complaint's history and cause.

    `(source, id)` is unique. A follow-on event's id derives from its cause, so doing
    the work again repeats the id. `sequence` counts this source's events about this
    complaint from 1 without gaps: a reader that has applied n applies n+1 next.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    specversion: Literal["1.0"] = "1.0"
    id: UUID  #: Unique per source; `uuid5(cause id, type, ordinal)` for follow-on events.
    source: Source  #: The service that made the fact true.
    type: str  #: `whistle.` and the fact's class name.
    time: AwareDatetime  #: When the fact became true, by the writer's database clock.
    datacontenttype: Literal["application/json"] = "application/json"
    complaintid: UUID  #: The complaint, or the whistle about none; also the Kafka key.
    causeid: UUID | None = None  #: The event that led to this one; None at the door.
    #: Position in this source's history of the complaint; fits PostgreSQL's `integer`.
    sequence: Annotated[int, Field(ge=1, lt=2**31)]
    policy: str | None = None  #: Hash of the policy bundle that was in force.
    traceparent: str | None = None  #: W3C Trace Context, so that a trace crosses the outbox.
    data: SerializeAsAny[Fact]
