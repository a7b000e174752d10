"""What the router is asked, what it answers, and the record of how it got there."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Literal

from services.events import Nature, Place, Urgency

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from services.events import Attribute, Candidate, Cluster, Diversion, Matter
    from services.policy import Specificity
    from services.router.decide.catalogue import Finding

#: Why a person must decide; the same words as `ComplaintHeld.reason`.
HeldReason = Literal[
    "no-place", "no-rule", "conflict", "returned-out", "too-many-returns", "ping-pong"
]

#: How the category came about.
CategorySource = Literal["given", "words", "model", "none"]


#: The place of a complaint that names none.
NOWHERE = Place()


@dataclass(frozen=True, slots=True)
class Complaint:
    """As much of a complaint as jurisdiction can depend on.

    Channel and reporter are left out on purpose: who asks, and how, must not change who
    answers.
    """

    text: str
    title: str | None = None
    category: str | None = None
    nature: Nature = Nature.UNKNOWN
    urgency: Urgency = Urgency.NORMAL
    place: Place = NOWHERE
    language: str = "zh"
    repeat_of: UUID | None = None
    repeat_score: float | None = None  #: None: it is the same for sure.
    cluster: Cluster | None = None  #: Evidence for people; it decides nothing.
    received_at: datetime | None = None  #: Aware; None: no rule with times fits.
    attributes: tuple[Attribute, ...] = ()
    has_more_matters: bool = False  #: Several things are asked for in one call.
    is_asked_again: bool = False  #: It was answered, and the citizen says that it isn't.

    @classmethod
    def of(cls, matter: Matter) -> Complaint:
        """Take from a matter what the decision may depend on."""
        return cls(
            text=matter.text,
            title=matter.title,
            category=matter.category,
            nature=matter.nature,
            urgency=matter.urgency,
            place=matter.place,
            language=matter.language,
            repeat_of=matter.repeat_of,
            repeat_score=matter.repeat_score,
            cluster=matter.cluster,
            received_at=matter.received_at,
            attributes=matter.attributes,
            has_more_matters=any(finding.kind == "matter" for finding in matter.findings),
        )

    @property
    def wording(self) -> str:
        """Title and text as one; words count the same in both."""
        return f"{self.title}\n{self.text}" if self.title else self.text


class Verdict(StrEnum):
    """What became of one rule."""

    CHOSEN = "chosen"  #: It names the lead.
    AGREES = "agrees"  #: As specific as the chosen rule, and the same lead.
    CONFLICT = "conflict"  #: As specific as another rule that names another lead.
    LESS_SPECIFIC = "less-specific"  #: It matched; another matched more closely.
    RETURNED = "returned"  #: Its lead has returned this complaint.
    UNRESOLVED = "unresolved"  #: Its lead can't be named for this place.
    OTHER_CATEGORY = "other-category"
    OTHER_PLACE = "other-place"
    PLACE_UNKNOWN = "place-unknown"  #: It is about places, and the complaint has none.
    EXCEPTED = "excepted"  #: The complaint is at a place or in an area that the rule leaves out.
    OTHER_AREA = "other-area"
    POSITION_UNKNOWN = "position-unknown"  #: It is about areas, and there is no exact position.
    OTHER_ATTRIBUTE = "other-attribute"  #: What it asks for was answered otherwise, or by nobody.
    OTHER_TIME = "other-time"  #: Before, after, or at another season or hour.
    OTHER_WORDS = "other-words"
    OTHER_NATURE = "other-nature"


@dataclass(frozen=True, slots=True)
class Trial:
    """One rule, and why it did or didn't decide."""

    rule: str
    verdict: Verdict
    why: str  #: For a person, in English.
    specificity: Specificity | None = None  #: None where the rule didn't match.
    lead: str | None = None  #: Agency code, where the rule matched and could name one.


@dataclass(frozen=True, slots=True)
class Trace:
    """How a decision came about, in the order in which it was made.

    `trials` holds every rule that came into question: those whose category, place and
    words are the complaint's. `explain` adds the rest.
    """

    category: str | None = None
    category_from: CategorySource = "none"
    category_why: str = ""
    categories: tuple[str, ...] = ()  #: Categories that tied, when none was found.
    divisions: tuple[str, ...] = ()  #: Where it is, deepest first; empty if unknown.
    finding: Finding | None = None  #: None where it was diverted or answered before.
    standard_why: str = ""
    notes: tuple[str, ...] = ()  #: Whatever else the decision took into account.

    @property
    def trials(self) -> tuple[Trial, ...]:
        """What became of the rules that came into question, the most specific first."""
        return self.finding.trials if self.finding is not None else ()


@dataclass(frozen=True, slots=True)
class Routed:
    """One agency has jurisdiction."""

    lead: str
    assists: tuple[str, ...]
    copies: tuple[str, ...]
    scored: str
    standard: str
    decided_by: Literal["rule", "fallback", "model"]
    rule: str | None
    basis: str | None
    category: str | None
    excluded: tuple[str, ...]
    alternatives: tuple[Candidate, ...]
    explanation: str
    trace: Trace
    confidence: float | None = None  #: Of a model's decision.
    model: str | None = None  #: Which model decided.


@dataclass(frozen=True, slots=True)
class Diverted:
    """No order is due: the statute names another way."""

    diversion: Diversion
    target: str | None
    rule: str | None
    reply: str
    category: str | None
    explanation: str
    trace: Trace


@dataclass(frozen=True, slots=True)
class Answered:
    """No order is due: knowledge settles it."""

    entry: str  #: Id of the knowledge entry.
    answer: str  #: What the citizen is told.
    owner: str  #: The agency that keeps the answer up to date.
    category: str | None
    explanation: str
    trace: Trace


@dataclass(frozen=True, slots=True)
class Held:
    """A person must decide."""

    reason: HeldReason
    candidates: tuple[Candidate, ...]
    category: str | None
    excluded: tuple[str, ...]
    explanation: str
    trace: Trace


Decision = Routed | Diverted | Answered | Held
