"""For a city's records in bulk: `POST /v1/batches`, a table or NDJSON with a mapping.

The file is spooled to the disk as it comes, then taken in some rows at a time through the bulk
lane, where calls go first. Memory doesn't grow with the file. To go on after a failure, send it
again: what is known is passed over.
"""

from __future__ import annotations

import asyncio
import gzip
import io
import tempfile
import time
import zlib
from typing import IO, TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response

from services.intake.adapters.gathering import OverloadedError
from services.intake.adapters.records import Bounded, TooLongError, read_csv, read_ndjson
from services.intake.decide.duplicates import Conflict
from services.intake.decide.rows import BadRow, Mapper, Tally
from services.intake.http.desk import Desk, idempotency_conflict, json_answer
from services.intake.http.taking import kept_for, overloaded, request_of, submit_file
from services.runtime.errors import is_transient
from services.runtime.keys import Principal, Role, require
from services.runtime.problems import Problem, invalid_request, problem_responses

if TYPE_CHECKING:
    from collections.abc import Iterator

    from services.intake.decide.rows import Row
    from services.intake.handle import Kept, Outcome

BYTES_MAX = 100_000_000
UNPACKED_BYTES_MAX = 2_000_000_000
LINE_BYTES_MAX = 2_000_000
#: Rows on their way into the database at a time.
ROWS_TOGETHER = 200
#: Files that are taken in at a time; each has a spool on the disk.
FILES_MAX = 2

_SPOOLED_IN_MEMORY = 1_000_000
#: So long a file works before others get a turn.
_TURN_S = 0.005
_WAITS_MAX = 50
_WAIT_S = 0.2

_KINDS = {
    "text/csv": read_csv,
    "application/x-ndjson": read_ndjson,
    "application/jsonl": read_ndjson,
}
_BODY = {
    "requestBody": {
        "required": True,
        "content": {kind: {"schema": {"type": "string"}} for kind in _KINDS},
    }
}

_Importing = Annotated[Principal, Depends(require(Role.OPERATOR, Role.SERVICE))]


def routes(desk: Desk) -> APIRouter:
    """Make the routes."""
    router = APIRouter(prefix="/v1", tags=["batches"])
    places = asyncio.Semaphore(FILES_MAX)

    @router.post(
        "/batches",
        openapi_extra=_BODY,
        responses=problem_responses(401, 403, 413, 415, 422),
    )
    async def take_file(
        request: Request,
        principal: _Importing,
        mapping: Annotated[str, Query(max_length=100)],
    ) -> Response:
        """Take a file of records in, each judged by itself; a known one is passed over."""
        mapper = _mapper(desk, mapping)
        read, is_packed = _kind(request)
        if places.locked():
            raise overloaded()
        async with places:
            with tempfile.SpooledTemporaryFile(_SPOOLED_IN_MEMORY) as spool:
                await _receive(request, spool)
                spool.seek(0)
                unpacked: Any = gzip.GzipFile(fileobj=spool, mode="rb") if is_packed else spool
                stream = io.BufferedReader(Bounded(unpacked, UNPACKED_BYTES_MAX, LINE_BYTES_MAX))
                tally = Tally()
                await _take_rows(desk, principal, mapper, read(stream), tally)
        return json_answer(tally.told())

    return router


def _mapper(desk: Desk, name: str) -> Mapper:
    policy = desk.lexicon.policy
    if name not in policy.imports:
        known = ", ".join(sorted(policy.imports)) or "none"
        raise invalid_request([("mapping", f"the policy in force has {known}")])
    return Mapper(policy.imports[name], policy)


def _kind(request: Request) -> tuple[Any, bool]:
    """Tell how a body is read, and whether it must be unpacked.

    Raises:
        Problem: 415.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    coding = request.headers.get("content-encoding", "identity").strip().lower()
    if kind not in _KINDS or coding not in {"identity", "gzip"}:
        wanted = " or ".join(_KINDS)
        raise Problem(415, "unknown-kind", f"Send {wanted}, packed with gzip or not at all.")
    return _KINDS[kind], coding == "gzip"


async def _receive(request: Request, spool: IO[bytes]) -> None:
    """Write a body down as it comes.

    Raises:
        Problem: 413.
    """
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > BYTES_MAX:
            raise Problem(413, "too-big", f"A file has {BYTES_MAX} bytes at the most.")
        spool.write(chunk)


class _UnreadableError(Exception):
    """The rest of a file can't be read; the message says why."""


def _readable(rows: Iterator[Row | BadRow | None]) -> Iterator[Row | BadRow | None]:
    try:
        yield from rows
    except TooLongError as error:
        raise _UnreadableError(str(error)) from error
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise _UnreadableError("can't be unpacked") from error


async def _take_rows(
    desk: Desk,
    principal: Principal,
    mapper: Mapper,
    rows: Iterator[Row | BadRow | None],
    tally: Tally,
) -> None:
    """Take rows in, some at a time, until there are no more.

    Raises:
        Problem: 422, the file has no column that every row needs, or can't be unpacked.
    """
    scope, waiting = str(principal.key_id), list[tuple[int, "Kept"]]()
    began = time.monotonic()
    try:
        for row in _readable(rows):
            if row is None or time.monotonic() - began > _TURN_S:
                await asyncio.sleep(0)  # A call that comes in meanwhile must not wait for a file.
                began = time.monotonic()
            if row is None:
                continue
            tally.read += 1
            if tally.read == 1 and not isinstance(row, BadRow):
                _check_columns(mapper, row)
            entry = _entry(desk, mapper, row, scope)
            if isinstance(entry, BadRow):
                tally.add_bad(entry.line, entry.reason)
            else:
                waiting.append((row.line, entry))
            if len(waiting) == ROWS_TOGETHER:
                await _store(desk, waiting, tally)
                waiting = []
    except _UnreadableError as error:
        # After the rows before it: they are good, and known when the file comes again.
        await _store(desk, waiting, tally)
        problem = invalid_request([("body", f"{error}, after row {tally.read}")])
        problem.extensions["summary"] = tally.told()
        raise problem from error
    await _store(desk, waiting, tally)


def _check_columns(mapper: Mapper, row: Row) -> None:
    if missing := mapper.missing_columns(row):
        raise invalid_request([("body", f"has no column for {', '.join(missing)}")])


def _entry(desk: Desk, mapper: Mapper, row: Row | BadRow, scope: str) -> Kept | BadRow:
    if isinstance(row, BadRow):
        return row
    made = mapper.complaint(row)
    if isinstance(made, BadRow):
        return made
    try:
        return kept_for(desk, request_of(made, desk.clock.now()), made, scope, is_bulk=True)
    except Problem as problem:
        if problem.status >= 500:  # noqa: PLR2004 - our trouble, not the row's
            raise
        return BadRow(row.line, problem.detail)


async def _store(desk: Desk, rows: list[tuple[int, Kept]], tally: Tally) -> None:
    """Have rows kept, again and again those that couldn't be for now.

    Raises:
        Problem: 503 with the summary so far, it doesn't get better.
    """
    for _ in range(_WAITS_MAX):
        if not rows:
            return
        outcomes = await _outcomes(desk, [entry for _, entry in rows])
        left = []
        for row, outcome in zip(rows, outcomes, strict=True):
            if isinstance(outcome, BaseException):
                left.append(row)
            else:
                _count(row[0], outcome, tally)
        if left:
            await asyncio.sleep(_WAIT_S)
        rows = left
    problem = overloaded()
    problem.extensions["summary"] = tally.told()
    raise problem


async def _outcomes(desk: Desk, entries: list[Kept]) -> list[Outcome | BaseException]:
    """Hand rows in; trouble that may pass stands in the place of an outcome."""
    try:
        futures = submit_file(desk, entries)
    except OverloadedError as error:
        return [error] * len(entries)
    outcomes = await asyncio.gather(*futures, return_exceptions=True)
    for outcome in outcomes:
        is_passing = isinstance(outcome, OverloadedError) or (
            isinstance(outcome, Exception) and is_transient(outcome)
        )
        if isinstance(outcome, BaseException) and not is_passing:
            raise outcome
    return outcomes


def _count(line: int, outcome: Outcome, tally: Tally) -> None:
    if isinstance(outcome, Conflict):
        tally.add_bad(line, idempotency_conflict().detail)
    elif outcome.is_new:
        tally.new += 1
    else:
        tally.known += 1
