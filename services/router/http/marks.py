"""`/v1/marks`: that somebody calls maliciously (恶意), found by a person, for people to know.

A mark changes no decision; see `decide.marks`. The reporter's token is never shown.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Annotated
from uuid import UUID

import asyncpg
from fastapi import APIRouter, Depends, Query
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from services.router.adapters.marks import MarkReader, MarkTables
from services.router.decide.marks import (
    Act,
    Mark,
    Over,
    OwnMark,
    Wish,
    appeal,
    faults_of_wish,
    lift,
    mark,
)
from services.router.http.cursors import read_cursor, write_cursor
from services.runtime.keys import Principal, Role, require
from services.runtime.policies import PolicyStore
from services.runtime.postgres import Database
from services.runtime.problems import Problem, invalid_request

#: Operators may be another company's people: they see marks and pass objections on.
_MAY_SET = require(Role.SUPERVISOR)
_MAY_APPEAL = require(Role.OPERATOR, Role.SUPERVISOR)
_MAY_READ = require(Role.OPERATOR, Role.SUPERVISOR, Role.AUDITOR)

_Words = Annotated[
    str, Field(min_length=1, max_length=2000, pattern=r"^[^\x00]*[^\s\x00][^\x00]*$")
]
_Setting = Annotated[Principal, Depends(_MAY_SET)]
_Appealing = Annotated[Principal, Depends(_MAY_APPEAL)]
_Change = tuple[Mark, Act] | Over | OwnMark


class MarkBody(BaseModel):
    """Whose calls are malicious, shown by complaints; why; and until when that is to stand."""

    model_config = ConfigDict(extra="forbid")

    complaint_ids: Annotated[list[UUID], Field(min_length=1, max_length=50)]
    reason: _Words
    until: AwareDatetime


class WordsBody(BaseModel):
    """The citizen's objection, or why a mark is lifted."""

    model_config = ConfigDict(extra="forbid")

    words: _Words


class MarkShown(BaseModel):
    """A mark beside a complaint: evidence, which decides nothing."""

    mark_id: UUID
    reason: str
    complaint_ids: list[UUID]  #: What shows it.
    set_at: datetime
    until: datetime
    appealed_at: datetime | None  #: When the citizen last objected.


class ActView(BaseModel):
    """Who did what to a mark."""

    act: str
    at: datetime
    by: UUID  #: Id of the person's key.
    by_name: str
    words: str


class MarkView(MarkShown):
    """A mark with its whole record."""

    is_standing: bool
    lifted_at: datetime | None
    acts: list[ActView]


class MarkPage(BaseModel):
    """Marks, the newest first."""

    items: list[MarkView]
    next: str | None  #: Give it as `after` for the next page; None on the last.


class Desk:
    """Carries out what people ask for, each in one transaction."""

    def __init__(self, db: Database, policies: PolicyStore) -> None:
        """Keep marks in the router's schema, for as long as the policy in force allows."""
        self._db = db
        self._policies = policies
        self._tables, self._reader = MarkTables(), MarkReader(db)

    async def set(self, body: MarkBody, principal: Principal) -> MarkView:
        """Set a mark.

        Raises:
            Problem: 422, naming what is wrong.
        """
        wish = Wish(tuple(body.complaint_ids), body.reason, body.until)
        async with self._db.transaction() as tx:
            known = await self._tables.shown(tx, wish.complaint_ids)
            days_max = self._policies.current.routing.mark_days_max
            if faults := faults_of_wish(wish, known, tx.now, days_max):
                raise invalid_request(faults)
            made, act = mark(wish, known, principal.key_id, tx.now)
            await self._tables.add(tx, made, act, principal.name)
        return await self.shown(made.mark_id)

    async def change(
        self, mark_id: UUID, principal: Principal, how: Callable[[Mark, datetime], _Change]
    ) -> MarkView:
        """Do something to a mark that still stands.

        Raises:
            Problem: 404 or 409.
        """
        async with self._db.transaction() as tx:
            found = await self._tables.lock(tx, mark_id)
            outcome = how(found, tx.now) if found is not None else None
            if isinstance(outcome, tuple):
                await self._tables.change(tx, *outcome, principal.name)
        if not isinstance(outcome, tuple):
            raise _refused(outcome)
        return await self.shown(mark_id)

    async def shown(self, mark_id: UUID) -> MarkView:
        """Show one mark.

        Raises:
            Problem: 404.
        """
        found = await self._reader.one(mark_id)
        if found is None:
            raise _unknown()
        return _view(*found, await self._reader.now())

    async def page(self, after: str | None, limit: int) -> MarkPage:
        """Show marks, the newest first."""
        found = await self._reader.page(read_cursor(after) if after else None, limit + 1)
        now, page = await self._reader.now(), found[:limit]
        more = write_cursor(page[-1][0].set_at, page[-1][0].mark_id) if found[limit:] else None
        return MarkPage(items=[_view(*one, now) for one in page], next=more)


def routes(db: Database, policies: PolicyStore) -> APIRouter:
    """Make the routes."""
    api = APIRouter(prefix="/v1/marks", tags=["marks"])
    desk = Desk(db, policies)

    @api.post("", status_code=201)
    async def set_mark(body: MarkBody, principal: _Setting) -> MarkView:
        """Mark whoever made these complaints; doing it again changes nothing."""
        return await desk.set(body, principal)

    @api.get("", dependencies=[Depends(_MAY_READ)])
    async def list_marks(
        after: Annotated[str | None, Query(max_length=200)] = None,
        limit: Annotated[int, Query(ge=1, le=200)] = 50,
    ) -> MarkPage:
        """List marks with who did what to them, also those that have ended."""
        return await desk.page(after, limit)

    @api.post("/{mark_id}/appeal")
    async def appeal_mark(mark_id: UUID, body: WordsBody, principal: _Appealing) -> MarkView:
        """Record that the citizen objects, in the citizen's words."""
        by = principal.key_id
        return await desk.change(
            mark_id, principal, lambda found, now: appeal(found, body.words, by, now)
        )

    @api.post("/{mark_id}/lift")
    async def lift_mark(mark_id: UUID, body: WordsBody, principal: _Setting) -> MarkView:
        """End a mark before its time; not by whoever set it."""
        by = principal.key_id
        return await desk.change(
            mark_id, principal, lambda found, now: lift(found, body.words, by, now)
        )

    return api


def show_mark(found: Mark | None) -> MarkShown | None:
    """Show a mark beside a complaint; None where there is none."""
    if found is None:
        return None
    return MarkShown.model_validate(found, from_attributes=True)


def _view(found: Mark, acts: list[asyncpg.Record], now: datetime) -> MarkView:
    known = MarkShown.model_validate(found, from_attributes=True)
    return MarkView(
        **dict(known),
        is_standing=found.holds(now),
        lifted_at=found.lifted_at,
        acts=[ActView.model_validate(dict(row)) for row in acts],
    )


def _unknown() -> Problem:
    return Problem(404, "unknown-mark", "There is no mark with this id.")


def _refused(why: Over | OwnMark | None) -> Problem:
    match why:
        case Over():
            return Problem(409, "mark-over", "This mark has ended or was lifted.")
        case OwnMark():
            return Problem(409, "own-mark", "Another person than whoever set it must lift it.")
    return _unknown()
