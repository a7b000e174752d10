"""Import: a city's file comes in once, whatever happens on the way."""

from __future__ import annotations

import asyncio
import gzip
import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
import typer
from typer.testing import CliRunner

from services.cli.import_ import Importer, RefusedError, batches_of, import_file
from services.cli.records import BadRow, Mapper, RecordFile, Row
from services.intake.decide.rows import Tally
from tests.policies import a_policy, policy_files

POLICY = a_policy()
MAPPER = Mapper(POLICY.imports["letters"], POLICY)
app = typer.Typer()
app.command()(import_file)

HEADER = "id,text,sent,day,first,second,district,kind\n"


def _row(**values: str) -> Row:
    complete = {"id": "7", "text": "垃圾没人清", "sent": "2026-11-20 08:30"} | values
    return Row(2, complete)


def _made(**values: str) -> dict[str, Any]:
    made = MAPPER.complaint(_row(**values))
    assert isinstance(made, dict), made
    return made


async def _no_sleep(_seconds: float) -> None:
    """Let others run instead of waiting."""
    await asyncio.sleep(0)


async def _import(
    handler: Callable[[httpx.Request], httpx.Response], rows: int, said: list[str] | None = None
) -> Tally:
    tally = Tally()
    async with httpx.AsyncClient(
        transport=httpx.MockTransport(handler), base_url="http://intake"
    ) as client:
        importer = Importer(
            client, tally, (said if said is not None else []).append, None, _no_sleep
        )
        items = [(line, {"external_id": str(line)}) for line in range(2, rows + 2)]
        await importer.send_all(items[start : start + 200] for start in range(0, rows, 200))
    return tally


class Intake:
    """Answers like intake; knows what it has."""

    def __init__(self) -> None:
        self.has: set[str] = set()
        self.requests = 0
        self.failures: list[httpx.Response | Exception] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        """Fail as told, then take the items in; sometimes die before the answer."""
        self.requests += 1
        results = []
        for index, item in enumerate(json.loads(request.content)["items"]):
            is_new = item["external_id"] not in self.has
            self.has.add(item["external_id"])
            results.append({"index": index, "status": 202, "is_new": is_new})
        if self.failures:
            failure = self.failures.pop(0)
            if isinstance(failure, Exception):
                raise failure
            return failure
        return httpx.Response(200, json={"results": results})


def test_a_row_becomes_a_complaint_as_the_mapping_says() -> None:
    """Officials describe their file once; nobody writes a converter."""
    assert _made(first="市容环境", second="垃圾清运", district="东区", kind="咨询") == {
        "channel": "batch",
        "text": "垃圾没人清",
        "nature": "consultation",
        "category": "environment-waste",
        "language": "zh",
        "received_at": "2026-11-20T08:30:00+08:00",
        "place": {"district": "东区"},
        "origin": "import:letters",
        "external_id": "7",
    }


def test_the_first_column_that_can_be_read_gives_the_date() -> None:
    """Half of the rows may have the second column only."""
    assert _made(sent="", day="2026-11-19 00:00")["received_at"].startswith("2026-11-19")
    assert _made(sent="bad", day="2026-11-19 00:00")["received_at"].startswith("2026-11-19")


def test_what_the_mapping_does_not_know_is_left_out() -> None:
    """An unknown category or nature is for the router to find, not a bad row."""
    made = _made(first="不存在", kind="奇怪")
    assert "category" not in made
    assert "nature" not in made


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"id": ""}, "has no external_id"),
        ({"text": "  "}, "has no text"),
        ({"sent": "yesterday"}, "received_at: 'yesterday' is no date that the mapping knows"),
    ],
)
def test_a_bad_row_is_told_by_its_line_and_reason(values: dict[str, str], reason: str) -> None:
    """Somebody must be able to mend it."""
    assert MAPPER.complaint(_row(**values)) == BadRow(2, reason)


@pytest.mark.parametrize("suffix", [".csv", ".csv.gz", ".ndjson", ".jsonl.gz"])
def test_every_kind_of_file_is_read(tmp_path: Path, suffix: str) -> None:
    """Cities give what they have."""
    if ".csv" in suffix:
        content = '\ufeffid,text\r\n1,"两\n行"\r\n2,b\r\n'.encode()
    else:
        content = b'{"id": 1, "text": "\xe4\xb8\xa4\\n\xe8\xa1\x8c"}\n\n{"id": 2, "text": "b"}\n'
    path = tmp_path / f"file{suffix}"
    path.write_bytes(gzip.compress(content) if suffix.endswith(".gz") else content)
    rows = [row for row in RecordFile(path) if isinstance(row, Row)]
    assert [dict(row.values) for row in rows] == [
        {"id": "1", "text": "两\n行"},
        {"id": "2", "text": "b"},
    ]
    assert [row.line for row in rows] == ([3, 4] if ".csv" in suffix else [1, 3])


def test_a_broken_row_does_not_end_the_file(tmp_path: Path) -> None:
    """One wrong comma in a million rows."""
    csv_file, json_file = tmp_path / "a.csv", tmp_path / "a.ndjson"
    csv_file.write_bytes(b"id,text\n1,a,b,c\n2,\xff\n")
    json_file.write_text('{"id": 1}\n{\n[1]\n{"id": 2}\n')
    assert [type(row) for row in RecordFile(csv_file)] == [BadRow, Row]
    assert [type(row) for row in RecordFile(json_file)] == [Row, BadRow, BadRow, Row]
    with pytest.raises(ValueError, match=r"must end in \.csv"):
        RecordFile(tmp_path / "a.xlsx")


def test_a_file_without_a_needed_column_is_refused_at_once(tmp_path: Path) -> None:
    """A million bad rows would say the same less clearly."""
    path = tmp_path / "a.csv"
    path.write_text("id,words\n1,a\n")
    with pytest.raises(ValueError, match=r"text \(text\), received_at \(sent or day\)"):
        list(batches_of(RecordFile(path), MAPPER, Tally(), None))


async def test_all_rows_go_in_batches_and_are_counted() -> None:
    """The summary must add up."""
    intake = Intake()
    intake.has = {"2", "3"}
    tally = await _import(intake, 450)
    assert (tally.new, tally.known, tally.bad) == (448, 2, 0)
    assert intake.requests == 3


async def test_an_intake_that_dies_and_comes_back_loses_and_doubles_nothing() -> None:
    """Killed after it had stored a batch, before it could say so."""
    intake = Intake()
    intake.failures = [
        httpx.ReadError("gone"),
        httpx.ConnectError("refused"),
        httpx.Response(503, headers={"Retry-After": "2"}),
        httpx.Response(502),
    ]
    said: list[str] = []
    tally = await _import(intake, 1000, said)
    assert len(intake.has) == 1000
    assert tally.new + tally.known == 1000
    assert tally.bad == 0


async def test_a_wrong_key_ends_the_import_instead_of_waiting_for_ever() -> None:
    """Time doesn't mend a key."""
    with pytest.raises(RefusedError, match="401: This key is unknown"):
        await _import(lambda _: httpx.Response(401, json={"detail": "This key is unknown"}), 10)


async def test_never_more_than_four_batches_are_on_the_way() -> None:
    """An import must not be an attack."""
    now = most = 0

    async def handler(request: httpx.Request) -> httpx.Response:
        nonlocal now, most
        now += 1
        most = max(most, now)
        for _ in range(10):
            await asyncio.sleep(0)
        now -= 1
        count = len(json.loads(request.content)["items"])
        results = [{"index": i, "status": 202, "is_new": True} for i in range(count)]
        return httpx.Response(200, json={"results": results})

    tally = await _import(handler, 3000)  # type: ignore[arg-type]  # httpx takes both kinds
    assert tally.new == 3000
    assert most == 4


async def test_rows_that_intake_refuses_are_told_by_their_line() -> None:
    """The index in a batch means nothing to whoever has the file."""

    def handler(request: httpx.Request) -> httpx.Response:
        problem = {"index": 1, "status": 422, "is_new": False, "problem": {"detail": "text: bad"}}
        return httpx.Response(
            200, json={"results": [{"index": 0, "status": 202, "is_new": True}, problem]}
        )

    tally = await _import(handler, 2)
    assert tally.bad_rows == [BadRow(3, "text: bad")]


async def test_a_rate_is_kept() -> None:
    """A running hotline must not feel an import."""
    waits: list[float] = []

    async def sleep(seconds: float) -> None:
        waits.append(seconds)

    async with httpx.AsyncClient(
        transport=httpx.MockTransport(Intake()), base_url="http://intake"
    ) as client:
        importer = Importer(client, Tally(), print, rate=100.0, sleep=sleep)
        await importer.send_all([[(1, {"external_id": str(n)})] * 200 for n in range(3)])
    assert waits[0] == 0.0
    assert 1.9 < waits[1] <= 2.0
    assert 3.9 < waits[2] <= 4.0


def _policy_folder(tmp_path: Path) -> Path:
    folder = tmp_path / "policy"
    folder.mkdir()
    for name, content in policy_files().items():
        (folder / name).write_bytes(content)
    return folder


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--mapping", "other"], "it has letters"),
        ([], "whistle up"),
    ],
)
def test_what_is_missing_is_said_before_anything_is_sent(
    tmp_path: Path, options: list[str], said: str
) -> None:
    """Nobody should have to read a traceback."""
    file = tmp_path / "letters.csv"
    file.write_text(HEADER)
    policy = str(_policy_folder(tmp_path))
    command = [str(file), "--policy", policy, "--data", str(tmp_path), *options]
    result = CliRunner().invoke(app, command)
    assert result.exit_code == 2
    assert said in result.stderr


@pytest.fixture
async def served() -> AsyncIterator[tuple[str, Intake]]:
    """A small intake on a real port."""
    intake = Intake()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        length = int(head.lower().split("content-length: ")[1].split("\r\n")[0])
        body = await reader.readexactly(length)
        content = intake(httpx.Request("POST", "http://intake", content=body)).content
        head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(content)}\r\nConnection: close\r\n\r\n"
        writer.write(head.encode() + content)
        await writer.drain()
        writer.close()
        await writer.wait_closed()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", intake
    server.close()
    await server.wait_closed()


async def test_the_command_reports_in_numbers_and_passes_known_rows_over(
    tmp_path: Path, served: tuple[str, Intake]
) -> None:
    """Twice the same file: nothing new the second time, and no failure."""
    url, intake = served
    file = tmp_path / "letters.csv"
    rows = "".join(f"{number},垃圾,2026-11-20 08:30,,,,东区,\n" for number in range(250))
    file.write_text(f"{HEADER}{rows},没有编号,2026-11-20 08:30,,,,,\n")
    command = [str(file), "--policy", str(_policy_folder(tmp_path)), "--json"]
    command += ["--url", url, "--key", "whk_x"]
    first = await asyncio.to_thread(CliRunner().invoke, app, command)
    assert first.exit_code == 0, first.output
    told = json.loads(first.stdout)
    assert (told["read"], told["new"], told["known"], told["bad"]) == (251, 250, 0, 1)
    assert told["bad_rows"] == [{"line": 252, "reason": "has no external_id"}]
    again = await asyncio.to_thread(CliRunner().invoke, app, command)
    assert json.loads(again.stdout)["known"] == 250
    limited = await asyncio.to_thread(CliRunner().invoke, app, [*command, "--limit", "10"])
    assert json.loads(limited.stdout)["read"] == 10
    assert len(intake.has) == 250


async def test_a_file_of_bad_rows_only_is_a_failure(
    tmp_path: Path, served: tuple[str, Intake]
) -> None:
    """A script must notice that it has the wrong file."""
    url, _ = served
    file = tmp_path / "letters.csv"
    file.write_text(HEADER + ",a,,,,,,\n")
    command = [str(file), "--policy", str(_policy_folder(tmp_path))]
    command += ["--url", url, "--key", "whk_x"]
    result = await asyncio.to_thread(CliRunner().invoke, app, command)
    assert result.exit_code == 1
    assert "line 2: has no external_id" in result.stderr
    assert "1 read: 0 new, 0 already known, 1 bad" in result.stdout
