"""Fetching from real servers, friendly and hostile; none of them is trusted."""

from __future__ import annotations

import asyncio
import hashlib
import socket
import struct
from ipaddress import ip_network

import pytest

from services.intake.adapters.fetching import PORTS, Fetched, Fetcher, Trouble
from services.intake.decide.attachments import Refuse
from services.runtime.address import Reach
from services.runtime.guard import Guard
from tests.intake.files import HTML, JPEG, PNG, SVG, a_server, gives, moved, raw

BYTES_MAX = 100_000
TRUSTED = Reach((ip_network("127.0.0.1/32"),), is_plain_allowed=True, ports=PORTS)


def a_fetcher(guard=None, timeout_s=5.0):
    """A fetcher that may call this machine."""
    return Fetcher(guard or Guard(TRUSTED), bytes_max=BYTES_MAX, timeout_s=timeout_s)


async def fetch(script, **settings):
    """Fetch one path from a server with this script."""
    async with a_server(file=script) as server:
        return await a_fetcher(**settings).fetch(server.url("/file"))


async def test_a_picture_comes_as_it_is():
    """It is evidence: not a byte may change. What the server calls it doesn't count."""
    found = await fetch(gives(JPEG, content_type="text/html"))
    assert found == Fetched(bytearray(JPEG), "image/jpeg", hashlib.sha256(JPEG).hexdigest())


async def test_nothing_of_ours_is_said_to_a_stranger():
    """No cookie, no key, no city; and the fragment stays with the caller."""
    async with a_server(file=gives(PNG)) as server:
        found = await a_fetcher().fetch(server.url("/file") + "#part")
    assert isinstance(found, Fetched)
    (head,) = server.heads
    names = {line.split(":")[0].lower() for line in head.strip().split("\r\n")[1:]}
    assert names == {"host", "accept", "accept-encoding", "user-agent"}
    assert server.asked == ["/file"]


@pytest.mark.parametrize("body", [HTML, SVG, b"MZ\x90\x00" + b"\0" * 100, b"hello"])
async def test_what_lies_about_its_type_is_refused(body):
    """`photo.jpg`, `image/jpeg`, and inside a script."""
    assert await fetch(gives(body, content_type="image/jpeg")) == Refuse("wrong-type")


async def test_an_empty_file_is_refused():
    """Nothing can be judged by it."""
    assert await fetch(gives(b"")) == Refuse("empty")


async def test_a_declared_size_is_refused_before_the_bytes():
    """Twenty gigabytes needn't come in to be too many."""
    head = b"HTTP/1.1 200 OK\r\ncontent-length: 20000000000\r\n\r\n"
    assert await fetch(raw(head + JPEG)) == Refuse("too-big")


async def test_a_body_without_end_is_cut_off():
    """A server that declares nothing, or lies, is counted."""
    sent = 0

    async def endless(_, writer):
        nonlocal sent
        writer.write(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")
        piece = JPEG.ljust(16_384, b"\0")
        while not writer.is_closing():
            writer.write(b"4000\r\n" + piece + b"\r\n")
            sent += len(piece)
            await writer.drain()

    assert await fetch(endless) == Refuse("too-big")
    assert sent < 100 * BYTES_MAX


async def test_a_body_shorter_than_declared_is_not_kept():
    """Half a picture is no evidence; the rest may come next time."""
    head = b"HTTP/1.1 200 OK\r\ncontent-length: 5000\r\n\r\n"
    assert await fetch(raw(head + JPEG)) == Trouble("broken")


async def test_compressed_bytes_are_not_unpacked():
    """A small answer that unpacks to gigabytes stays small, and is no picture."""
    packed = b"\x1f\x8b\x08\x00" + bytes(100)
    assert await fetch(gives(packed, content_encoding="gzip")) == Refuse("wrong-type")


async def test_a_server_that_gives_a_byte_now_and_then_is_given_up_on():
    """It would hold one of few places for days."""
    gone = asyncio.Event()

    async def drip(_, writer):
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 90000\r\n\r\n" + JPEG[:1])
        await gone.wait()

    async with a_server(file=drip) as server:
        found = await a_fetcher(timeout_s=0.1).fetch(server.url("/file"))
        gone.set()
    assert found == Trouble("timeout")


async def test_a_server_that_says_nothing_is_given_up_on():
    """Nor may it hold the place by silence."""
    gone = asyncio.Event()

    async def silence(_, writer):
        await gone.wait()

    async with a_server(file=silence) as server:
        found = await a_fetcher(timeout_s=0.1).fetch(server.url("/file"))
        gone.set()
    assert found == Trouble("timeout")


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        (gives(b"gone", 404), "status-404"),
        (gives(JPEG, 500), "status-500"),
        (gives(JPEG, 206), "status-206"),
        (raw(b""), "broken"),
        (raw(b"220 mail.example ESMTP\r\n"), "broken"),
        (raw(b"HTTP/1.1 200 OK\r\nx: " + b"y" * 200_000), "broken"),
        (raw(b"HTTP/1.1 302 Found\r\ncontent-length: 0\r\n\r\n"), "status-302"),
    ],
)
async def test_what_may_be_better_later_is_trouble(script, reason):
    """Tried again: uploads arrive late, servers restart."""
    assert await fetch(script) == Trouble(reason)


async def test_a_reset_connection_is_trouble():
    """The network does that."""

    async def reset(_, writer):
        linger = struct.pack("ii", 1, 0)
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        writer.transport.abort()

    assert await fetch(reset) == Trouble("broken")


async def test_a_closed_port_is_trouble():
    """So is a server that is down."""
    async with a_server() as server:
        url = server.url("/file")
    assert await a_fetcher().fetch(url) == Trouble("unreachable")


async def test_redirects_are_followed_a_little():
    """Apps shorten addresses, and stores move files."""
    async with a_server(one=moved("/two"), two=moved("three?x=1", 307)) as server:
        server.scripts["/three?x=1"] = gives(PNG)
        found = await a_fetcher().fetch(server.url("/one"))
    assert isinstance(found, Fetched)
    assert server.asked == ["/one", "/two", "/three?x=1"]


async def test_a_redirect_that_goes_round_is_refused():
    """Each one costs a connection."""
    async with a_server(file=moved("/file")) as server:
        assert await a_fetcher().fetch(server.url("/file")) == Refuse("too-many-redirects")
    assert len(server.asked) == 4


@pytest.mark.parametrize(
    ("location", "reason"),
    [
        ("http://169.254.169.254/latest/meta-data/", "forbidden-address"),
        ("http://127.0.0.2/", "forbidden-address"),
        ("http://[::ffff:10.0.0.1]/", "forbidden-address"),
        ("//2852039166/", "forbidden-address"),
        ("file:///etc/passwd", "bad-url"),
        ("gopher://127.0.0.1:6379/_FLUSHALL", "bad-url"),
        ("http://user:pass@127.0.0.1/", "bad-url"),
    ],
)
async def test_a_redirect_is_judged_like_the_first_address(location, reason):
    """The oldest way around a check that looks once."""
    assert await fetch(moved(location)) == Refuse(reason)


@pytest.mark.parametrize(
    "url",
    [
        "http://169.254.169.254/latest/meta-data/",
        "http://2852039166/",
        "http://[fd00:ec2::254]/",
        "http://[64:ff9b::a9fe:a9fe]/",
        "https://10.0.0.1/",
        "http://1.1.1.1:6379/",
    ],
)
async def test_forbidden_addresses_are_refused_for_good(url):
    """They won't become right by waiting."""
    assert await a_fetcher().fetch(url) == Refuse("forbidden-address")


class ScriptedGuard(Guard):
    """Resolves like a hostile name server: another answer each time."""

    def __init__(self, *answers):
        """Give these answers, one after the other."""
        super().__init__(TRUSTED)
        self.answers = list(answers)

    async def resolve(self, target):
        """Answer the next one."""
        return self.answers.pop(0)


async def test_the_address_that_was_judged_is_the_one_that_is_called():
    """A name may answer well once and badly a moment later: it is asked once."""
    guard = ScriptedGuard(["127.0.0.1"], ["169.254.169.254"])
    async with a_server(file=gives(JPEG)) as server:
        url = f"http://rebinding.example:{server.port}/file"
        assert isinstance(await a_fetcher(guard).fetch(url), Fetched)
        assert guard.answers == [["169.254.169.254"]]
        assert await a_fetcher(guard).fetch(url) == Refuse("forbidden-address")
    assert len(server.asked) == 1
    assert "host: rebinding.example" in server.heads[0].lower()


async def test_a_dead_address_beside_a_living_one_is_no_trouble():
    """Names have several addresses for just that."""
    reach = Reach((ip_network("127.0.0.0/8"),), is_plain_allowed=True, ports=PORTS)
    guard = ScriptedGuard(["127.0.0.9", "127.0.0.1"])
    guard._reach = reach
    async with a_server(file=gives(JPEG)) as server:
        found = await a_fetcher(guard).fetch(f"http://two.example:{server.port}/file")
    assert isinstance(found, Fetched)


async def test_what_cannot_prove_who_it_is_is_trouble():
    """Somebody sits in between; perhaps not the next time."""

    async def speak(_, writer):
        writer.write(b"this is not TLS at all" * 10)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(speak, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    assert await a_fetcher().fetch(f"https://127.0.0.1:{port}/file") == Trouble("tls")
    server.close()
