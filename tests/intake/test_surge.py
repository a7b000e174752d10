"""A surge, and a database or broker that isn't well: nothing promised is lost, nothing grows."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path as FilePath

import asyncpg
import httpx
import pytest

from services.intake.__main__ import IntakeSettings
from services.runtime.keys import Role
from tests.intake.callers import a_complaint, a_reporter
from tests.intake.conftest import Door, open_door
from tests.intake.relay import relay

pytestmark = pytest.mark.postgres

WAITING_MAX = 20


def crowded(secrets_file: FilePath) -> IntakeSettings:
    """Settings under which little is much."""
    return IntakeSettings(secrets_file=secrets_file, waiting_max=WAITING_MAX)


async def post(client: httpx.AsyncClient, number: int) -> httpx.Response:
    """Complain once, under a key that stands for this complaint."""
    return await client.post(
        "/v1/complaints",
        json=a_complaint(text=f"第{number}号路灯不亮，晚上看不见路。", reporter=a_reporter()),
        headers={"Idempotency-Key": f"lamp-{number}"},
    )


async def counted(dsn: str) -> dict[str, int]:
    """What is stored."""
    conn = await asyncpg.connect(dsn)
    try:
        return {
            table: await conn.fetchval(f"SELECT count(*) FROM {table}")
            for table in ("intake.complaint", "intake.idempotency_key", "identity.contact")
        }
    finally:
        await conn.close()


async def everything_is(count: int, dsn: str, door: Door) -> None:
    """Rows and events must equal what was promised."""
    events = await door.received()
    assert len({event.id for event in events}) == len(events) == count
    assert await counted(dsn) == {
        "intake.complaint": count,
        "intake.idempotency_key": count,
        "identity.contact": count,
    }


async def test_a_slow_database_fills_a_bounded_queue_and_then_empties_it(
    dsn: str, secrets_file: FilePath
) -> None:
    """Who can be kept is kept and answered; the others are told at once when to come again."""
    async with open_door(dsn, secrets_file, crowded(secrets_file)) as door:
        client = await door.client(Role.REPORTER)
        assert (await post(client, 0)).status_code == 202
        blocker = await asyncpg.connect(dsn)
        lock = blocker.transaction()
        await lock.start()
        await blocker.execute("LOCK TABLE intake.complaint IN ACCESS EXCLUSIVE MODE")
        posts = [asyncio.ensure_future(post(client, number)) for number in range(1, 101)]
        while sum(one.done() for one in posts) < 100 - 4 * WAITING_MAX:
            await asyncio.wait(posts, return_when=asyncio.FIRST_COMPLETED, timeout=0.05)
        refused = [one.result() for one in posts if one.done()]
        assert {one.status_code for one in refused} == {503}
        assert {one.json()["code"] for one in refused} == {"overloaded"}
        assert all(int(one.headers["retry-after"]) >= 1 for one in refused)
        await lock.rollback()
        await blocker.close()
        answers = await asyncio.gather(*posts)
        taken = sum(one.status_code == 202 for one in answers)
        assert WAITING_MAX <= taken <= 100 - len(refused)
        await everything_is(1 + taken, dsn, door)
        again = await asyncio.gather(*(post(client, number) for number in range(20)))
        assert {one.status_code for one in again} == {202}


async def test_a_full_disk_refuses_and_nothing_is_left_behind(
    dsn: str, secrets_file: FilePath
) -> None:
    """503 is true: nothing was stored. The same request is taken when there is room again."""
    async with open_door(dsn, secrets_file) as door:
        client = await door.client(Role.REPORTER)
        conn = await asyncpg.connect(dsn)
        await conn.execute("""
            CREATE FUNCTION no_room() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN RAISE 'could not extend file: No space left' USING ERRCODE = '53100'; END $$;
            CREATE TRIGGER full_disk BEFORE INSERT ON intake.outbox
                FOR EACH STATEMENT EXECUTE FUNCTION no_room();
        """)
        answers = await asyncio.gather(*(post(client, number) for number in range(10)))
        assert {(one.status_code, one.json()["code"]) for one in answers} == {(503, "unavailable")}
        assert all("retry-after" in one.headers for one in answers)
        await everything_is(0, dsn, door)
        await conn.execute("DROP TRIGGER full_disk ON intake.outbox")
        await conn.close()
        answers = await asyncio.gather(*(post(client, number) for number in range(10)))
        assert {one.status_code for one in answers} == {202}
        await everything_is(10, dsn, door)


async def test_a_database_that_is_away_is_503_until_it_is_back(
    dsn: str, secrets_file: FilePath
) -> None:
    """Callers who come again with the same key are taken in once."""
    async with relay(dsn) as (wire, address), open_door(address, secrets_file) as door:
        client = await door.client(Role.REPORTER)
        first = await post(client, 0)
        wire.cut()
        answers = await asyncio.gather(*(post(client, number) for number in range(10)))
        assert {(one.status_code, one.json()["code"]) for one in answers} == {(503, "unavailable")}
        assert all("retry-after" in one.headers for one in answers)
        await wire.mend()
        answers = await asyncio.gather(*(post(client, number) for number in range(10)))
        assert {one.status_code for one in answers} == {202}
        assert answers[0].json()["complaint_id"] == first.json()["complaint_id"]
        await everything_is(10, dsn, door)


async def test_without_a_broker_complaints_are_taken_and_told_later(
    dsn: str, secrets_file: FilePath
) -> None:
    """A citizen doesn't care about Kafka."""
    async with open_door(dsn, secrets_file) as door:
        client = await door.client(Role.REPORTER)
        door.path.bus.is_down = True
        answers = await asyncio.gather(*(post(client, number) for number in range(30)))
        assert {one.status_code for one in answers} == {202}
        outbox = door.path.running["intake"].outbox
        reader = door.path.running["intake"].service.app.state.reader
        while await reader.read():
            continue
        await outbox.tell_waiting()
        assert door.path.events("complaints.received") == []
        door.path.bus.is_down = False
        assert await outbox.sweep(older_than_s=0) == 30
        await everything_is(30, dsn, door)


async def test_ten_megabytes_are_refused_after_a_hundred_kilobytes(door: Door) -> None:
    """Memory is what a flood is after; a missing length must not get it."""
    client = await door.client(Role.REPORTER)
    sent: Counter[str] = Counter()

    async def content() -> AsyncIterator[bytes]:
        for _ in range(160):
            sent["bytes"] += 65_536
            yield b"x" * 65_536

    declared = await client.post("/v1/complaints", content=b"x" * 10_000_000)
    undeclared = await client.post("/v1/complaints", content=content())
    assert [one.status_code for one in (declared, undeclared)] == [413, 413]
    assert undeclared.json()["code"] == "too-big"


async def test_callers_are_answered_while_files_fill_the_bulk_lane(
    dsn: str, secrets_file: FilePath
) -> None:
    """A phone centre must not notice an import; the importer is told when to come again."""
    async with open_door(dsn, secrets_file, crowded(secrets_file)) as door:
        caller, importer = await door.client(Role.OPERATOR), await door.client(Role.SERVICE)

        statuses: Counter[int] = Counter()
        done = asyncio.Event()

        async def send(name: str) -> None:
            while not done.is_set():
                file = f"{name}-{statuses.total()}"
                rows = [
                    a_complaint(
                        text=f"旧档{file}之{n}", origin="archive", external_id=f"{file}-{n}"
                    )
                    for n in range(100)
                ]
                answer = await importer.post("/v1/complaints/batch", json={"items": rows})
                statuses[answer.status_code] += 1
                await asyncio.sleep(0)  # A refusal waits for nothing; others must get their turn.
                assert answer.status_code == 200 or "retry-after" in answer.headers

        files = [asyncio.ensure_future(send(f"importer-{n}")) for n in range(6)]
        answers = [await post(caller, number) for number in range(10)]
        done.set()
        await asyncio.gather(*files)
        assert {one.status_code for one in answers} == {202}
        assert set(statuses) == {200, 503}
        assert (await counted(dsn))["intake.complaint"] == 10 + 100 * statuses[200]
