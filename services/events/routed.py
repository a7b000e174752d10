"""Facts of `complaints.routed`: who has jurisdiction, and why. Writer: router.

Every complaint gets exactly one of the three outcomes as its first event here; a held
complaint gets another when a person has decided, a returned one when it is routed anew.
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
    decided_by: Literal["rule", "fallback", "operator"]
    rule: str | None = None  #: Catalogue rule id.
    basis: str | None = None  #: The legal ground the rule names.
    excluded: tuple[str, ...] = ()  #: Agencies that returned it and are not asked again.
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


class ComplaintHeld(Fact):
    """A person must decide."""

    matter: Matter
    reason: Literal["no-place", "no-rule", "conflict", "returned-out", "too-many-returns"]
    attempt: Annotated[int, Field(ge=1)]
    candidates: tuple[Candidate, ...] = ()
    excluded: tuple[str, ...] = ()
    explanation: str
