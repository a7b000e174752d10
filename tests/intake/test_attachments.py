"""Attachments from the wish to the bytes: on a real PostgreSQL, with real servers."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path as FilePath
from typing import Any
from uuid import UUID

import pytest

from services.events import AttachmentStored, encode
from services.intake.__main__ import IntakeSettings, build
from services.intake.adapters.attachments import Addresses
from services.intake.adapters.collecting import LEASE, Collector
from services.intake.adapters.store import Folder, StoreError
from services.intake.adapters.vault import erasure
from services.intake.adapters.vault.accesses import AccessLog
from services.intake.decide.attachments import PER_COMPLAINT_MAX
from services.runtime.clock import ManualClock
from services.runtime.keys import Role
from tests.builders import NOON
from tests.harness import running
from tests.intake.callers import NAME, PHONE, a_complaint, a_reporter
from tests.intake.conftest import Door
from tests.intake.files import HTML, JPEG, PNG, Server, a_server, gives
from tests.intake.tracked import AGENCY, OTHER_AGENCY, closed, dispatched, opened
from tests.policies import a_policy

pytestmark = pytest.mark.postgres


@pytest.fixture
async def kept(dsn: str, secrets_file: FilePath, tmp_path: FilePath) -> AsyncIterator[Door]:
    """Intake that keeps attachments in a folder and may fetch from this machine."""
    clock = ManualClock(NOON)
    settings = IntakeSettings(
        secrets_file=secrets_file,
        attachments=str(tmp_path / "kept"),
        attachment_allow="127.0.0.1/32",
        attachment_bytes_max=100_000,
    )
    async with running(dsn, clock, a_policy(), {"intake": build}, {"intake": settings}) as path:
        yield Door(path, clock, settings, {})


@pytest.fixture
async def web() -> AsyncIterator[Server]:
    """A server with two pictures and a page that says it is one."""
    async with a_server(
        one=gives(JPEG), two=gives(PNG), page=gives(HTML, content_type="image/jpeg")
    ) as server:
        yield server


def _collector(door: Door) -> Collector:
    found = door.path.running["intake"].service.app.state.collector
    assert isinstance(found, Collector)
    return found


async def _fetch_all(door: Door) -> None:
    while await _collector(door).work():
        continue


async def _post(door: Door, body: dict[str, Any], key: str | None = None) -> UUID:
    client = await door.client(Role.REPORTER)
    headers = {"Idempotency-Key": key} if key else {}
    answer = await client.post("/v1/complaints", json=body, headers=headers)
    assert answer.status_code == 202, answer.text
    return UUID(answer.json()["complaint_id"])


async def _attach(door: Door, complaint_id: UUID, url: str, **extra: Any) -> UUID:
    client = await door.client(Role.REPORTER)
    answer = await client.post(
        f"/v1/complaints/{complaint_id}/attachments", json={"url": url} | extra
    )
    assert answer.status_code == 202, answer.text
    return UUID(answer.json()["attachment_id"])


async def _listed(door: Door, complaint_id: UUID, role: Role = Role.REPORTER) -> list[Any]:
    client = await door.client(role)
    answer = await client.get(f"/v1/complaints/{complaint_id}/attachments")
    assert answer.status_code == 200, answer.text
    found: list[Any] = answer.json()["attachments"]
    return found


async def _stored_facts(door: Door) -> list[AttachmentStored]:
    events = await door.received()
    return [event.data for event in events if isinstance(event.data, AttachmentStored)]


async def test_pictures_beside_the_words_are_fetched_and_told(kept: Door, web: Server) -> None:
    """The way of an app: one request, and the door waits for no server."""
    urls = [web.url("/one"), web.url("/two")]
    complaint_id = await _post(kept, a_complaint(media_urls=urls))
    assert [one["state"] for one in await _listed(kept, complaint_id)] == ["waiting"] * 2
    assert web.asked == []
    await _fetch_all(kept)
    facts = await _stored_facts(kept)
    assert {fact.sha256 for fact in facts} == {hashlib.sha256(b).hexdigest() for b in (JPEG, PNG)}
    listed = await _listed(kept, complaint_id)
    assert [(one["state"], one["media_type"], one["size"]) for one in listed] == [
        ("stored", "image/jpeg", len(JPEG)),
        ("stored", "image/png", len(PNG)),
    ]


async def test_a_request_sent_again_fetches_once(kept: Door, web: Server) -> None:
    """Programs try again when an answer gets lost."""
    body = a_complaint(media_urls=[web.url("/one")])
    client = await kept.client(Role.REPORTER)
    for _ in range(3):
        headers = {"Idempotency-Key": "k"}
        complaint_id = (await client.post("/v1/complaints", json=body, headers=headers)).json()[
            "complaint_id"
        ]
    path, attach = f"/v1/complaints/{complaint_id}/attachments", {"url": web.url("/two")}
    answers = await asyncio.gather(
        *(client.post(path, json=attach, headers={"Idempotency-Key": "a"}) for _ in range(8))
    )
    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.text for answer in answers}) == 1
    changed = await client.post(
        path, json={"url": web.url("/one")}, headers={"Idempotency-Key": "a"}
    )
    assert changed.status_code == 409
    await _fetch_all(kept)
    assert sorted(web.asked) == ["/one", "/two"]
    assert len(await _stored_facts(kept)) == 2


async def test_the_bytes_are_given_as_a_harmless_download(kept: Door, web: Server) -> None:
    """A stranger's file must not run in an official's browser."""
    complaint_id = await _post(kept, a_complaint())
    found = await _attach(kept, complaint_id, web.url("/one"))
    await _fetch_all(kept)
    client = await kept.client(Role.OPERATOR)
    answer = await client.get(f"/v1/attachments/{found}")
    assert (answer.status_code, answer.content) == (200, JPEG)
    assert answer.headers["content-type"] == "image/jpeg"
    assert answer.headers["content-disposition"] == f'attachment; filename="{found}.jpg"'
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-security-policy"].startswith("sandbox")
    assert answer.headers["cache-control"] == "no-store"


async def test_what_is_no_picture_is_refused_with_a_reason(kept: Door, web: Server) -> None:
    """Whoever sent it sees why; nothing was kept."""
    complaint_id = await _post(kept, a_complaint())
    found = await _attach(kept, complaint_id, web.url("/page"))
    await _fetch_all(kept)
    (listed,) = await _listed(kept, complaint_id)
    assert (listed["state"], listed["reason"]) == ("refused", "wrong-type")
    client = await kept.client(Role.OPERATOR)
    answer = await client.get(f"/v1/attachments/{found}")
    assert (answer.status_code, answer.json()["code"]) == (404, "not-stored")
    assert not FilePath(kept.settings.attachments).exists()
    assert await _stored_facts(kept) == []


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("http://169.254.169.254/latest/meta-data/", "forbidden-address"),
        ("wxfile://tmp/a.jpg", "bad-url"),
    ],
)
async def test_a_bad_link_costs_a_citizen_no_words(kept: Door, url: str, reason: str) -> None:
    """The complaint is taken in; only the picture is missing, visibly."""
    complaint_id = await _post(kept, a_complaint(media_urls=[url]))
    await _fetch_all(kept)
    (listed,) = await _listed(kept, complaint_id)
    assert (listed["state"], listed["reason"]) == ("refused", reason)


async def test_a_server_that_is_away_is_asked_again_and_given_up(kept: Door, web: Server) -> None:
    """Five times within a bit more than an hour, each later than the one before."""
    complaint_id = await _post(kept, a_complaint(media_urls=[web.url("/late")]))
    web.scripts["/late"] = gives(b"", 404)
    states = []
    for wait in (10, 60, 600, 3600, 7200):
        await _fetch_all(kept)
        (listed,) = await _listed(kept, complaint_id)
        states.append((listed["state"], listed["reason"]))
        kept.clock.advance(timedelta(seconds=wait - 1))
        assert await _collector(kept).work() == 0
        kept.clock.advance(timedelta(seconds=1))
    assert states == [("waiting", "status-404")] * 4 + [("refused", "status-404")]
    assert len(web.asked) == 5


async def test_a_picture_that_arrives_late_is_kept(kept: Door, web: Server) -> None:
    """Apps send the address before their upload has ended."""
    web.scripts["/late"] = gives(b"", 404)
    complaint_id = await _post(kept, a_complaint(media_urls=[web.url("/late")]))
    await _fetch_all(kept)
    web.scripts["/late"] = gives(JPEG)
    kept.clock.advance(timedelta(seconds=10))
    await _fetch_all(kept)
    (listed,) = await _listed(kept, complaint_id)
    assert (listed["state"], listed["reason"]) == ("stored", None)


class TroubledStore(Folder):
    """A store that is full until somebody makes room; or whose answers get lost."""

    is_full = True

    async def put(self, key: str, body: bytes | bytearray) -> None:
        """Refuse while full."""
        if self.is_full:
            raise StoreError("No space left on device")
        await super().put(key, body)


async def test_a_full_store_delays_pictures_and_loses_none(
    kept: Door, web: Server, tmp_path: FilePath
) -> None:
    """However long it takes: it is our trouble. The door stays open meanwhile."""
    store = TroubledStore(tmp_path / "room")
    _collector(kept)._store = store
    complaint_id = await _post(kept, a_complaint(media_urls=[web.url("/one")]))
    for _ in range(8):
        await _fetch_all(kept)
        kept.clock.advance(timedelta(minutes=1))
    (listed,) = await _listed(kept, complaint_id)
    assert (listed["state"], listed["reason"]) == ("waiting", "store-unavailable")
    await _post(kept, a_complaint(text="路灯不亮"))
    store.is_full = False
    await _fetch_all(kept)
    (listed,) = await _listed(kept, complaint_id)
    assert listed["state"] == "stored"


class DyingStore(Folder):
    """Stores the file; then the process is gone before anything is written down."""

    async def put(self, key: str, body: bytes | bytearray) -> None:
        """Store, and never come back."""
        await super().put(key, body)
        raise asyncio.CancelledError


async def test_a_death_between_store_and_database_fetches_again_and_tells_once(
    kept: Door, web: Server
) -> None:
    """The same name is written again: no orphan, no second fact."""
    collector = _collector(kept)
    complaint_id = await _post(kept, a_complaint(media_urls=[web.url("/one")]))
    folder = FilePath(kept.settings.attachments)
    collector._store = DyingStore(folder)
    with pytest.raises(asyncio.CancelledError):
        await collector.work()
    collector._store = Folder(folder)
    assert await collector.work() == 0  # Its lease still runs.
    kept.clock.advance(LEASE)
    await _fetch_all(kept)
    assert len(await _stored_facts(kept)) == 1
    (listed,) = await _listed(kept, complaint_id)
    assert listed["state"] == "stored"
    files = [file for file in folder.rglob("*") if file.is_file()]
    assert [file.read_bytes() for file in files] == [JPEG]


async def test_two_instances_fetch_each_file_once(kept: Door, web: Server) -> None:
    """They share the work and not the files."""
    for number in range(6):
        web.scripts[f"/{number}"] = gives(JPEG)
    urls = [web.url(f"/{number}") for number in range(6)]
    await _post(kept, a_complaint(media_urls=urls[:5]))
    await _post(kept, a_complaint(text="别的事", media_urls=urls[5:]))
    await asyncio.gather(*(_fetch_all(kept) for _ in range(3)))
    assert sorted(web.asked) == sorted(f"/{number}" for number in range(6))
    assert len(await _stored_facts(kept)) == 6


async def test_a_file_that_kills_the_process_is_not_fetched_for_ever(
    kept: Door, web: Server
) -> None:
    """An attempt counts when it begins."""
    complaint_id = await _post(kept, a_complaint(media_urls=[web.url("/one")]))
    await kept.path.pool.execute("UPDATE intake.attachment SET attempts = 5")
    await _fetch_all(kept)
    (listed,) = await _listed(kept, complaint_id)
    assert (listed["state"], listed["reason"]) == ("refused", "gave-up")
    assert web.asked == []


async def test_no_address_lies_open_or_is_told(kept: Door, web: Server) -> None:
    """An address may name a person and hold a token."""
    url = web.url("/one") + "?token=geheim"
    web.scripts["/one?token=geheim"] = gives(JPEG)
    complaint_id = await _post(kept, a_complaint(media_urls=[url]))
    sealed = await kept.path.pool.fetchval("SELECT sealed_url FROM intake.attachment")
    assert b"geheim" not in sealed
    await _fetch_all(kept)
    assert await kept.path.pool.fetchval("SELECT sealed_url FROM intake.attachment") is None
    assert all(b"geheim" not in encode(event) for event in await kept.received())
    assert "geheim" not in str(await _listed(kept, complaint_id))


def test_an_address_opens_only_for_its_attachment() -> None:
    """A row that was tampered with is refused, not fetched."""
    addresses = Addresses(bytes(32))
    sealed = addresses.seal(UUID(int=1), "https://a.example/")
    assert addresses.open(UUID(int=1), sealed) == "https://a.example/"
    assert addresses.open(UUID(int=2), sealed) is None
    assert Addresses(bytes(31) + b"1").open(UUID(int=1), sealed) is None


async def test_an_agency_sees_only_what_its_orders_are_about(kept: Door, web: Server) -> None:
    """A picture shows somebody's street."""
    complaint_id = await _post(kept, a_complaint(media_urls=[web.url("/one")]))
    await _fetch_all(kept)
    (listed,) = await _listed(kept, complaint_id)
    paths = (
        f"/v1/complaints/{complaint_id}/attachments",
        f"/v1/attachments/{listed['attachment_id']}",
    )
    agency = await kept.client(Role.AGENCY, AGENCY)
    other = await kept.client(Role.AGENCY, OTHER_AGENCY)
    assert [(await agency.get(path)).status_code for path in paths] == [404, 404]
    await kept.track(complaint_id, opened(), dispatched())
    assert [(await agency.get(path)).status_code for path in paths] == [200, 200]
    assert [(await other.get(path)).status_code for path in paths] == [404, 404]
    unknown = await other.get(f"/v1/attachments/{UUID(int=9)}")
    assert unknown.json() == (await other.get(paths[1])).json()


@pytest.mark.parametrize("reporter", [a_reporter(is_secret=True), {"is_secret": True}])
async def test_pictures_of_a_secret_complaint_are_shown_to_no_agency(
    kept: Door, web: Server, reporter: dict[str, Any]
) -> None:
    """保密: a view from a window tells whose window it is, also of a nameless person."""
    body = a_complaint(media_urls=[web.url("/one")], reporter=reporter)
    complaint_id = await _post(kept, body)
    await _fetch_all(kept)
    (listed,) = await _listed(kept, complaint_id)
    await kept.track(complaint_id, opened(), dispatched())
    agency = await kept.client(Role.AGENCY, AGENCY)
    for path in (
        f"/v1/complaints/{complaint_id}/attachments",
        f"/v1/attachments/{listed['attachment_id']}",
    ):
        answer = await agency.get(path)
        assert (answer.status_code, answer.json()["code"]) == (403, "secret")
    operator = await kept.client(Role.OPERATOR)
    assert (await operator.get(f"/v1/attachments/{listed['attachment_id']}")).content == JPEG


@pytest.mark.parametrize("role", [Role.REPORTER, Role.AUDITOR, None])
async def test_nobody_else_gets_the_bytes(kept: Door, role: Role | None) -> None:
    """Not even the app that sent them: it has them."""
    client = await kept.client(role)
    answer = await client.get(f"/v1/attachments/{UUID(int=1)}")
    assert answer.status_code == (403 if role else 401)


async def test_a_note_is_masked_like_any_other_word(kept: Door, web: Server) -> None:
    """People write under pictures who they are."""
    complaint_id = await _post(kept, a_complaint(reporter=a_reporter()))
    note = f"{NAME}拍的，电话{PHONE}"
    await _attach(kept, complaint_id, web.url("/one"), note=note)
    (listed,) = await _listed(kept, complaint_id)
    assert NAME not in listed["note"]
    assert PHONE not in listed["note"]
    assert "拍的" in listed["note"]


async def test_attachments_have_limits_that_are_named(kept: Door, web: Server) -> None:
    """Who sends too many, or to what is over, is told at once."""
    client = await kept.client(Role.REPORTER)
    urls = [web.url("/one")] * 6
    answer = await client.post("/v1/complaints", json=a_complaint(media_urls=urls))
    assert answer.json()["errors"][0]["field"] == "media_urls"
    complaint_id = await _post(kept, a_complaint())
    path = f"/v1/complaints/{complaint_id}/attachments"
    bad = await client.post(path, json={"url": "file:///etc/passwd"})
    assert (bad.status_code, bad.json()["errors"][0]["field"]) == (422, "url")
    for _ in range(PER_COMPLAINT_MAX):
        assert (await client.post(path, json={"url": urls[0]})).status_code == 202
    many = await client.post(path, json={"url": urls[0]})
    assert (many.status_code, many.json()["code"]) == (409, "too-many")
    await kept.track(complaint_id, opened(), closed())
    over = await client.post(path, json={"url": urls[0]})
    assert (over.status_code, over.json()["code"]) == (409, "closed")
    unknown = await client.post(f"/v1/complaints/{UUID(int=1)}/attachments", json={"url": urls[0]})
    assert (unknown.status_code, unknown.json()["code"]) == (404, "no-such-complaint")
    assert (await client.get(f"/v1/complaints/{UUID(int=1)}/attachments")).status_code == 404


async def test_a_file_that_vanished_from_the_store_is_not_there(kept: Door, web: Server) -> None:
    """Somebody removed it by hand: said before the first byte, not in the middle."""
    complaint_id = await _post(kept, a_complaint(media_urls=[web.url("/one")]))
    await _fetch_all(kept)
    (listed,) = await _listed(kept, complaint_id)
    for file in FilePath(kept.settings.attachments).rglob("*"):
        if file.is_file():
            file.unlink()
    client = await kept.client(Role.OPERATOR)
    answer = await client.get(f"/v1/attachments/{listed['attachment_id']}")
    assert (answer.status_code, answer.json()["code"]) == (404, "no-such-attachment")


async def test_pictures_of_a_person_who_is_erased_go_too(
    kept: Door, web: Server, tmp_path: FilePath
) -> None:
    """A picture may show who complained; one that is still awaited must never arrive."""
    complaint_id = await _post(kept, a_complaint(reporter=a_reporter()))
    shown = await _attach(kept, complaint_id, web.url("/one"))
    await _fetch_all(kept)
    await _attach(kept, complaint_id, web.url("/two"))
    db = kept.path.running["intake"].db
    found = await erasure.find(db, [], [complaint_id])
    assert await erasure.erase(db, AccessLog(kept.settings.secrets.token_key), found) == 1
    assert await _listed(kept, complaint_id) == []
    operator = await kept.client(Role.OPERATOR)
    assert (await operator.get(f"/v1/attachments/{shown}")).status_code == 404
    assert await _collector(kept).work() == 0
    assert await _collector(kept).erase() == 2
    assert [file for file in (tmp_path / "kept").rglob("*") if file.is_file()] == []
    assert await _collector(kept).erase() == 0


async def test_a_slow_server_holds_up_nobody_else(kept: Door, web: Server) -> None:
    """One slot waits for it, the others go on."""
    let_go, asked = asyncio.Event(), asyncio.Event()

    async def slow(_: str, writer: asyncio.StreamWriter) -> None:
        asked.set()
        await let_go.wait()

    web.scripts["/slow"] = slow
    slow_one = await _post(kept, a_complaint(media_urls=[web.url("/slow")]))
    waiting = asyncio.ensure_future(_collector(kept).work())
    await asyncio.wait_for(asked.wait(), 10)
    await _post(kept, a_complaint(text="别的事", media_urls=[web.url("/one"), web.url("/two")]))
    assert await asyncio.wait_for(_collector(kept).work(), 10) == 1
    assert await asyncio.wait_for(_collector(kept).work(), 10) == 1
    assert len(await _stored_facts(kept)) == 2
    let_go.set()
    await waiting
    assert (await _listed(kept, slow_one))[0]["state"] == "waiting"


async def test_a_nameless_complaint_loses_what_came_with_it(kept: Door, web: Server) -> None:
    """Nobody left a name, but a picture and the published words may tell whose it is."""
    complaint_id = await _post(kept, a_complaint(media_urls=[web.url("/one")]))
    await _fetch_all(kept)
    pool = kept.path.pool
    await pool.execute(
        "INSERT INTO intake.published_request (complaint_id, is_open311, service_code,"
        " requested_at, changed_at, description) VALUES ($1, true, 'x', $2, $2, '楼下')"
        " ON CONFLICT (complaint_id) DO UPDATE SET description = '楼下'",
        complaint_id,
        NOON,
    )
    db, log = kept.path.running["intake"].db, AccessLog(kept.settings.secrets.token_key)
    found = await erasure.find(db, [], [complaint_id])
    assert await erasure.erase(db, log, found) == 1
    assert await _listed(kept, complaint_id) == []
    assert await pool.fetchval("SELECT description FROM intake.published_request") is None
    assert await erasure.find(db, [], [complaint_id]) == []
