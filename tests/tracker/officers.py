"""Agencies that ask for relief, and officers who decide, told to a `Story`."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import cache
from typing import Any
from uuid import UUID

from services.events import (
    AgencyAction,
    CaseActionReported,
    OfficerAction,
    OrderActionReported,
    ReliefRequested,
)
from services.policy import Policy
from services.runtime.step import Ignored
from services.tracker.decide.case import Order
from tests.builders import NOON
from tests.policies import SLA, a_policy
from tests.tracker.stories import WATER, Outcome, Story, routed

RELIEF = """
[relief.extension]
granted_by = "supervisor"
at_most = "5d"
times_max = 1
source = "test"

[relief.pauses.unreachable]
name = "联系不上诉求人"
granted_by = "policy"
at_most = "3d"
times_max = 1
source = "test"

[relief.pauses.inspection]
name = "等待检测结果"
granted_by = "operator"
at_most = "30d"
times_max = 2
source = "test"

[relief.pauses.lawsuit]
name = "等待判决"
granted_by = "supervisor"
source = "test"

[relief.deferral]
at_most = "365d"
source = "test"
"""


@cache
def strict_policy() -> Policy:
    """The tiny policy with limits, and a first contact within a day."""
    return a_policy(sla=SLA.replace('handle_within = "7d"', _CONTACT) + RELIEF)


_CONTACT = 'contact_within = "24h"\nhandle_within = "7d"'


def ask(
    story: Story,
    action: AgencyAction,
    *,
    order: Order | None = None,
    agency: str | None = None,
    reported_at: datetime | None = None,
    **fields: Any,
) -> Outcome:
    """The agency asks; with a note unless another is given."""
    order = order or story.lead
    fact = OrderActionReported(
        order_id=order.order_id,
        agency=agency or order.agency,
        action=action,
        reported_at=reported_at or story.now,
        **({"note": "需等待厂家供货"} | fields),
    )
    return story.hear(fact)


def decide(story: Story, action: OfficerAction, role: Any = "supervisor", **fields: Any) -> Outcome:
    """An officer decides."""
    fact = CaseActionReported(
        action=action, officer=f"{role}-1", role=role, reported_at=story.now, **fields
    )
    return story.hear(fact)


def approve(story: Story, role: Any = "supervisor", **fields: Any) -> Outcome:
    """An officer grants the latest request."""
    fields = {"request_id": requested(story)} | fields
    return decide(story, OfficerAction.APPROVE, role, **fields)


def requested(story: Story) -> UUID:
    """The id of the latest request."""
    return story.last(ReliefRequested).request_id


def ignored(outcome: Outcome) -> str:
    """Why nothing came of it."""
    assert isinstance(outcome, Ignored), outcome
    return outcome.reason


def a_signed_story() -> Story:
    """A case whose lead and assist have signed; it is due in seven days."""
    story = Story(strict_policy())
    story.hear(routed(assists=(WATER,)))
    story.sign()
    story.sign(story.assist)
    story.facts.clear()
    return story


def pause(story: Story, reason: str = "inspection", **fields: Any) -> Outcome:
    """The agency asks that the clock stand still."""
    return ask(story, AgencyAction.PAUSE, reason=reason, **fields)


def extend(story: Story, until: datetime = NOON + timedelta(days=10), **fields: Any) -> Outcome:
    """The agency asks for more time: three days, unless changed."""
    return ask(story, AgencyAction.EXTEND, until=until, **fields)


def defer(story: Story, until: datetime = NOON + timedelta(days=100), **fields: Any) -> Outcome:
    """The agency asks to be let off until a plan can be carried out."""
    return ask(story, AgencyAction.DEFER, until=until, **fields)
