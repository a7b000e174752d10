"""The shell: what happens when the database refuses, races, or is away."""

from __future__ import annotations

import asyncio
from pathlib import Path as FilePath

import asyncpg
import httpx
import pytest

from services.intake.__main__ import build
from services.runtime.keys import KeyRing, Role
from services.runtime.policies import PolicyStore
from services.runtime.postgres import Database
from services.runtime.service import Context
from tests.intake.callers import a_complaint
from tests.intake.conftest import Door
from tests.policies import a_policy

pytestmark = pytest.mark.postgres


async def test_two_instances_that_get_the_same_at_once_make_one_complaint(
    door: Door, dsn: str, secrets_file: FilePath
) -> None:
    """A load balancer sends the second attempt elsewhere."""
    db = await Database.connect(dsn, "intake", clock=door.clock)
    context = Context(door.settings, db, PolicyStore.fixed(a_policy()), door.clock)
    app = build(context).app
    app.state.keys = KeyRing(door.path.pool)
    first = await door.client(Role.SERVICE)
    transport = httpx.ASGITransport(app)
    second = httpx.AsyncClient(
        transport=transport, base_url="http://second", headers=dict(first.headers)
    )
    bodies = [a_complaint(origin="app", external_id=str(number)) for number in range(20)]
    answers = await asyncio.gather(
        *(
            client.post("/v1/complaints", json=body, headers={"Idempotency-Key": str(number)})
            for number, body in enumerate(bodies)
            for client in (first, second)
        )
    )
    await db.close()
    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.json()["complaint_id"] for answer in answers}) == 20
    count = await door.path.pool.fetchval("SELECT count(*) FROM intake.complaint")
    assert count == 20


async def test_a_number_that_is_taken_makes_a_longer_one_and_no_failure(door: Door) -> None:
    """More than a million complaints on one day must not close the door."""
    client = await door.client(Role.REPORTER)
    first = await client.post("/v1/complaints", json=a_complaint())
    day, _, drawn = first.json()["number"].rpartition("-")
    next_one = f"{day}-{int(drawn) + 1:06d}"  # As if a million had come since.
    await door.path.pool.execute("UPDATE intake.complaint SET number = $1", next_one)
    answers = await asyncio.gather(
        *(client.post("/v1/complaints", json=a_complaint()) for _ in range(3))
    )
    assert {answer.status_code for answer in answers} == {202}
    numbers = {answer.json()["number"] for answer in answers}
    assert len(numbers) == 3
    assert any(len(number) == len("LZ-261124-001000001") for number in numbers)


async def test_without_a_database_nobody_is_told_that_it_is_stored(door: Door) -> None:
    """503 and when to come again; never a success for something not durable."""
    client = await door.client(Role.REPORTER)
    assert (await client.post("/v1/complaints", json=a_complaint())).status_code == 202
    await door.path.running["intake"].db.close()
    answer = await client.post("/v1/complaints", json=a_complaint())
    assert answer.status_code == 503
    assert answer.json()["code"] == "unavailable"
    assert int(answer.headers["retry-after"]) > 0


async def test_the_door_stays_open_while_the_bus_is_away(door: Door) -> None:
    """What is accepted waits in the outbox and is told later."""
    client = await door.client(Role.REPORTER)
    door.path.bus.is_down = True
    assert (await client.post("/v1/complaints", json=a_complaint())).status_code == 202
    assert door.path.events("complaints.received") == []
    door.path.bus.is_down = False
    running = door.path.running["intake"]
    await running.outbox.sweep(older_than_s=0)
    assert len(await door.received()) == 1


async def test_old_keys_are_forgotten(door: Door) -> None:
    """Nobody tries again after a week; the table must not grow for ever."""
    from services.intake.adapters.complaints import forget_keys

    pool: asyncpg.Pool = door.path.pool
    await pool.execute(
        "INSERT INTO intake.idempotency_key (scope, key, body_hash, answer_id, created_at)"
        " VALUES ('s', 'old', '', gen_random_uuid(), now() - interval '8 days'),"
        " ('s', 'new', '', gen_random_uuid(), now())"
    )
    await forget_keys(door.path.running["intake"].db)
    rows = await pool.fetch("SELECT key FROM intake.idempotency_key")
    assert [row["key"] for row in rows] == ["new"]
