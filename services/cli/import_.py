"""`whistle import`: a city's records come in like everybody else's, through the door.

A file may be imported as often as one likes: every record carries the system it comes from
and its id there, so intake knows it again. That is also how an import goes on after anything
has died: start it anew, what is known is passed over.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
import time
import tomllib
from collections.abc import Awaitable, Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import httpx
import orjson
import typer
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

from services.cli.installation import find_stack
from services.cli.records import BadRow, Mapper, RecordFile
from services.intake.decide.rows import Tally
from services.policy import PolicyError, load
from services.policy.folder import read

BATCH_ROWS = 200
IN_FLIGHT_MAX = 4
#: Waits between attempts while the service is away, in seconds; the last repeats.
BACK_OFF_S = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0)

_TOO_MANY = 429
_ACCEPTED = 202
_FOR_NOW = 503

Sleep = Callable[[float], Awaitable[None]]
#: A line of the file and the complaint made of it.
Item = tuple[int, dict[str, Any]]


class RefusedError(Exception):
    """Intake refuses the whole batch: a wrong key or address, which waiting won't mend."""


@dataclass
class Importer:
    """Sends complaints in batches, some at a time, until all have been answered."""

    client: httpx.AsyncClient
    tally: Tally
    say: Callable[[str], None]
    rate: float | None = None  #: Rows a second at the most.
    sleep: Sleep = asyncio.sleep

    async def send_all(self, batches: Iterable[list[Item]]) -> None:
        """Send every batch.

        Raises:
            RefusedError: The key or the address is wrong.
        """
        started, sent = time.monotonic(), 0
        pending: set[asyncio.Task[None]] = set()
        try:
            for batch in batches:
                if self.rate:
                    await self.sleep(max(0.0, started + sent / self.rate - time.monotonic()))
                if len(pending) >= IN_FLIGHT_MAX:
                    done, pending = await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
                    for task in done:
                        task.result()
                pending.add(asyncio.create_task(self._send(batch)))
                sent += len(batch)
            await asyncio.gather(*pending)
        finally:
            for task in pending:
                task.cancel()

    async def _send(self, batch: list[Item]) -> None:
        while batch:
            results = await self._post({"items": [body for _, body in batch]})
            again = []
            for result in results:
                item = batch[result["index"]]
                if result["status"] == _ACCEPTED:
                    self.tally.new += result["is_new"]
                    self.tally.known += not result["is_new"]
                elif result["status"] == _FOR_NOW:
                    again.append(item)
                else:
                    self.tally.add_bad(item[0], result["problem"]["detail"])
            if again:
                await self.sleep(BACK_OFF_S[-2])
            batch = again

    async def _post(self, body: dict[str, Any]) -> list[dict[str, Any]]:
        """Post a batch as often as it takes: intake knows every record again."""
        content = orjson.dumps(body)
        for attempt in range(sys.maxsize):
            wait = BACK_OFF_S[min(attempt, len(BACK_OFF_S) - 1)]
            try:
                answer = await self.client.post("/v1/complaints/batch", content=content)
            except httpx.TransportError as error:
                reason = f"can't be reached ({type(error).__name__})"
            else:
                if answer.is_success:
                    results: list[dict[str, Any]] = answer.json()["results"]
                    return results
                if answer.status_code != _TOO_MANY and not answer.is_server_error:
                    raise RefusedError(f"intake answers {answer.status_code}: {_detail(answer)}")
                reason = f"answers {answer.status_code}"
                wait = max(wait, _retry_after(answer))
            if attempt == 1:
                self.say(f"intake {reason}; trying until it is back")
            await self.sleep(wait)
        raise AssertionError


def _retry_after(answer: httpx.Response) -> float:
    said = answer.headers.get("retry-after", "")
    return min(float(said), 30.0) if said.isdecimal() else 0.0


def _detail(answer: httpx.Response) -> str:
    try:
        return str(answer.json()["detail"])
    except (ValueError, KeyError, TypeError):
        return answer.text[:200]


def batches_of(
    file: RecordFile, mapper: Mapper, tally: Tally, limit: int | None
) -> Iterator[list[Item]]:
    """Read a file into batches, counting bad rows on the way.

    Raises:
        ValueError: The file lacks a column that every row needs.
    """
    batch: list[Item] = []
    for row in file:
        if limit is not None and tally.read >= limit:
            break
        tally.read += 1
        if isinstance(row, BadRow):
            tally.add_bad(row.line, row.reason)
            continue
        if tally.read == 1 and (missing := mapper.missing_columns(row)):
            raise ValueError(f"the file has no column for {', '.join(missing)}")
        made = mapper.complaint(row)
        if isinstance(made, BadRow):
            tally.add_bad(made.line, made.reason)
            continue
        batch.append((row.line, made))
        if len(batch) == BATCH_ROWS:
            yield batch
            batch = []
    if batch:
        yield batch


_File = Annotated[Path, typer.Argument(help="CSV or NDJSON, .gz or not.", exists=True)]
_Policy = Annotated[Path, typer.Option("--policy", help="The city's policy folder.")]
_Mapping = Annotated[
    str | None, typer.Option(help="Name in imports.toml; may be left out if there is one.")
]
_Url = Annotated[str | None, typer.Option(envvar="WHISTLE_INTAKE_URL", help="Where intake is.")]
_Key = Annotated[
    str | None, typer.Option(envvar="WHISTLE_KEY", help="Of role service or operator.")
]
_Data = Annotated[Path, typer.Option(help="Data folder of `whistle up`.")]
_Limit = Annotated[int | None, typer.Option(min=0, help="Rows at the most.")]
_Rate = Annotated[float | None, typer.Option(min=0.1, help="Rows a second at the most.")]
_Json = Annotated[bool, typer.Option("--json", help="Machine-readable summary.")]


def import_file(
    file: _File,
    *,
    policy: _Policy,
    mapping: _Mapping = None,
    url: _Url = None,
    key: _Key = None,
    data: _Data = Path(".data"),
    limit: _Limit = None,
    rate: _Rate = None,
    as_json: _Json = False,
) -> None:
    """Import a city's records; a bad row is reported and skipped, a known one passed over."""
    screen = Console(stderr=True)

    def say(line: str) -> None:
        screen.print(line, markup=False, highlight=False, soft_wrap=True)

    tally, started = Tally(), time.monotonic()
    try:
        records, mapper = RecordFile(file), _mapper(policy, mapping)
        rows = batches_of(records, mapper, tally, limit)
        if screen.is_terminal and not as_json:
            rows = _watched(rows, records, tally, screen)
        with contextlib.closing(records):
            asyncio.run(_run(_where(url, key, data), rows, tally, say, rate))
    except (PolicyError, ValueError, OSError, LookupError, RefusedError) as error:
        say(f"whistle import: {error}")
        raise typer.Exit(2) from error
    except KeyboardInterrupt:
        say("Stopped. Start it again to go on: what is known is passed over.")
        raise typer.Exit(130) from None
    finally:
        if tally.read:
            _report(tally, time.monotonic() - started, say, as_json=as_json)
    if tally.read and tally.bad == tally.read:
        raise typer.Exit(1)


async def _run(
    where: tuple[str, str],
    rows: Iterator[list[Item]],
    tally: Tally,
    say: Callable[[str], None],
    rate: float | None,
) -> None:
    url, key = where
    headers = {"authorization": f"Bearer {key}", "content-type": "application/json"}
    # Not through a proxy of the environment: intake is ours.
    async with httpx.AsyncClient(
        base_url=url, headers=headers, timeout=60, trust_env=False
    ) as client:
        await Importer(client, tally, say, rate).send_all(rows)


def _watched(
    rows: Iterator[list[Item]], file: RecordFile, tally: Tally, screen: Console
) -> Iterator[list[Item]]:
    """Show a bar over the file's bytes, whose number is known before that of its rows."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=screen, transient=True) as progress:
        task = progress.add_task("import", total=file.size)
        for batch in rows:
            progress.update(task, completed=file.position, description=f"{tally.read:,} rows")
            yield batch


def _mapper(folder: Path, name: str | None) -> Mapper:
    policy = load(read(folder))
    if name is None and len(policy.imports) == 1:
        name = next(iter(policy.imports))
    if name is None or name not in policy.imports:
        known = ", ".join(sorted(policy.imports)) or "none"
        raise LookupError(f"--mapping: {folder} has no mapping {name!r}; it has {known}")
    return Mapper(policy.imports[name], policy)


def _where(url: str | None, key: str | None, data: Path) -> tuple[str, str]:
    """Find intake and a key: as told, else of the stack on a data folder."""
    if url and key:
        return url, key
    stack = find_stack(data)
    if stack is None:
        raise LookupError(
            f"nothing runs on {data}: start it with `whistle up`, or name --url and --key"
        )
    secrets = tomllib.loads(stack.secrets_file.read_text())
    return url or stack.services["intake"], key or str(secrets["service_key"])


def _report(tally: Tally, seconds: float, say: Callable[[str], None], *, as_json: bool) -> None:
    speed = tally.read / seconds if seconds else 0.0
    if as_json:
        rows = [{"line": row.line, "reason": row.reason} for row in tally.bad_rows]
        counts = {"read": tally.read, "new": tally.new, "known": tally.known, "bad": tally.bad}
        times = {"seconds": round(seconds, 3), "rows_per_s": round(speed, 1)}
        typer.echo(orjson.dumps({**counts, **times, "bad_rows": rows}).decode())
        return
    for row in tally.bad_rows:
        say(f"line {row.line}: {row.reason}")
    if tally.bad > len(tally.bad_rows):
        say(f"… and {tally.bad - len(tally.bad_rows)} more bad rows")
    typer.echo(
        f"{tally.read} read: {tally.new} new, {tally.known} already known, {tally.bad} bad;"
        f" {speed:,.0f} rows/s"
    )
