"""Does the model still fit: what it holds back, and how often what it decided came back."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from services.events import OrderReturned, Place
from services.policy import Policy
from services.router.__main__ import RouterSettings
from services.router.decide import Complaint
from services.router.decide.advice import Advice, Advised, Adviser
from services.router.handle import Router
from services.router.http import build_app
from services.runtime.clock import ManualClock
from services.runtime.keys import Role
from services.runtime.service import Context, Service
from tests.builders import NOON, a_received_event, an_event, as_outgoing
from tests.harness import running
from tests.policies import a_policy

pytestmark = pytest.mark.postgres

TODAY = {"from": "2026-11-24", "to": "2026-11-24"}


class ByTheText:
    """Is as sure as the complaint's own words say."""

    def advise(self, complaint: Complaint) -> Advice:
        """Say the number in the text."""
        sure = float(complaint.text.rpartition(" ")[2])
        return Advice("model-1", (Advised("city-transport", sure, "words"),))

    def sure_from(self, precision: float) -> float:
        """Be right as often as it says."""
        return precision


class One:
    """One model for every policy."""

    def of(self, policy: Policy) -> Adviser | None:
        """Give it."""
        assert policy.routing.model_precision_min is not None
        return ByTheText()

    in_force = of


def build(context: Context) -> Service:
    """The router with a model, put together as `__main__` does."""
    advisers: Any = One()
    router = Router(context.policies, advisers)
    app = build_app(context.db, router.routes, context.policies, advisers)
    return Service(app=app, consumer=router)


async def test_held_and_returned_are_told_by_confidence(dsn: str) -> None:
    """Returns where the model is sure mean that the city has changed."""
    policy = a_policy()
    policy = replace(policy, routing=replace(policy.routing, model_precision_min=0.9))
    clock, settings = ManualClock(NOON), {"router": RouterSettings()}
    async with running(dsn, clock, policy, {"router": build}, settings) as path:
        texts = (
            "步道塌了 0.6",
            "步道塌了 0.92",
            "步道塌了 0.99",
            "步道塌了 0.995",
            "家里停水了 1.0",
        )
        events = [a_received_event(text=text, place=Place()) for text in texts]
        publisher = path.bus.publisher()
        await publisher.publish([as_outgoing(event, "complaints.received") for event in events])
        await path.settle()
        back = OrderReturned(
            order_id=events[1].id, agency="city-transport", attempt=1, reason="不归我们管"
        )
        returned = an_event(back, events[1].complaintid, source="tracker", sequence=1)
        await publisher.publish([as_outgoing(returned, "complaints.tracked")])
        await path.settle()
        client = await path.client("router", Role.SUPERVISOR)
        answer = await client.get("/v1/drift", params=TODAY)
        too_long = await client.get("/v1/drift", params={"from": "2026-01-01", "to": "2026-03-01"})
    found = answer.json()
    assert (found["asked"], found["held_share"]) == (4, 0.25)
    shown = {
        band["at_least"]: (band["held"], band["dispatched"], band["return_rate"])
        for band in found["bands"]
        if band["held"] or band["dispatched"]
    }
    assert shown == {0.5: (1, 0, None), 0.9: (0, 1, 1.0), 0.98: (0, 2, 0.0)}
    assert too_long.status_code == 422
