"""`/v1/accuracy` and `/v1/errors/rules`: how often first dispatches stood, and where not."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Annotated, Any
from uuid import UUID

import asyncpg
from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel

from services.policy import Policy
from services.router.adapters import AccuracyReader, By
from services.router.decide.standing import share_at_least
from services.router.http.views import Named, agency
from services.runtime.keys import Role, require
from services.runtime.policies import PolicyStore
from services.runtime.postgres import Database
from services.runtime.problems import invalid_request

_MAY_READ = require(Role.SUPERVISOR, Role.AUDITOR, Role.SERVICE)
#: Longer spans would read more daily counts than anybody looks at.
_DAYS_MAX = 366
#: Days of the year 1 can't be put into another time zone.
_FIRST_YEAR = 1970

First = Annotated[date, Query(alias="from", description="First local date of dispatch.")]
Last = Annotated[date, Query(alias="to", description="Last local date of dispatch.")]


class Stood(BaseModel):
    """First dispatches, and what became of them: `stood + returned + reassigned = dispatched`."""

    dispatched: int  #: The denominator.
    stood: int  #: The numerator: neither returned nor given to another so far.
    returned: int  #: Its lead returned it (退单), and that counted.
    reassigned: int  #: Given to another without a return.
    upheld: int  #: Of these two, given by a person to the same agency after all.
    accuracy: float | None  #: `stood / dispatched`; None of none.


class StoodOf(Stood):
    """The same of one rule, agency, category or decider."""

    key: str  #: Empty where there is no rule, or no category.
    name: str
    decided_by: str | None = None  #: By rule only: who decided where the key is empty.


class NotDispatched(BaseModel):
    """Complaints whose first decision was none; not in the denominator."""

    answered: int
    diverted: int
    held: int  #: Those that a person dispatched count as dispatched by `operator`, too.


class Accuracy(BaseModel):
    """First-dispatch accuracy (派单准确率) of a span of days."""

    by: By
    total: Stood
    rows: list[StoodOf]  #: The most dispatched first.
    not_dispatched: NotDispatched


class FallenCase(BaseModel):
    """A first dispatch that fell."""

    complaint_id: UUID
    number: str
    category: str
    agency: Named  #: To which it was given first.
    dispatched_at: datetime
    fell: str  #: `returned` or `reassigned`.
    fell_at: datetime
    reason: str | None  #: Why it was returned, in the agency's words.
    suggests: Named | None  #: Whose it is, the agency said.
    outcome: str  #: Now.
    lead: Named | None  #: Now.
    upheld: bool


class RuleErrors(Stood):
    """One rule, how often it was wrong, and its newest cases."""

    rule: str | None  #: None where none decided: see `decided_by`.
    decided_by: str
    error_rate: float  #: Returned or reassigned and not upheld, of all dispatched.
    error_at_least: float  #: Lower end of Wilson's 95 % interval; the list is in this order.
    cases: list[FallenCase]


class ErrorList(BaseModel):
    """Rules of the catalogue that were wrong, the surest to be wrong first."""

    rules: list[RuleErrors]
    rules_total: int  #: So many have an error at all.


def routes(db: Database, policies: PolicyStore) -> APIRouter:
    """Make the routes; names are those of the policy in force."""
    api = APIRouter(tags=["accuracy"], dependencies=[Depends(_MAY_READ)])
    reader = AccuracyReader(db)

    @api.get("/v1/accuracy")
    async def show_accuracy(start: First, end: Last, by: By = "agency") -> Accuracy:
        """Give the share of first dispatches that were neither returned nor reassigned."""
        after = day_after(start, end)
        rows = await reader.counts(by, start, after)
        others = await reader.others(start, after)
        shown = [_row_of(row, by, policies.current) for row in rows]
        return Accuracy(
            by=by,
            total=Stood.model_validate(_stood(_sum(rows))),
            rows=sorted(shown, key=lambda row: (-row.dispatched, row.key, row.decided_by or "")),
            not_dispatched=NotDispatched.model_validate(dict(others or {})),
        )

    @api.get("/v1/errors/rules")
    async def list_errors(
        start: First,
        end: Last,
        limit: Annotated[int, Query(ge=1, le=200)] = 20,
        cases: Annotated[int, Query(ge=0, le=50, description="Of each rule.")] = 5,
    ) -> ErrorList:
        """List rules by how often they were wrong, with the newest cases of each."""
        after = day_after(start, end)
        rows = await reader.counts("rule", start, after)
        wrong = sorted((row for row in rows if _errors(row)), key=_rank)
        keys = [(row["decided_by"], row["key"]) for row in wrong[:limit]]
        found: defaultdict[tuple[str, str], list[FallenCase]] = defaultdict(list)
        for case in await reader.cases(keys, start, after, cases):
            found[case["decided_by"], case["rule"]].append(_case(case, policies.current))
        rules = [_errors_of(row, found[key]) for row, key in zip(wrong[:limit], keys, strict=True)]
        return ErrorList(rules=rules, rules_total=len(wrong))

    return api


def day_after(start: date, end: date) -> date:
    """Give the day after a span.

    Raises:
        Problem: 422, there is no such span, or it is too long.
    """
    if start.year < _FIRST_YEAR:
        raise invalid_request([("from", f"nothing was decided before {_FIRST_YEAR}")])
    if not start <= end < date.max - timedelta(days=1):
        raise invalid_request([("to", "must not be before `from`")])
    if (end - start).days >= _DAYS_MAX:
        raise invalid_request([("to", f"a span has {_DAYS_MAX} days at the most")])
    return end + timedelta(days=1)


_COUNTS = ("dispatched", "returned", "reassigned", "upheld")


def _sum(rows: Sequence[asyncpg.Record]) -> dict[str, int]:
    return {name: sum(row[name] for row in rows) for name in _COUNTS}


def _stood(counts: asyncpg.Record | dict[str, int]) -> dict[str, Any]:
    stood = counts["dispatched"] - counts["returned"] - counts["reassigned"]
    share = stood / counts["dispatched"] if counts["dispatched"] else None
    return {**{name: counts[name] for name in _COUNTS}, "stood": stood, "accuracy": share}


def _row_of(row: asyncpg.Record, by: By, policy: Policy) -> StoodOf:
    key, decider = row["key"], row["decided_by"] if by == "rule" else None
    return StoodOf(key=key, name=_name(key, by, policy), decided_by=decider, **_stood(row))


def _name(key: str, by: By, policy: Policy) -> str:
    """Name what is counted; what this policy doesn't know keeps its code."""
    if by == "agency" and key in policy.agencies:
        return policy.agencies[key].name
    if by == "category" and key in policy.categories:
        return policy.categories[key].name
    return key


def _errors(row: asyncpg.Record) -> int:
    errors: int = row["returned"] + row["reassigned"] - row["upheld"]
    return errors


def _rank(row: asyncpg.Record) -> tuple[float, int, str, str]:
    sure = share_at_least(_errors(row), row["dispatched"])
    return (-sure, -_errors(row), row["decided_by"], row["key"])


def _errors_of(row: asyncpg.Record, cases: list[FallenCase]) -> RuleErrors:
    errors, dispatched = _errors(row), row["dispatched"]
    return RuleErrors(
        rule=row["key"] or None,
        decided_by=row["decided_by"],
        error_rate=errors / dispatched,
        error_at_least=share_at_least(errors, dispatched),
        cases=cases,
        **_stood(row),
    )


def _case(row: asyncpg.Record, policy: Policy) -> FallenCase:
    shown = {name: row[name] for name in FallenCase.model_fields if name != "reason"}
    for role in ("agency", "suggests", "lead"):
        shown[role] = agency(row[role], policy) if row[role] is not None else None
    return FallenCase(reason=row["return_reason"], **shown)
