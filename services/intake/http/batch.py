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
import zlib
from dataclasses import dataclass, field
from typing import IO, TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response

from services.intake.adapters.gathering import OverloadedError
from services.intake.adapters.records import Bounded, TooLongError, read_csv, read_ndjson
from services.intake.decide.duplicates import Conflict
from services.intake.decide.rows import BadRow, Mapper
from services.intake.http.desk import Desk, idempotency_conflict, json_answer
from services.intake.http.taking import entry_of, overloaded
from services.runtime.keys import Principal, Role, require
from services.runtime.problems import Problem, invalid_request, problem_responses

if TYPE_CHECKING:
    from collections.abc import Iterator

    from services.intake.decide.rows import Row
    from services.intake.handle import Entry

BYTES_MAX = 100_000_000
UNPACKED_BYTES_MAX = 2_000_000_000
LINE_BYTES_MAX = 2_000_000
#: Rows on their way into the database at a time.
ROWS_TOGETHER = 200
#: Files that are taken in at a time; each has a spool on the disk.
FILES_MAX = 2
BAD_SHOWN_MAX = 50

_SPOOLED_IN_MEMORY = 1_000_000
#: Rows prepared before others get a turn: about 5 ms.
_ROWS_PER_TURN = 25
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


@dataclass
class Tally:
    """What became of the rows."""

    read: int = 0
    new: int = 0
    known: int = 0
    bad: int = 0
    bad_rows: list[BadRow] = field(default_factory=list)

    def add_bad(self, line: int, reason: str) -> None:
        """Count a bad row, and name it if not too many have been named."""
        self.bad += 1
        if len(self.bad_rows) < BAD_SHOWN_MAX:
            self.bad_rows.append(BadRow(line, reason))

    def told(self) -> dict[str, Any]:
        """Give the summary."""
        rows = [{"line": row.line, "reason": row.reason} for row in self.bad_rows]
        counts = {"read": self.read, "new": self.new, "known": self.known, "bad": self.bad}
        return {**counts, "bad_rows": rows}


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


def _readable(rows: Iterator[Row | BadRow]) -> Iterator[Row | BadRow]:
    try:
        yield from rows
    except TooLongError as error:
        raise _UnreadableError(str(error)) from error
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise _UnreadableError("can't be unpacked") from error


async def _take_rows(
    desk: Desk, principal: Principal, mapper: Mapper, rows: Iterator[Row | BadRow], tally: Tally
) -> None:
    """Take rows in, some at a time, until there are no more.

    Raises:
        Problem: 422, the file has no column that every row needs, or can't be unpacked.
    """
    scope, waiting = str(principal.key_id), list[tuple[int, "Entry"]]()
    try:
        for row in _readable(rows):
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
            elif tally.read % _ROWS_PER_TURN == 0:
                await asyncio.sleep(0)  # A call that comes in meanwhile must not wait for a file.
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


def _entry(desk: Desk, mapper: Mapper, row: Row | BadRow, scope: str) -> Entry | BadRow:
    if isinstance(row, BadRow):
        return row
    made = mapper.complaint(row)
    if isinstance(made, BadRow):
        return made
    try:
        return entry_of(desk, made, scope)
    except Problem as problem:
        if problem.status >= 500:  # noqa: PLR2004 - our trouble, not the row's
            raise
        return BadRow(row.line, problem.detail)


async def _store(desk: Desk, rows: list[tuple[int, Entry]], tally: Tally) -> None:
    if not rows:
        return
    futures = await _submit(desk, [entry for _, entry in rows])
    outcomes = await asyncio.gather(*futures)
    for (line, _), outcome in zip(rows, outcomes, strict=True):
        if isinstance(outcome, Conflict):
            tally.add_bad(line, idempotency_conflict().detail)
        elif outcome.is_new:
            tally.new += 1
        else:
            tally.known += 1


async def _submit(desk: Desk, entries: list[Entry]) -> list[asyncio.Future[Any]]:
    """Hand rows in, waiting for the bulk lane while it is full.

    Raises:
        Problem: 503, it stays full.
    """
    for _ in range(_WAITS_MAX):
        try:
            return desk.gatherer.submit_bulk(entries)
        except OverloadedError:
            await asyncio.sleep(_WAIT_S)
    raise overloaded()
