"""The example receivers against the real services: an order handled by each of them.

Intake, router, tracker and notifier on a real PostgreSQL; the webhooks, and what the receiver
reports to intake, go over real HTTP.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path as Folder
from typing import Any

import httpx
import pytest

from services.intake.__main__ import IntakeSettings
from services.intake.__main__ import build as build_intake
from services.notifier.__main__ import NotifierSettings, Parts
from services.notifier.__main__ import build as build_notifier
from services.router.__main__ import RouterSettings
from services.router.__main__ import build as build_router
from services.runtime.clock import ManualClock, SystemClock
from services.runtime.keys import Role
from services.runtime.settings import ServiceSettings
from services.tracker.__main__ import build as build_tracker
from stack.program import find_free_port
from tests.cli.serving import served
from tests.harness import Path, running
from tests.intake.callers import SECRETS, a_complaint
from tests.notifier.examples import LANGUAGES, running_example
from tests.policies import a_policy

pytestmark = [pytest.mark.postgres, pytest.mark.parametrize("language", LANGUAGES)]

STREET, WASTE = "street-990101001", "environment-waste"
WITHIN_S = 30


@dataclass
class City:
    """All services, an agency's key, and the agency's registered endpoint."""

    path: Path
    intake_url: str
    key: str
    port: int
    endpoint: dict[str, Any]
    _clients: list[httpx.AsyncClient] = field(default_factory=list)

    async def client(self, service: str, role: Role, agency: str | None = None) -> Any:
        """A caller of a service."""
        client = await self.path.client(service, role, agency)
        self._clients.append(client)
        return client

    async def complain(self) -> str:
        """Hand in a complaint about waste in the agency's street."""
        client = await self.client("intake", Role.OPERATOR)
        answer = await client.post("/v1/complaints", json=a_complaint())
        assert answer.status_code == 202, answer.text
        await self.settle()
        return answer.json()["complaint_id"]

    async def settle(self) -> None:
        """Let everything happen that is due, sending webhooks included."""
        parts: Parts = self.path.running["notifier"].service.app.state.notifier
        await self.path.settle()
        async with asyncio.timeout(WITHIN_S):
            await parts.settle()
        await self.path.settle()

    def facts(self, complaint_id: str) -> list[str]:
        """What the tracker has said of a complaint."""
        events = self.path.events("complaints.tracked")
        return [type(e.data).__name__ for e in events if str(e.complaintid) == complaint_id]

    async def close(self) -> None:
        """Hang up."""
        for client in self._clients:
            await client.aclose()


@asynccontextmanager
async def a_city(dsn: str, folder: Folder) -> AsyncIterator[City]:
    """Run all services, and register the street's endpoint with the street's key."""
    file = folder / "secrets.toml"
    file.write_text(SECRETS)
    settings = {
        "intake": IntakeSettings(secrets_file=file),
        "router": RouterSettings(secrets_file=file),
        "tracker": ServiceSettings(secrets_file=file),
        "notifier": NotifierSettings(
            secrets_file=file, hook_allow="127.0.0.0/8", callback_log=folder / "callbacks.ndjson"
        ),
    }
    builds = {
        "intake": build_intake,
        "router": build_router,
        "tracker": build_tracker,
        "notifier": build_notifier,
    }
    # A receiver compares timestamps with the machine's clock.
    clock = ManualClock(SystemClock().now())
    async with running(dsn, clock, a_policy(), builds, settings) as path:
        intake = path.running["intake"].service
        async with served(intake.front or intake.app) as url:
            key, port = await path.key(Role.AGENCY, STREET), find_free_port()
            headers = {"Authorization": f"Bearer {key}"}
            app = path.running["notifier"].service.app
            transport = httpx.ASGITransport(app)
            async with httpx.AsyncClient(
                transport=transport, base_url="http://notifier", headers=headers
            ) as client:
                body = {"url": f"http://127.0.0.1:{port}/hooks", "agency": STREET}
                made = await client.post("/v1/endpoints", json=body)
            assert made.status_code == 201, made.text
            city = City(path, url, key, port, made.json())
            try:
                yield city
            finally:
                await city.close()
                parts = app.state.notifier
                await parts.lanes.stop(0)
                for wire in parts.wires:
                    await wire.close()


def a_receiver(language: str, city: City, folder: Folder, **settings: str) -> Any:
    """The example of a language, as the agency's system."""
    known = {"WHISTLE_KEY": city.key, "WHISTLE_AGENCY": STREET, "PORT": str(city.port)}
    secret = city.endpoint["secret"]
    return running_example(language, folder, secret, city.intake_url, **known, **settings)


async def test_an_order_is_signed_contacted_and_resolved(
    language: str, dsn: str, tmp_path: Folder
) -> None:
    """From the citizen's words to the agency's answer; a replay of the webhook adds nothing."""
    async with a_city(dsn, tmp_path) as city, a_receiver(language, city, tmp_path) as example:
        complaint_id = await city.complain()
        await example.said("resolve: taken")
        await city.settle()
        facts = city.facts(complaint_id)
        done = ["OrderSigned", "OrderContacted", "OrderResolved"]
        assert [one for one in facts if one in ("OrderDispatched", *done)] == [
            "OrderDispatched",
            *done,
        ]

        operator = await city.client("notifier", Role.OPERATOR)
        (sent,) = [
            one
            for one in (await operator.get("/v1/deliveries")).json()["items"]
            if one["event_type"] == "OrderDispatched"
        ]
        assert sent["state"] == "delivered"
        again = await operator.post(f"/v1/deliveries/{sent['delivery_id']}/replay")
        assert again.is_success, again.text
        await city.settle()
        second = await city.complain()
        await example.said("resolve: taken")
        await city.settle()
        assert city.facts(complaint_id) == facts
        assert "OrderResolved" in city.facts(second)


async def test_an_order_that_is_not_theirs_goes_to_somebody_else(
    language: str, dsn: str, tmp_path: Folder
) -> None:
    """The receiver returns it with the reason, and the router names the next."""
    async with (
        a_city(dsn, tmp_path) as city,
        a_receiver(language, city, tmp_path, RETURNS=WASTE) as example,
    ):
        complaint_id = await city.complain()
        await example.said("return: taken")
        await city.settle()
        facts = city.facts(complaint_id)
        assert "OrderReturned" in facts
        assert "OrderSigned" not in facts
        orders = [
            e.data.agency
            for e in city.path.events("complaints.tracked")
            if type(e.data).__name__ == "OrderDispatched"
        ]
        assert orders[0] == STREET
        assert STREET not in orders[1:]
