"""The HTTP face: problems, keys, dead letters, health."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated

import asyncpg
import httpx
import pytest
from fastapi import Depends, FastAPI, Request
from pydantic import BaseModel, Field

from services.events import ComplaintSupplemented, encode
from services.runtime import deadletters, keys
from services.runtime.bus import Outgoing
from services.runtime.clock import ManualClock
from services.runtime.http import create_app
from services.runtime.ids import new_id
from services.runtime.keys import KeyRing, Principal, Role, add_key, require
from services.runtime.loop import DeliveryLoop
from services.runtime.memory import MemoryBus
from services.runtime.migrate import migrate
from services.runtime.outbox import Outbox
from services.runtime.postgres import Database
from tests.builders import NOON, an_event, as_outgoing
from tests.runtime.counting import POISON, TABLE, Counting

TOPIC = "complaints.received"


class Inner(BaseModel):
    """Where."""

    district: Annotated[str, Field(max_length=6)]


class Body(BaseModel):
    """What."""

    place: Inner


def an_app() -> FastAPI:
    """An application with every kind of trouble."""
    app = create_app("trouble", larger_bodies={"/files": 1_500_000})

    @app.post("/files")
    async def files(request: Request) -> int:
        return len(await request.body())

    @app.post("/things")
    async def things(body: Body) -> dict[str, str]:
        return {"district": body.place.district}

    @app.get("/away")
    async def away() -> None:
        raise asyncpg.CannotConnectNowError

    @app.get("/me")
    async def me(
        who: Annotated[Principal, Depends(require(Role.AGENCY))],
    ) -> dict[str, str | None]:
        return {"agency": who.agency}

    return app


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    """A client of that application."""
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(an_app()), base_url="http://test"
    ) as one:
        yield one


async def test_a_malformed_request_names_the_field(client: httpx.AsyncClient) -> None:
    """An engineer at an agency must see what to mend."""
    answer = await client.post("/things", json={"place": {"district": "much too long"}})
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["code"] == "invalid-request"
    assert problem["errors"][0]["field"] == "place.district"


async def test_a_body_that_is_not_json_is_a_problem_too(client: httpx.AsyncClient) -> None:
    """Whatever is sent, the answer has one shape."""
    answer = await client.post(
        "/things", content=b"{not json", headers={"content-type": "application/json"}
    )
    assert answer.status_code == 422
    assert answer.json()["code"] == "invalid-request"


async def test_a_database_that_is_away_is_503_with_retry_after(client: httpx.AsyncClient) -> None:
    """A commit may have been lost on its way back: the caller must send the same again."""
    answer = await client.get("/away")
    assert "may not have been stored" in answer.json()["detail"]
    assert answer.status_code == 503
    assert answer.json()["code"] == "unavailable"
    assert int(answer.headers["retry-after"]) > 0


async def test_no_body_is_read_beyond_what_its_path_allows(client: httpx.AsyncClient) -> None:
    """FastAPI reads a body before it asks for the key: fifty megabytes would be a stranger's."""
    read = 0

    async def content(pieces: int) -> AsyncIterator[bytes]:
        nonlocal read
        for _ in range(pieces):
            read += 100_000
            yield b"x" * 100_000

    undeclared = await client.post("/things", content=content(500))
    declared = await client.post("/things", content=b"x" * 1_000_001)
    for answer in (undeclared, declared):
        assert (answer.status_code, answer.json()["code"]) == (413, "too-big")
        assert answer.headers["content-type"] == "application/problem+json"
    assert read <= 1_100_000
    assert (await client.post("/files", content=content(15))).json() == 1_500_000
    assert (await client.post("/files", content=content(16))).status_code == 413


async def test_an_unknown_path_is_a_problem(client: httpx.AsyncClient) -> None:
    """Also the framework's own errors have the shape."""
    answer = await client.get("/nowhere")
    assert (answer.status_code, answer.json()["code"]) == (404, "not-found")


async def test_a_request_without_a_key_is_told_how_to_send_one(client: httpx.AsyncClient) -> None:
    """401 says what is missing."""
    answer = await client.get("/me")
    assert (answer.status_code, answer.json()["code"]) == (401, "no-key")
    assert answer.headers["www-authenticate"] == "Bearer"


@pytest.mark.postgres
async def test_a_key_opens_what_its_role_may_and_nothing_once_revoked(dsn: str) -> None:
    """Keys are hashed at rest, bound to a role and an agency, and can be taken back."""
    await migrate(dsn, "platform")
    pool = await asyncpg.create_pool(dsn, min_size=1, max_size=2)
    app = an_app()
    app.state.keys = KeyRing(pool)
    mine, mine_id = await add_key(pool, "heating", Role.AGENCY, "heating")
    other, _ = await add_key(pool, "desk", Role.OPERATOR)
    stored = await pool.fetchval("SELECT string_agg(hash::text, '') FROM platform.api_key")
    assert mine not in stored
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url="http://test"
    ) as client:

        async def ask(key: str) -> httpx.Response:
            return await client.get("/me", headers={"authorization": f"Bearer {key}"})

        assert (await ask(mine)).json() == {"agency": "heating"}
        assert (await ask(other)).json()["code"] == "wrong-role"
        assert (await ask(keys.new_key())).json()["code"] == "unknown-key"
        await pool.execute("UPDATE platform.api_key SET revoked_at = now() WHERE id = $1", mine_id)
        app.state.keys = KeyRing(pool)
        assert (await ask(mine)).json()["code"] == "unknown-key"
    await pool.close()


@pytest.mark.postgres
class TestDeadLetters:
    """What an operator can do with events that were given up."""

    @pytest.fixture
    async def desk(
        self, dsn: str
    ) -> AsyncIterator[tuple[httpx.AsyncClient, DeliveryLoop, Database]]:
        """A loop that has given up one event with another waiting behind it."""
        await migrate(dsn, "platform")
        await migrate(dsn, "notifier")
        db = await Database.connect(dsn, "notifier", clock=ManualClock(NOON))
        await db.execute(TABLE)
        bus, key = MemoryBus(), new_id()
        loop = DeliveryLoop(
            "notifier", Counting(), bus.member("g", [TOPIC]), db, Outbox(db, bus.publisher())
        )
        await loop.start()
        for n, text in ((1, "1"), (2, POISON), (3, "3")):
            fact = ComplaintSupplemented(kind="facts", text=text)
            bus.append(as_outgoing(an_event(fact, key, sequence=n), TOPIC))
        bus.append(Outgoing(TOPIC, b"k", b"\xff"))
        await loop.step()
        app = create_app("desk")
        app.include_router(deadletters.routes(db))
        app.state.keys = KeyRing(db._pool, {"whk_desk": Role.OPERATOR})
        async with httpx.AsyncClient(
            transport=httpx.ASGITransport(app),
            base_url="http://test",
            headers={"authorization": "Bearer whk_desk"},
        ) as client:
            yield client, loop, db
        await db.close()

    async def test_they_are_listed_and_shown_with_their_bytes(self, desk) -> None:
        """Nobody can judge what he can't see."""
        client, _, _ = desk
        listed = (await client.get("/v1/dead-letters")).json()["dead_letters"]
        assert {one["code"] for one in listed} == {"bug", "invalid-event"}
        broken = next(one for one in listed if one["code"] == "invalid-event")
        shown = (await client.get(f"/v1/dead-letters/{broken['id']}")).json()
        assert shown["body_base64"] == "/w=="

    async def test_dropping_one_lets_what_waited_behind_it_go_on(self, desk) -> None:
        """The gap it left is closed."""
        client, loop, db = desk
        listed = (await client.get("/v1/dead-letters")).json()["dead_letters"]
        poison = next(one for one in listed if one["code"] == "bug")
        assert (await client.post(f"/v1/dead-letters/{poison['id']}/drop")).status_code == 200
        await loop.retry_parked()
        assert await db.fetchval("SELECT texts FROM seen") == ["1", "3"]
        again = await client.post(f"/v1/dead-letters/{poison['id']}/drop")
        assert (again.status_code, again.json()["code"]) == (409, "already-settled")

    async def test_replaying_one_that_still_fails_brings_it_back(self, desk) -> None:
        """It isn't lost by trying."""
        client, loop, db = desk
        listed = (await client.get("/v1/dead-letters")).json()["dead_letters"]
        poison = next(one for one in listed if one["code"] == "bug")
        assert (await client.post(f"/v1/dead-letters/{poison['id']}/replay")).status_code == 202
        await loop.retry_parked()
        row = await db.fetchrow("SELECT state, attempts FROM dead_letter WHERE code = 'bug'")
        assert tuple(row) == ("open", 2)

    async def test_replaying_one_that_works_now_applies_it_and_what_waited(self, desk) -> None:
        """After the fix the complaint's history is whole again."""
        client, loop, db = desk
        row = await db.fetchrow("SELECT * FROM dead_letter WHERE code = 'bug'")
        fact = ComplaintSupplemented(kind="facts", text="mended")
        mended = encode(an_event(fact, row["key"], sequence=2))
        await db.execute("UPDATE dead_letter SET body = $1 WHERE id = $2", mended, row["id"])
        await client.post(f"/v1/dead-letters/{row['id']}/replay")
        await loop.retry_parked()
        assert await db.fetchval("SELECT texts FROM seen") == ["1", "mended", "3"]
        assert await db.fetchval("SELECT count(*) FROM parked") == 0

    async def test_what_can_not_be_read_can_not_be_replayed(self, desk) -> None:
        """The operator is told why, instead of it failing again unseen."""
        client, _, _ = desk
        listed = (await client.get("/v1/dead-letters")).json()["dead_letters"]
        broken = next(one for one in listed if one["code"] == "invalid-event")
        answer = await client.post(f"/v1/dead-letters/{broken['id']}/replay")
        assert (answer.status_code, answer.json()["code"]) == (409, "not-an-event")
