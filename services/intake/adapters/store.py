"""Where attachments are kept: a folder, or a bucket that speaks S3.

Three operations are all: put the whole under a name, read it, delete it. A name that is put again
takes the place of the old one, never half of it.

A folder is written by hand: a crash of the machine must not leave an empty file under a name
that the database calls stored, so the bytes are flushed before the file gets its name, and the
name after it. (obstore's own `LocalStore` renames, too, but flushes nothing.)
"""

from __future__ import annotations

import asyncio
import fcntl
import os
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Protocol
from urllib.parse import parse_qs, urlsplit

from obstore.exceptions import BaseError
from obstore.store import S3Store

from services.runtime.errors import MisconfiguredError
from services.runtime.files import flush_folder

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from typing import BinaryIO

    from obstore.store import S3Config

#: Bytes read at a time.
_CHUNK_BYTES = 262_144

#: One try of a bucket; it is tried again a minute later anyway.
_S3_WITHIN = timedelta(seconds=30)


class StoreError(Exception):
    """The store is full or away; trying again later may help."""


class Store(Protocol):
    """Keeps files."""

    async def put(self, key: str, body: bytes | bytearray) -> None:
        """Keep a file; when this returns it is durable.

        Raises:
            StoreError: It isn't.
        """

    async def read(self, key: str) -> AsyncIterator[bytes]:
        """Open a file and read it piece by piece.

        Raises:
            FileNotFoundError: There is none of this name.
            StoreError: The store is away.
        """

    async def delete(self, key: str) -> None:
        """Delete a file; one that isn't there is no fault.

        Raises:
            StoreError: The store is away.
        """


def open_store(address: str) -> Store:
    """Choose a store by its address, as `WHISTLE_ATTACHMENTS` gives it.

    Args:
        address: A folder (`/var/lib/attachments`, `file:///var/lib/attachments`), or
            `s3://bucket/prefix?endpoint=https://…&region=…`. Credentials for a bucket come from
            the environment (`AWS_ACCESS_KEY_ID`, …), never from here.

    Raises:
        MisconfiguredError: It is neither.
    """
    parts = urlsplit(address)
    if parts.scheme == "s3" and parts.hostname:
        return _bucket(parts.hostname, parts.path.strip("/"), parse_qs(parts.query))
    if parts.scheme == "file" and not parts.netloc and parts.path.startswith("/"):
        return Folder(Path(parts.path))
    if not parts.scheme and address:
        return Folder(Path(address))
    raise MisconfiguredError(
        f"WHISTLE_ATTACHMENTS {address!r}: write a folder, file:///folder or s3://bucket/prefix"
    )


def _bucket(name: str, prefix: str, options: dict[str, list[str]]) -> Bucket:
    if unknown := options.keys() - {"endpoint", "region"}:
        raise MisconfiguredError(f"WHISTLE_ATTACHMENTS: unknown option {min(unknown)!r}")
    endpoint = options.get("endpoint", [""])[0]
    region = options.get("region", [os.environ.get("AWS_REGION", "us-east-1")])[0]
    is_plain = endpoint.startswith("http://")
    config: S3Config = {"region": region}
    if endpoint:
        config["endpoint"] = endpoint
    store = S3Store(
        name,
        prefix=prefix or None,
        config=config,
        client_options={"timeout": _S3_WITHIN, "allow_http": is_plain},
        retry_config={"max_retries": 2, "retry_timeout": _S3_WITHIN},
    )
    return Bucket(store)


class Folder:
    """Files in a folder; made when the first one comes."""

    def __init__(self, folder: Path) -> None:
        """Keep files below `folder`."""
        self._folder = folder

    async def put(self, key: str, body: bytes | bytearray) -> None:
        """Write beside, flush, rename, flush the name."""
        try:
            await asyncio.to_thread(self._write, self._folder / key, body)
        except OSError as error:
            raise StoreError(str(error)) from error

    def _write(self, file: Path, body: bytes | bytearray) -> None:
        is_new = not file.parent.is_dir()
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        half = _half_of(file)
        with half.open("ab") as out:
            _have_alone(out, half)
            try:
                out.truncate(0)
                out.write(body)
                out.flush()
                os.fsync(out.fileno())
                half.replace(file)
            except OSError:
                half.unlink(missing_ok=True)
                raise
        flush_folder(file.parent)
        if is_new:
            flush_folder(file.parent.parent)

    async def read(self, key: str) -> AsyncIterator[bytes]:
        """Open, then read in a thread, so that a slow disk stops nobody else."""
        try:
            opened = await asyncio.to_thread((self._folder / key).open, "rb")
        except FileNotFoundError:
            raise
        except OSError as error:
            raise StoreError(str(error)) from error
        return _pieces(opened)

    async def delete(self, key: str) -> None:
        """Unlink, and flush that it is gone."""
        try:
            await asyncio.to_thread(self._delete, self._folder / key)
        except OSError as error:
            raise StoreError(str(error)) from error

    def _delete(self, file: Path) -> None:
        if file.parent.is_dir():
            file.unlink(missing_ok=True)
            _half_of(file).unlink(missing_ok=True)
            flush_folder(file.parent)


def _half_of(file: Path) -> Path:
    """Name what isn't whole yet, for all attempts: what a crash leaves, the next takes over."""
    return file.with_name(f"{file.name}.part")


def _have_alone(out: BinaryIO, half: Path) -> None:
    """Keep others from writing the same file: an attempt may outlive its lease on a slow disk.

    Raises:
        OSError: Another attempt is at it, or has just finished it.
    """
    fcntl.flock(out, fcntl.LOCK_EX | fcntl.LOCK_NB)  # Released however this ends.
    ours, named = os.fstat(out.fileno()), half.stat()
    if (ours.st_dev, ours.st_ino) != (named.st_dev, named.st_ino):
        raise OSError(f"{half} is another attempt's")


async def _pieces(opened: BinaryIO) -> AsyncIterator[bytes]:
    with opened:
        while piece := await asyncio.to_thread(opened.read, _CHUNK_BYTES):
            yield piece


class Bucket:
    """Objects of a bucket; one `PUT` is atomic and durable (S3's own promise)."""

    def __init__(self, store: S3Store) -> None:
        """Keep files in `store`."""
        self._store = store

    async def put(self, key: str, body: bytes | bytearray) -> None:
        """Send it in one request."""
        try:
            await self._store.put_async(key, bytes(body), use_multipart=False)
        except (BaseError, OSError) as error:
            raise StoreError(_first_line(error)) from error

    async def read(self, key: str) -> AsyncIterator[bytes]:
        """Ask for it; the answer is passed on as it comes."""
        try:
            result = await self._store.get_async(key)
        except FileNotFoundError:
            raise
        except (BaseError, OSError) as error:
            raise StoreError(_first_line(error)) from error
        return _stream(result.stream(min_chunk_size=_CHUNK_BYTES))

    async def delete(self, key: str) -> None:
        """Delete in one request; S3 says the same of a file that isn't there."""
        try:
            await self._store.delete_async(key)
        except FileNotFoundError:
            return
        except (BaseError, OSError) as error:
            raise StoreError(_first_line(error)) from error


async def _stream(pieces: AsyncIterator[object]) -> AsyncIterator[bytes]:
    async for piece in pieces:
        yield bytes(piece)  # type: ignore[call-overload]  # obstore's own buffer


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0]
