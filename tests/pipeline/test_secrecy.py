"""Whoever asked for secrecy (保密) is never recognisable: no event, webhook or agency sees who.

Intake, router and tracker on a real PostgreSQL; what a webhook carries is what the notifier makes
of each event.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from services.events import ComplaintReceived, OrderDispatched, encode
from services.intake.__main__ import IntakeSettings
from services.intake.__main__ import build as build_intake
from services.intake.decide.person import person_token
from services.notifier.decide import for_outside
from services.router.__main__ import RouterSettings
from services.router.__main__ import build as build_router
from services.runtime.clock import ManualClock
from services.runtime.keys import Role
from services.runtime.settings import ServiceSettings
from services.tracker.__main__ import build as build_tracker
from tests.builders import NOON
from tests.harness import running
from tests.intake.callers import NAME, PHONE, SECRETS, a_complaint, a_reporter
from tests.policies import a_policy

pytestmark = pytest.mark.postgres


async def test_a_secret_reporter_is_recognisable_nowhere(dsn: str, tmp_path: Path) -> None:
    """Not by name, not by number, and not by a token that other complaints have too."""
    file = tmp_path / "secrets.toml"
    file.write_text(SECRETS)
    intake = IntakeSettings(secrets_file=file)
    token = person_token(intake.secrets.token_key, f"+86{PHONE}")
    assert token is not None
    builds = {"intake": build_intake, "router": build_router, "tracker": build_tracker}
    settings = {
        "intake": intake,
        "router": RouterSettings(secrets_file=file),
        "tracker": ServiceSettings(secrets_file=file),
    }
    async with running(dsn, ManualClock(NOON), a_policy(), builds, settings) as path:
        client = await path.client("intake", Role.OPERATOR)
        body = a_complaint(
            text=f"{NAME}反映，电话{PHONE}，垃圾没人清",
            reporter=a_reporter(is_secret=True),
        )
        complaint_id = (await client.post("/v1/complaints", json=body)).json()["complaint_id"]
        await path.settle()

        topics = ("complaints.received", "complaints.routed", "complaints.tracked")
        events = [event for topic in topics for event in path.events(topic)]
        (order,) = [e.data for e in events if isinstance(e.data, OrderDispatched)]
        agency = order.agency
        seen = [encode(event).decode() for event in events]
        outside = [encode(for_outside(event)).decode() for event in events]
        tracker = await path.client("tracker", Role.AGENCY, agency)
        urls = (f"/v1/cases/{complaint_id}", "/v1/cases", "/v1/orders")
        seen += [(await tracker.get(url)).text for url in urls]
        door = await path.client("intake", Role.AGENCY, agency)
        contact = await door.get(
            f"/v1/complaints/{complaint_id}/contact", params={"purpose": "visit"}
        )
        assert (contact.status_code, contact.json()["code"]) == (403, "secret")
        seen += [contact.text, (await door.get(f"/v1/complaints/{complaint_id}")).text]

        for text in (*seen, *outside):
            for secret in (token, PHONE, NAME):
                assert secret not in text
        (fact,) = [e.data for e in events if isinstance(e.data, ComplaintReceived)]
        veiled = fact.matter.reporter
        assert veiled is not None
        assert not any(veiled in text for text in outside if "OrderDispatched" in text)

        service = await path.client("intake", Role.SERVICE)
        answer = await service.post(
            f"/v1/identities/{veiled}/reveal",
            json={"purpose": "call-back", "complaint_id": complaint_id},
        )
        assert answer.json()["phone"] == f"+86{PHONE}"  # The person is still asked back.
