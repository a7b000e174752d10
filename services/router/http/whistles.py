"""`/v1/whistles` and `/v1/whistle-counts`: what became of whistles (吹哨报到), and how many."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from typing import Annotated
from uuid import UUID

import asyncpg
from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel

from services.events import Whistle
from services.policy import Policy
from services.router.adapters import WhistleReader
from services.router.http.cursors import Cursor, read_cursor, write_cursor
from services.router.http.views import Named, agency
from services.runtime.keys import Principal, Role, require
from services.runtime.policies import PolicyStore
from services.runtime.postgres import Database
from services.runtime.problems import Problem, invalid_request, problem_responses

_MAY_READ = require(Role.AGENCY, Role.OPERATOR, Role.SUPERVISOR, Role.AUDITOR, Role.SERVICE)
_Reader = Annotated[Principal, Depends(_MAY_READ)]
#: Longer spans would read more daily counts than anybody looks at.
_DAYS_MAX = 366
#: After everything.
_END: Cursor = (datetime(9999, 1, 1, tzinfo=UTC), UUID(int=2**128 - 1))


class WhistleView(BaseModel):
    """A whistle, and what became of it."""

    whistle_id: UUID
    status: str  #: `routed`: the targets must report in. `refused`: see `reason`.
    raised_by: Named
    judged_at: datetime
    policy: str  #: Hash of the bundle that judged.
    reason: str | None  #: Code of the precondition that failed.
    words: dict[str, str]  #: Why, and what to do instead, by language; empty where routed.
    agencies: list[Named]  #: Whom the refusal is about.
    transfer_to: Named | None  #: Give it to this agency by an ordinary order.
    targets: list[Named]
    assists: list[Named]
    copies: list[Named]
    standard: str | None  #: Key of the times within which targets report in.
    rules: list[str]
    bases: list[str]
    explanation: str | None
    whistle: Whistle  #: As raised.


class Page(BaseModel):
    """Whistles, the newest first."""

    items: list[WhistleView]
    next: str | None  #: Give it as `after` for the next page; None on the last.


class Count(BaseModel):
    """Whistles of one street and kind: `raised = routed + the sum of refused`."""

    agency: Named
    kind: str
    raised: int
    routed: int
    refused: dict[str, int]  #: By the precondition that failed.


def routes(db: Database, policies: PolicyStore) -> APIRouter:
    """Make the routes."""
    api = APIRouter(tags=["whistles"], responses=problem_responses(401, 403, 404, 422))
    reader = WhistleReader(db)

    @api.get("/v1/whistles/{whistle_id}")
    async def read_whistle(whistle_id: UUID, principal: _Reader) -> WhistleView:
        """Say what became of a whistle; an agency sees those it raised or has a part in."""
        row = await reader.find(whistle_id, _own(principal))
        if row is None:
            raise Problem(
                404,
                "no-such-whistle",
                "There is no whistle with this id that you have to do with. A new one may take a "
                "second to be known here.",
                headers={"Retry-After": "1"},
            )
        return _show(row, policies.current)

    @api.get("/v1/whistles")
    async def list_whistles(
        principal: _Reader,
        agency: Annotated[str | None, Query(max_length=100)] = None,
        after: Annotated[str | None, Query(max_length=200)] = None,
        limit: Annotated[int, Query(ge=1, le=100)] = 50,
    ) -> Page:
        """List whistles, the newest first; an agency only its own."""
        wanted = _asked(principal, agency)
        before = read_cursor(after) if after else _END
        rows = await reader.latest(wanted, before, limit + 1)
        shown = rows[:limit]
        last = shown[-1] if len(rows) > limit else None
        return Page(
            items=[_show(row, policies.current) for row in shown],
            next=write_cursor(last["judged_at"], last["whistle_id"]) if last else None,
        )

    @api.get("/v1/whistle-counts")
    async def count_whistles(
        principal: _Reader,
        first: Annotated[date, Query(alias="from", description="First local date.")],
        last: Annotated[date, Query(alias="to", description="Last local date.")],
        agency: Annotated[str | None, Query(max_length=100)] = None,
    ) -> list[Count]:
        """Count whistles of a span of days by street, kind and outcome."""
        if not timedelta() <= last - first <= timedelta(days=_DAYS_MAX):
            message = f"must be the day of `from` or within {_DAYS_MAX} days after it"
            raise invalid_request([("to", message)])
        rows = await reader.counts(first, last, _asked(principal, agency))
        return _count(rows, policies.current)

    return api


def _own(principal: Principal) -> str | None:
    """The agency a reader is bound to; None: not bound."""
    return (principal.agency or "") if principal.role is Role.AGENCY else None


def _asked(principal: Principal, wanted: str | None) -> str | None:
    """The agency somebody may ask about.

    Raises:
        Problem: 403, an agency asks about another.
    """
    own = _own(principal)
    if own is not None and wanted not in (None, own):
        raise Problem(403, "another-agency", "An agency sees only what it has to do with.")
    return wanted if own is None else own


def _show(row: asyncpg.Record, policy: Policy) -> WhistleView:
    decision = row["decision"]

    def named(key: str) -> list[Named]:
        return [agency(code, policy) for code in decision.get(key, ())]

    transfer_to = decision.get("transfer_to")
    return WhistleView(
        whistle_id=row["whistle_id"],
        status=row["outcome"],
        raised_by=agency(row["raised_by"], policy),
        judged_at=row["judged_at"],
        policy=row["policy"],
        reason=row["reason"],
        words={one["language"]: one["text"] for one in decision.get("words", ())},
        agencies=named("agencies"),
        transfer_to=agency(transfer_to, policy) if transfer_to else None,
        targets=named("targets"),
        assists=named("assists"),
        copies=named("copies"),
        standard=decision.get("standard"),
        rules=decision.get("rules", []),
        bases=decision.get("bases", []),
        explanation=decision.get("explanation"),
        whistle=Whistle.model_validate(row["whistle"], extra="ignore"),
    )


def _count(rows: Iterable[asyncpg.Record], policy: Policy) -> list[Count]:
    found: dict[tuple[str, str], dict[str, int]] = defaultdict(dict)
    for row in rows:
        found[row["raised_by"], row["kind"]][row["reason"]] = row["whistles"]
    return [
        Count(
            agency=agency(raised_by, policy),
            kind=kind,
            raised=sum(counts.values()),
            routed=counts.get("", 0),
            refused={reason: number for reason, number in counts.items() if reason},
        )
        for (raised_by, kind), counts in found.items()
    ]
