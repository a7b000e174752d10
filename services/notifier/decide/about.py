"""What is known of a complaint, of a whistle or of work ahead: its kind, its place, its person."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from services.events import CaseOpened, OrderDispatched, ProactiveCaseOpened, WhistleBlown

if TYPE_CHECKING:
    from services.events import Fact


@dataclass(frozen=True, slots=True)
class About:
    """What a complaint is about and whose it is, as far as events have said.

    Attributes:
        number: What the person quotes.
        category: Code of the policy's categories.
        district: Division code.
        street: Division code.
        reporter: The person's token in the vault; None if anonymous.
        language: Of the person.
    """

    number: str | None = None
    category: str | None = None
    district: str | None = None
    street: str | None = None
    reporter: str | None = None
    language: str | None = None


def learn(about: About, fact: Fact) -> About:
    """Take over what a fact says of the complaint."""
    match fact:
        case CaseOpened():
            return About(
                fact.number,
                fact.category,
                fact.district,
                fact.street,
                fact.reporter,
                fact.language,
            )
        case OrderDispatched(matter=matter):
            place = matter.place
            return About(
                matter.number,
                matter.category,
                place.district,
                place.street,
                matter.reporter,
                matter.language,
            )
        case WhistleBlown(whistle=work) | ProactiveCaseOpened(content=work) if not about.number:
            # Of a whistle about a complaint, the complaint's own kind and place count.
            place = work.place
            return About(category=work.category, district=place.district, street=place.street)
    return about
