"""The webhook client against real servers, friendly and hostile."""

from __future__ import annotations

import asyncio
import ipaddress
import ssl
from datetime import timedelta
from ipaddress import ip_network

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from services.notifier.adapters.connection import BODY_BYTES_MAX
from services.notifier.adapters.wire import Wire
from services.notifier.decide import Answer, Trouble
from services.runtime.address import Reach
from services.runtime.guard import Guard
from tests.builders import NOON
from tests.notifier.receivers import a_receiver, answer, raw, silence

LOOPBACK = Reach((ip_network("127.0.0.0/8"),))
HEADERS = (("content-type", "application/json"), ("webhook-id", "1"))


@pytest.fixture
async def wire():
    made = Wire(Guard(LOOPBACK), timeout_s=5)
    yield made
    await made.close()


async def test_a_request_arrives_as_it_was_meant(wire):
    """The body is signed: one changed byte and the receiver refuses it."""
    async with a_receiver(answer(202, b"thanks")) as receiver:
        result = await wire.post(receiver.url + "?a=1", HEADERS, b'{"a": "\xe6\x9a\x96"}')
    assert result == Answer(202, b"thanks")
    (request,) = receiver.requests
    assert request.path == "/in?a=1"
    assert request.body == b'{"a": "\xe6\x9a\x96"}'
    assert request.headers["host"] == f"127.0.0.1:{receiver.port}"
    assert request.headers["content-type"] == "application/json"


async def test_connections_are_kept(wire):
    """A new connection for each request would cost more than the request."""
    async with a_receiver() as receiver:
        for _ in range(3):
            assert (await wire.post(receiver.url, HEADERS, b"{}")).status == 200
        assert receiver.connections == 1


async def test_a_connection_closed_while_idle_is_no_failure(wire):
    """Servers close idle connections; that must not cost an attempt."""
    gone = raw(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n", then_close=True)
    async with a_receiver(gone) as receiver:
        for _ in range(3):
            assert (await wire.post(receiver.url, HEADERS, b"{}")).status == 200
        assert len(receiver.requests) == 3


async def test_a_redirect_is_an_answer_and_never_followed(wire):
    """It may point at 169.254.169.254, and nobody registered it."""
    async with a_receiver() as other, a_receiver(answer(302, location=other.url)) as receiver:
        assert (await wire.post(receiver.url, HEADERS, b"{}")).status == 302
        assert other.requests == []


async def test_a_long_body_is_cut_off():
    """Ten gigabytes of answer must not become ten gigabytes of memory, nor of time."""

    async def endless(_, writer):
        writer.write(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")
        while not writer.is_closing():
            writer.write(b"10000\r\n" + b"x" * 65536 + b"\r\n")
            await writer.drain()

    wire = Wire(Guard(LOOPBACK))
    async with a_receiver(endless) as receiver:
        result = await wire.post(receiver.url, HEADERS, b"{}")
        assert isinstance(result, Answer)
        assert (result.status, len(result.body)) == (200, BODY_BYTES_MAX)


async def test_a_receiver_that_never_answers_is_given_up_on():
    """One dead endpoint holds a connection for so long and no longer."""
    until = asyncio.Event()
    wire = Wire(Guard(LOOPBACK), timeout_s=0.05)
    async with a_receiver(silence(until)) as receiver:
        result = await wire.post(receiver.url, HEADERS, b"{}")
        until.set()
    assert isinstance(result, Trouble)
    assert result.code == "timeout"


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", "unreachable"),  # Closed without a word.
        (b"220 mail.example ESMTP\r\n", "protocol"),
        (b"HTTP/1.1 200", "unreachable"),  # Reset in the middle of the status line.
        (b"HTTP/1.1 101 Switching\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n", "protocol"),
        (b"HTTP/1.1 200 OK\r\n" + b"x: " + b"y" * 70_000, "protocol"),
    ],
)
async def test_what_is_no_answer_is_trouble(wire, data, expected):
    """Whatever comes back is a failed attempt, not an exception in our loop."""
    async with a_receiver(raw(data, then_close=True)) as receiver:
        result = await wire.post(receiver.url, HEADERS, b"{}")
    assert isinstance(result, Trouble)
    assert result.code == expected


async def test_an_answer_cut_short_behind_its_status_counts():
    """It said 200, so it has it; sending again would be a duplicate for nothing."""
    wire = Wire(Guard(LOOPBACK))
    cut = raw(b"HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\nbeg", then_close=True)
    async with a_receiver(cut) as receiver:
        assert await wire.post(receiver.url, HEADERS, b"{}") == Answer(200, b"beg")


async def test_interim_answers_are_passed_over(wire):
    """103 Early Hints is not the answer."""
    hints = raw(
        b"HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n"
        b"HTTP/1.1 503 Busy\r\nretry-after: 7\r\ncontent-length: 0\r\n\r\n"
    )
    async with a_receiver(hints) as receiver:
        assert await wire.post(receiver.url, HEADERS, b"{}") == Answer(503, b"", "7")


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "localhost",
        "2130706433",
        "0x7f.1",
        "0x7f000001",
        "017700000001",
        "0",
        "[::ffff:127.0.0.1]",
        "[::1]",
        "169.254.169.254",
        "100.64.0.1",
        "[fd00:ec2::254]",
        "[64:ff9b::7f00:1]",
        "[2002:7f00:1::]",
        "224.0.0.1",
    ],
)
@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_forbidden_addresses_are_refused_before_connecting(scheme, host):
    """However the address is written: what counts is where the connection would go."""
    async with a_receiver() as receiver:
        result = await Wire(Guard()).post(f"{scheme}://{host}:{receiver.port}/", HEADERS, b"{}")
        assert isinstance(result, Trouble)
        # A resolver that knows no such notation has refused it as well.
        assert result.code in {"forbidden-address", "unresolved"}
        assert receiver.connections == 0


async def test_one_forbidden_address_among_good_ones_is_enough():
    """A name that leads to both is somebody's trick (DNS rebinding)."""
    wire = Wire(MixedGuard(LOOPBACK))
    result = await wire.post("http://mixed.example/", HEADERS, b"{}")
    assert isinstance(result, Trouble)
    assert result.code == "forbidden-address"


class MixedGuard(Guard):
    """Resolves like a hostile name server."""

    async def resolve(self, target):
        """Answer one address that is allowed and one that isn't."""
        return ["127.0.0.1", "169.254.169.254"]


async def test_a_name_nobody_knows_is_trouble(wire):
    """Tried again later: names come back."""
    result = await wire.post("https://nobody.invalid/", HEADERS, b"{}")
    assert isinstance(result, Trouble)
    assert result.code == "unresolved"


async def test_an_untrusted_certificate_is_refused(tmp_path):
    """Whoever sits in between must not read a citizen's words."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(_self_signed(tmp_path))
    server = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0, ssl=context)
    port = server.sockets[0].getsockname()[1]
    result = await Wire(Guard(LOOPBACK)).post(f"https://127.0.0.1:{port}/", HEADERS, b"{}")
    server.close()
    assert isinstance(result, Trouble)
    assert result.code == "tls"


def _self_signed(folder):
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(NOON - timedelta(days=3650))
        .not_valid_after(NOON + timedelta(days=3650))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]),
            critical=False,
        )
        .sign(key, hashes.SHA256())
    )
    path = folder / "server.pem"
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    return path
