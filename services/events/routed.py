"""Facts of `complaints.routed`: who has jurisdiction, and why. Writer: router.

Every complaint gets exactly one of the four outcomes as its first event here; a held
complaint gets another when a person has decided, a returned one when it is routed anew, an
answered one when the citizen asks on.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from services.events.envelope import Fact
from services.events.matter import Diversion, Matter


class Candidate(Fact):
    """An agency that could have been chosen, and what speaks for it."""

    agency: str
    reason: str  #: Rule id, or words for a person.
    confidence: Annotated[float, Field(ge=0, le=1)] | None = None


class ComplaintRouted(Fact):
    """One agency has jurisdiction and gets the order."""

    matter: Matter  #: As received, with the category the router settled on.
    attempt: Annotated[int, Field(ge=1)]  #: 1 first, then one more for each return.
    lead: str  #: The agency that handles and stays answerable (首接负责).
    assists: tuple[str, ...] = ()
    copies: tuple[str, ...] = ()  #: Told, not liable: the district over its street.
    scored: str  #: The agency whose rates this counts in; not always the lead.
    standard: str  #: Key of the SLA standard in `sla.toml`.
    decided_by: Literal["rule", "fallback", "operator", "model"]
    #: Of a model's decision: its estimated chance of being right.
    confidence: Annotated[float, Field(ge=0, le=1)] | None = None
    model: str | None = None  #: Hash of the model that decided.
    rule: str | None = None  #: Catalogue rule id.
    basis: str | None = None  #: The legal ground the rule names.
    excluded: tuple[str, ...] = ()  #: Agencies that returned it and are not asked again.
    is_designated: bool = False  #: 指定办理: decided by a person after returns; not returnable.
    consulted: tuple[str, ...] = ()  #: Agencies heard in the consultation (会商) before.
    alternatives: tuple[Candidate, ...] = ()
    explanation: str  #: One sentence for the dispatcher.


class ComplaintDiverted(Fact):
    """No order is due: the statute names another way."""

    matter: Matter
    diversion: Diversion
    target: str | None = None  #: 110, 119, 120, 122, a court, the complaint it repeats …
    rule: str | None = None
    reply: str  #: What the citizen is told.
    decided_by: Literal["rule", "operator"]


class ComplaintAnswered(Fact):
    """A consultation is settled by its answer: no order is due unless the citizen asks on."""

    matter: Matter
    answer: str  #: What the citizen is told.
    entry: str | None = None  #: Id of the knowledge entry; None: an operator's own words.
    owner: str | None = None  #: The agency that keeps the answer up to date.
    decided_by: Literal["rule", "operator"]
    explanation: str  #: One sentence for whoever asks why.


class ComplaintHeld(Fact):
    """A person must decide."""

    matter: Matter
    reason: Literal[
        "no-place", "no-rule", "conflict", "returned-out", "too-many-returns", "ping-pong"
    ]
    attempt: Annotated[int, Field(ge=1)]
    candidates: tuple[Candidate, ...] = ()
    excluded: tuple[str, ...] = ()
    #: Who goes on handling it until a person decides (先办后议); None: nobody had it yet.
    handles_meanwhile: str | None = None
    explanation: str
