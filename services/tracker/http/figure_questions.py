"""Which period, which part of the city and which groups a figure is asked for."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated

from pydantic import BaseModel, Field

from services.policy import Policy
from services.tracker.adapters.figures import Asked, GroupBy
from services.tracker.adapters.verdicts import Sought
from services.tracker.http.periods import read_period


class FigureQuestion(BaseModel):
    """What `/v1/rates` and what lies below it are asked for."""

    by: Annotated[GroupBy, Field(description="What rows are grouped by.")] = "agency"
    level: Annotated[
        int | None,
        Field(ge=1, le=9, description="With `by=category`: 1 sums up to the topmost kinds."),
    ] = None
    month: Annotated[
        str | None,
        Field(pattern=r"^\d{4}-(0[1-9]|1[0-2])$", description="Assessment month: `2026-11`."),
    ] = None
    first: Annotated[date | None, Field(alias="from", description="First local date.")] = None
    last: Annotated[date | None, Field(alias="to", description="Last local date.")] = None
    agency: Annotated[str | None, Field(description="The scored agency only.")] = None
    district: str | None = None
    street: str | None = None
    category: Annotated[str | None, Field(description="Only this category and those below it.")] = (
        None
    )

    def asked(self, policy: Policy, now: datetime) -> Asked:
        """Say what is to be counted; without dates, of the present month.

        Raises:
            Problem: 422 naming the field that makes no sense.
        """
        begins, ends = read_period(self.month, self.first, self.last, policy, now)
        below = () if self.category is None else categories_below(self.category, policy)
        return Asked(begins, ends, self.agency, self.district, self.street, below)

    def group_of(self, key: str | None, policy: Policy) -> str | None:
        """Name the row that a stored key belongs to: its own, or that of a kind above it."""
        if self.by != "category" or self.level is None or key is None:
            return key
        chain = policy.category_chain(key)
        return chain[-min(self.level, len(chain))] if chain else key

    def keys_of(self, group: str, policy: Policy) -> tuple[str, ...]:
        """Name every stored key that belongs to a row."""
        if self.by != "category" or self.level is None:
            return (group,)
        found = (code for code in policy.categories if self.group_of(code, policy) == group)
        return tuple({group, *found})


class VerdictQuestion(FigureQuestion):
    """What `/v1/rates/cases` is asked for: a figure, and where in the list to go on."""

    key: Annotated[
        str | None,
        Field(description="`key` of the row; left out: of all; empty: of the row without one."),
    ] = None
    verdict: Annotated[Sought | None, Field(description="The number looked behind.")] = None
    cursor: Annotated[str | None, Field(description="`next` of the page before.")] = None
    limit: Annotated[int, Field(ge=1, le=500)] = 50


def categories_below(category: str, policy: Policy) -> tuple[str, ...]:
    """Name a category and all below it, older codes of the same kinds included."""
    found = (code for code in policy.categories if category in policy.category_chain(code))
    return tuple({category, *found})
