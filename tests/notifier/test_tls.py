"""Encrypted receivers: good certificates are accepted, no bad one is spoken to."""

from __future__ import annotations

import asyncio
import ssl
from datetime import timedelta
from ipaddress import ip_network

import pytest

from services.notifier.adapters.wire import Wire
from services.notifier.decide import Answer, Trouble
from services.runtime.address import Reach
from services.runtime.guard import Guard
from tests.notifier.certificates import a_certificate
from tests.notifier.receivers import a_receiver

LOOPBACK = Reach((ip_network("127.0.0.0/8"),))
HEADERS = (("content-type", "application/json"), ("webhook-id", "1"))


@pytest.mark.parametrize(
    "fault", ["self-signed", "another name", "expired", "not yet valid", "plain text"]
)
async def test_bad_tls_is_refused_before_anything_is_sent(tmp_path, fault):
    """Whoever sits in between must not read a citizen's words."""
    certificate = a_certificate(
        tmp_path,
        host="other.example" if fault == "another name" else "localhost",
        begins=timedelta(days=1 if fault == "not yet valid" else -20),
        ends=timedelta(days=-10 if fault == "expired" else 20),
    )
    read: list[bytes] = []

    async def listen(reader, writer) -> None:
        read.append(await reader.read(100))
        writer.close()

    context = None
    if fault != "plain text":
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate.chain)
    server = await asyncio.start_server(listen, "127.0.0.1", 0, ssl=context)
    wire = Wire(Guard(LOOPBACK))
    if fault != "self-signed":
        wire._tls.load_verify_locations(certificate.authority)
    port = server.sockets[0].getsockname()[1]
    result = await wire.post(f"https://localhost:{port}/", HEADERS, b"{}")
    server.close()
    assert isinstance(result, Trouble)
    assert result.code in ({"tls"} if context else {"tls", "unreachable"})
    assert all(b"POST" not in one for one in read)


async def test_good_tls_is_accepted(tmp_path):
    """Otherwise the test above would prove nothing."""
    certificate = a_certificate(
        tmp_path, host="localhost", begins=timedelta(days=-20), ends=timedelta(days=20)
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate.chain)
    wire = Wire(Guard(LOOPBACK))
    wire._tls.load_verify_locations(certificate.authority)
    async with a_receiver(tls=context) as receiver:
        result = await wire.post(f"https://localhost:{receiver.port}/", HEADERS, b"{}")
    await wire.close()
    assert result == Answer(200, b"ok")
