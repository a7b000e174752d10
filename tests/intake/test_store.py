"""Where attachments are kept: the same promises from a folder and from a real S3 server."""

from __future__ import annotations

import fcntl
import os
import resource
from collections.abc import Iterator
from pathlib import Path

import pytest
from moto.server import ThreadedMotoServer
from obstore.store import S3Store

from services.intake.adapters.store import Bucket, Folder, Store, StoreError, open_store
from services.runtime.errors import MisconfiguredError

KEY = "0192/a1"


@pytest.fixture(scope="module")
def s3_endpoint() -> Iterator[str]:
    """A server that speaks S3, on a free port."""
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    try:
        yield f"http://{host}:{port}"
    finally:
        server.stop()


@pytest.fixture
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a bucket asks for, where a city's operators put it."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "coined")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "coined")


@pytest.fixture(params=["folder", "bucket"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    """Each kind of store, empty."""
    if request.param == "folder":
        return open_store(f"file://{tmp_path}/kept")
    endpoint = request.getfixturevalue("s3_endpoint")
    request.getfixturevalue("credentials")
    name = f"pictures-{os.urandom(4).hex()}"
    _make_bucket(endpoint, name)
    return open_store(f"s3://{name}/city?endpoint={endpoint}")


def _make_bucket(endpoint: str, name: str) -> None:
    import boto3

    boto3.client("s3", endpoint_url=endpoint, region_name="us-east-1").create_bucket(Bucket=name)


async def _read(store: Store, key: str) -> bytes:
    return b"".join([piece async for piece in await store.read(key)])


async def test_what_is_put_can_be_read(store: Store) -> None:
    """All of it, and in pieces, so that a film needs no memory."""
    body = os.urandom(3_000_000)
    await store.put(KEY, bytearray(body))
    pieces = [piece async for piece in await store.read(KEY)]
    assert b"".join(pieces) == body
    assert len(pieces) > 1


async def test_what_is_deleted_is_gone_and_may_be_deleted_again(store: Store) -> None:
    """A process that dies between the file and its row deletes it twice."""
    await store.put(KEY, b"a picture of a person")
    for _ in range(2):
        await store.delete(KEY)
        with pytest.raises(FileNotFoundError):
            await _read(store, KEY)


async def test_a_second_put_takes_the_place_of_the_first(store: Store) -> None:
    """A crash before the database knows means: fetched again, no orphan."""
    await store.put(KEY, b"first, and longer")
    await store.put(KEY, b"second")
    assert await _read(store, KEY) == b"second"


async def test_what_is_not_there_is_said_before_the_first_byte(store: Store) -> None:
    """After it, an answer 200 would have begun already."""
    with pytest.raises(FileNotFoundError):
        await store.read("0192/nothing")


async def test_files_of_one_complaint_lie_side_by_side(store: Store) -> None:
    """So that an operator can remove all of them at once."""
    for name in ("a", "b"):
        await store.put(f"0192/{name}", name.encode())
    assert [await _read(store, f"0192/{name}") for name in ("a", "b")] == [b"a", b"b"]


async def test_a_folder_that_cannot_be_written_is_trouble_for_now(tmp_path: Path) -> None:
    """A full or missing disk is waited for; nothing half is left."""
    (tmp_path / "kept").write_text("a file where the folder should be")
    with pytest.raises(StoreError):
        await Folder(tmp_path / "kept").put(KEY, b"x")


async def test_a_disk_that_takes_no_more_leaves_no_half_file(tmp_path: Path) -> None:
    """What was begun is taken back, so that a full disk isn't filled up with attempts."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000, hard))
    try:
        with pytest.raises(StoreError, match="too large"):
            await Folder(tmp_path / "kept").put(KEY, bytes(100_000))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert [file for file in (tmp_path / "kept").rglob("*") if file.is_file()] == []


async def test_only_whole_files_lie_in_a_folder(tmp_path: Path) -> None:
    """No leftovers beside them, and nobody but the service may read them."""
    await Folder(tmp_path / "kept").put(KEY, b"x")
    files = [file for file in (tmp_path / "kept").rglob("*") if file.is_file()]
    assert [str(file.relative_to(tmp_path / "kept")) for file in files] == [KEY]
    assert files[0].parent.stat().st_mode & 0o077 == 0


async def test_a_bucket_that_is_away_is_trouble_for_now(credentials: None) -> None:
    """A picture waits until it is back."""
    store = S3Store(
        "away",
        config={"endpoint": "http://127.0.0.1:1", "region": "us-east-1"},
        client_options={"allow_http": True, "timeout": "1s"},
        retry_config={"max_retries": 0},
    )
    with pytest.raises(StoreError):
        await Bucket(store).put(KEY, b"x")
    with pytest.raises(StoreError):
        await Bucket(store).read(KEY)


async def test_a_bucket_that_does_not_exist_is_trouble_for_now(
    s3_endpoint: str, credentials: None
) -> None:
    """Somebody will make it; until then nothing counts as stored."""
    with pytest.raises(StoreError):
        await open_store(f"s3://nobody-made-it?endpoint={s3_endpoint}").put(KEY, b"x")


@pytest.mark.parametrize(
    "address",
    ["", "ftp://host/x", "s3://", "file://host/x", "file:x", "s3://bucket?secret=x", "https://x/y"],
)
def test_an_address_that_names_no_store_stops_the_service(address: str) -> None:
    """Better at the start than at the first picture; credentials don't belong into it."""
    with pytest.raises(MisconfiguredError, match="WHISTLE_ATTACHMENTS"):
        open_store(address)


def test_a_folder_may_be_named_as_a_path() -> None:
    """The simplest installation needs no scheme."""
    assert isinstance(open_store("attachments"), Folder)


async def test_what_a_crash_left_half_is_taken_over_or_deleted(tmp_path: Path) -> None:
    """Half a picture of a person must not lie about under the name of a dead process."""
    half = tmp_path / "kept" / f"{KEY}.part"
    half.parent.mkdir(parents=True)
    half.write_bytes(b"half, and longer than the whole")
    await Folder(tmp_path / "kept").put(KEY, b"whole")
    assert [file.name for file in half.parent.iterdir()] == ["a1"]
    half.write_bytes(b"half")
    await Folder(tmp_path / "kept").delete(KEY)
    assert list(half.parent.iterdir()) == []


async def test_two_attempts_at_once_never_mix_their_bytes(tmp_path: Path) -> None:
    """On a slow disk the first may outlive its lease: the second comes again later."""
    half = tmp_path / "kept" / f"{KEY}.part"
    half.parent.mkdir(parents=True)
    with half.open("ab") as first:
        fcntl.flock(first, fcntl.LOCK_EX)
        with pytest.raises(StoreError):
            await Folder(tmp_path / "kept").put(KEY, b"second")
        assert half.exists()
