"""The example that integrators copy works: run as they would run it."""

from __future__ import annotations

import asyncio
import os
import sys
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from ipaddress import ip_network
from pathlib import Path

import pytest

from services.events import encode
from services.notifier.adapters.wire import Wire
from services.notifier.decide.signing import headers, secret_text
from services.runtime.address import Reach
from services.runtime.guard import Guard
from tests.notifier.receivers import a_receiver, answer
from tests.notifier.stories import ORDER, a_dispatch, a_tracked_event

RECEIVER = Path(__file__).parents[2] / "examples" / "receivers" / "receiver.py"
KEY, NEW = bytes(32), bytes(range(32))
EVENT = a_tracked_event(a_dispatch(), 2)
BODY = encode(EVENT)


def signed(key: bytes, age_s: int = 0):
    # The example checks freshness by the machine's clock, as a real system does.
    now = int(datetime.now(UTC).timestamp())  # noqa: TID251
    return headers((key,), str(EVENT.id), now - age_s, BODY)


@asynccontextmanager
async def running_example(intake_url: str):
    """Run it as its docstring says, and give its address."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        str(RECEIVER),
        stdout=asyncio.subprocess.PIPE,
        env=os.environ
        | {
            "WHISTLE_HOOK_SECRET": f"{secret_text(NEW)} {secret_text(KEY)}",
            "WHISTLE_KEY": "whk_agency",
            "WHISTLE_INTAKE_URL": intake_url,
            "PORT": "0",
        },
    )
    wire = Wire(Guard(Reach((ip_network("127.0.0.0/8"),))))
    try:
        assert process.stdout is not None
        line = (await asyncio.wait_for(process.stdout.readline(), 30)).decode()
        yield line.split()[-1], wire
    finally:
        await wire.close()
        process.kill()
        await process.wait()


async def test_the_example_answers_an_order_once():
    """Signed and resolved with the agency's key; a repeated webhook changes nothing."""
    async with (
        a_receiver(answer(202)) as intake,
        running_example(intake.url.removesuffix("/in")) as (url, wire),
    ):
        for key in (KEY, NEW, KEY):
            assert (await wire.post(url, signed(key), BODY)).status == 204
        await asyncio.wait_for(intake.received(2), 10)
    assert [request.path for request in intake.requests] == [f"/v1/orders/{ORDER}/actions"] * 2
    assert [request.event["action"] for request in intake.requests] == ["sign", "resolve"]
    assert {request.headers["authorization"] for request in intake.requests} == {
        "Bearer whk_agency"
    }


@pytest.mark.parametrize(
    "forged",
    [
        signed(bytes(31) + b"x"),
        signed(KEY, age_s=400),
        [(name, value) for name, value in signed(KEY) if name != "webhook-signature"],
        [("webhook-signature", "v1,äöü")],
        [],
    ],
)
async def test_the_example_refuses_what_is_not_from_the_city(forged):
    """A forged order must not move anybody."""
    async with (
        a_receiver(answer(202)) as intake,
        running_example(intake.url.removesuffix("/in")) as (url, wire),
    ):
        assert (await wire.post(url, forged, BODY)).status == 401
        assert intake.requests == []
