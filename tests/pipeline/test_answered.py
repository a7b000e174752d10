"""A question from end to end: answered at once, asked on, handled by an agency after all.

Intake, router and tracker on a real PostgreSQL, the bus in memory.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from services.events import CaseResumed, OrderDispatched
from services.intake.__main__ import IntakeSettings
from services.intake.__main__ import build as build_intake
from services.router.__main__ import RouterSettings
from services.router.__main__ import build as build_router
from services.runtime.clock import ManualClock
from services.runtime.keys import Role
from services.runtime.settings import ServiceSettings
from services.tracker.__main__ import build as build_tracker
from tests.builders import NOON
from tests.harness import running
from tests.intake.callers import SECRETS
from tests.policy.knowledge import knowing

pytestmark = pytest.mark.postgres

QUESTION = "请问公交车的公交卡在哪里办理"
BUILDS = {"intake": build_intake, "router": build_router, "tracker": build_tracker}


async def test_a_question_is_answered_and_goes_to_an_agency_if_that_is_not_enough(
    dsn: str, tmp_path: Path
) -> None:
    """The citizen sees the answer, says more, and an order with a clock goes out."""
    file = tmp_path / "secrets.toml"
    file.write_text(SECRETS)
    settings = {
        "intake": IntakeSettings(secrets_file=file),
        "router": RouterSettings(secrets_file=file),
        "tracker": ServiceSettings(secrets_file=file),
    }
    async with running(dsn, ManualClock(NOON), knowing(), BUILDS, settings) as path:
        client = await path.client("intake", Role.OPERATOR)
        body = {"channel": "phone", "nature": "consultation", "text": QUESTION}
        complaint_id = (await client.post("/v1/complaints", json=body)).json()["complaint_id"]
        await path.settle()
        url = f"/v1/complaints/{complaint_id}"
        shown = (await client.get(url, params={"lang": "zh"})).json()
        assert (shown["status"], shown["reply"]) == ("settled", "请到任一服务点办理公交卡。")

        more = {"kind": "facts", "text": "服务点说办不了"}
        added = await client.post(f"{url}/supplements", json=more)
        assert added.status_code == 202
        assert (await client.get(url)).json()["status"] == "being-assessed"
        await path.settle()
        shown = (await client.get(url)).json()
        assert (shown["status"], shown["reply"]) == ("dispatched", None)
        assert shown["expected_at"] is not None

        said = [event.data for event in path.events("complaints.tracked")]
        assert CaseResumed(outcome="routed") in said
        (order,) = [fact for fact in said if isinstance(fact, OrderDispatched)]
        assert order.agency == "city-transport"
        assert order.matter.text == f"{QUESTION}\n服务点说办不了"
        late = await client.post(f"{url}/withdrawal", json={})
        assert late.status_code == 202
        await path.settle()
        assert (await client.get(url)).json()["status"] == "withdrawn"
