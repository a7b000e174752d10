"""Files over HTTP: every row by itself, in bounded memory, as often as one likes."""

from __future__ import annotations

import asyncio
import gzip
import io
import tracemalloc
from collections.abc import AsyncIterator, Callable, Iterator
from typing import IO

import httpx
import pytest

from services.intake.adapters.records import (
    ROW_LENGTH_MAX,
    Bounded,
    TooLongError,
    read_csv,
    read_ndjson,
)
from services.intake.decide.rows import BadRow, Row
from services.runtime.keys import Role
from tests.intake.conftest import Door

HEADER = "id,text,sent,day,first,second,district,kind\n"
PATH = "/v1/batches?mapping=letters"
CSV = {"content-type": "text/csv; charset=utf-8"}


def a_row(number: int | str, text: str = "垃圾没人清") -> str:
    """A line of a table."""
    return f"{number},{text}{number},2026-11-20 08:30,,,,东区,\n"


async def _send(client: httpx.AsyncClient, body: bytes | str, **headers: str) -> httpx.Response:
    said = CSV | {name.replace("_", "-"): value for name, value in headers.items()}
    content = body.encode() if isinstance(body, str) else body
    answer: httpx.Response = await client.post(PATH, content=content, headers=said)
    return answer


@pytest.mark.postgres
async def test_a_table_comes_in_row_by_row_and_a_second_time_nothing_is_new(door: Door) -> None:
    """That is also how a batch goes on after anything has died."""
    client = await door.client(Role.SERVICE)
    rows = "".join(a_row(number) for number in range(450))
    table = HEADER + rows + a_row("") + "451,坏,yesterday,,,,,\n" + a_row(7, "改过的")
    first = await _send(client, table)
    assert first.status_code == 200, first.text
    told = first.json()
    assert [told[name] for name in ("read", "new", "known", "bad")] == [453, 450, 0, 3]
    assert told["bad_rows"][0] == {"line": 452, "reason": "has no external_id"}
    assert [row["line"] for row in told["bad_rows"]] == [452, 453, 454]
    packed = gzip.compress((HEADER + rows + a_row(450)).encode())
    again = (await _send(client, packed, content_encoding="gzip")).json()
    assert (again["new"], again["known"], again["bad"]) == (1, 450, 0)
    assert len(await door.received()) == 451


@pytest.mark.postgres
async def test_ndjson_is_read_too_and_a_row_that_the_door_refuses_is_told(door: Door) -> None:
    """A row of the future can't be right."""
    client = await door.client(Role.OPERATOR)
    lines = '{"id": 1, "text": "a", "sent": "2026-11-20 08:30"}\n\n{"id"\n'
    lines += '{"id": 2, "text": "b", "sent": "2027-11-20 08:30"}\n'
    told = (await _send(client, lines, content_type="application/x-ndjson")).json()
    assert (told["read"], told["new"], told["bad"]) == (3, 1, 2)
    assert told["bad_rows"][1] == {"line": 4, "reason": "received_at: lies in the future"}


@pytest.mark.postgres
async def test_what_can_not_be_taken_at_all_is_refused_with_the_reason(door: Door) -> None:
    """A mapping that doesn't exist, a kind we don't read, a column that every row needs."""
    client, reporter = await door.client(Role.SERVICE), await door.client(Role.REPORTER)
    other = await client.post("/v1/batches?mapping=other", content=b"", headers=CSV)
    assert other.json()["errors"] == [
        {"field": "mapping", "message": "the policy in force has letters"}
    ]
    assert (await _send(client, "", content_type="application/zip")).status_code == 415
    assert (await _send(client, "", content_encoding="br")).status_code == 415
    lacking = await _send(client, "id,words\n1,a\n")
    assert "text (text)" in lacking.json()["errors"][0]["message"]
    assert (await _send(reporter, HEADER)).status_code == 403
    assert (await _send(client, "")).json()["read"] == 0
    assert (await _send(client, b"no gzip", content_encoding="gzip")).status_code == 422
    odd = await _send(client, HEADER + a_row("\0") + a_row(1, "有\0字"))
    assert (odd.json()["new"], odd.json()["bad"]) == (1, 1)


@pytest.mark.postgres
async def test_a_file_that_was_cut_keeps_what_came_before_the_cut(door: Door) -> None:
    """The rows are good, and known when the whole file comes."""
    client = await door.client(Role.SERVICE)
    whole = gzip.compress((HEADER + "".join(a_row(n) for n in range(20_000))).encode(), 1)
    cut = await _send(client, whole[: len(whole) // 20], content_encoding="gzip")
    assert cut.status_code == 422
    assert "can't be unpacked" in cut.json()["detail"]
    stored = cut.json()["summary"]["new"]
    assert 0 < stored == len(await door.received())


@pytest.mark.postgres
async def test_memory_does_not_grow_with_the_file(door: Door) -> None:
    """The body comes in pieces and goes to the disk; only some rows are in memory at a time."""
    client = await door.client(Role.SERVICE)

    async def table() -> AsyncIterator[bytes]:
        yield HEADER.encode()
        for number in range(60):
            # Bad rows: what counts here is reading, not storing.
            yield (a_row("", "很长的话" * 20) * 300).encode() + f"{number}\n".encode()

    tracemalloc.start()
    answer = await client.post(PATH, content=table(), headers=CSV)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert answer.json()["read"] == answer.json()["bad"] == 18_060
    assert len(answer.json()["bad_rows"]) == 50
    assert peak < 6_000_000


def _bounded(
    content: bytes, bytes_max: int = 1_000, line_bytes_max: int = 100
) -> io.BufferedReader:
    return io.BufferedReader(Bounded(io.BytesIO(content), bytes_max, line_bytes_max), 16)


def test_a_line_or_a_file_without_an_end_is_an_error_before_it_fills_the_memory() -> None:
    """A small packed file may unfold a thousandfold."""
    with pytest.raises(TooLongError, match="a line has more than 100 bytes"):
        list(read_ndjson(_bounded(b"x" * 200)))
    with pytest.raises(TooLongError, match="too long when unpacked"):
        list(read_csv(_bounded(b"id\n" + b"1\n" * 1_000)))
    assert list(read_csv(_bounded(b"id\n1\n2,3\n"))) == [
        Row(2, {"id": "1"}),
        BadRow(3, "has more fields than there are columns"),
    ]


@pytest.mark.parametrize("read", [read_csv, read_ndjson])
def test_empty_lines_let_others_have_their_turn_and_come_to_an_end(
    read: Callable[[IO[bytes]], Iterator[object]],
) -> None:
    """Two megabytes that are packed may be two thousand million empty lines."""
    first = b"id\n1\n" if read is read_csv else b'{"id": 1}\n'
    rows = read(io.BytesIO(first + b"\n" * (ROW_LENGTH_MAX + 1)))
    found: list[object] = []
    with pytest.raises(TooLongError, match="what lies between two"):
        found.extend(rows)
    assert found[0] == Row(len(first.splitlines()), {"id": "1"})
    assert found.count(None) == len(found) - 1 >= ROW_LENGTH_MAX // 1_000 - 1


def test_one_row_is_bounded_over_all_its_lines() -> None:
    """Each line is short enough, and so is each field: together they would fill the memory."""
    field_ = b'"' + b"x\n" * (ROW_LENGTH_MAX // 8) + b'",'
    with pytest.raises(TooLongError, match="a row"):
        list(read_csv(io.BytesIO(b"a,b,c,d,e\n" + field_ * 5)))
    three = list(read_csv(io.BytesIO(b"a,b,c,d,e\n" + (field_ * 3 + b"\n") * 3)))
    assert [isinstance(row, Row) for row in three] == [True] * 3


@pytest.mark.postgres
async def test_a_file_of_empty_lines_stops_nobody(door: Door) -> None:
    """The rows before them are taken, and a caller is answered meanwhile."""
    client, turns, done = await door.client(Role.SERVICE), 0, asyncio.Event()

    async def others() -> None:
        nonlocal turns
        while not done.is_set():
            turns += 1
            await asyncio.sleep(0)

    waiting = asyncio.ensure_future(others())
    packed = gzip.compress((HEADER + a_row(1)).encode() + b"\n" * 5_000_000)
    answer = await _send(client, packed, content_encoding="gzip")
    done.set()
    await waiting
    assert (answer.status_code, answer.json()["summary"]["new"]) == (422, 1)
    assert turns > ROW_LENGTH_MAX // 1_000
