"""A city that grades and excludes, and verdicts told to a running tracker."""

from __future__ import annotations

from functools import cache
from typing import Any
from uuid import UUID

from services.events import (
    CallbackLapsed,
    CaseActionReported,
    ComplaintWithdrawn,
    OfficerAction,
    Place,
    Satisfaction,
)
from services.policy import Policy
from tests.builders import a_matter
from tests.policies import SLA, a_policy
from tests.tracker.stories import STREET
from tests.tracker.world import World, dispatch, resolve

HILL = "street-990101002"
BRIDGE = "street-990102001"
HOUSING = "city-housing"
TRANSPORT = "city-transport"

GRADES = """
[[scoring.bands]]
key = "excellent"
name = "优秀"
at_least = 90

[[scoring.bands]]
key = "good"
name = "良好"
at_least = 60

[[scoring.bands]]
key = "poor"
name = "需整改"
at_least = 0

[[scoring.exclusions]]
key = "malicious"
name = "恶意诉求"
basis = "第十一条"
source = "test"

[[scoring.exclusions]]
key = "beyond-duty"
name = "超出职责"
source = "test"
"""
GRADED = SLA.replace('delay = "1h"', 'delay = "0s"') + GRADES


@cache
def graded_policy(valid_min: int = 1) -> Policy:
    """The tiny policy, asking at once, with bands and reasons to exclude a verdict."""
    counted = "month_starts_on = 19"
    return a_policy(sla=GRADED.replace(counted, f"{counted}\nvalid_min = {valid_min}"))


#: How citizens answer: what the table of a test calls it, and what it says.
ANSWERS: dict[str, dict[str, Any]] = {
    "pleased": {"satisfaction": Satisfaction.SATISFIED},
    "content": {"satisfaction": Satisfaction.BASICALLY},
    "cross": {"satisfaction": Satisfaction.DISSATISFIED},
    "unsolved": {"is_solved": False, "satisfaction": Satisfaction.DISSATISFIED},
    "ignored": {
        "is_contacted": False,
        "is_solved": False,
        "satisfaction": Satisfaction.DISSATISFIED,
    },
}


async def verdict(
    world: World,
    answer: str,
    agency: str = STREET,
    *,
    category: str | None = "environment-waste",
    place: Place | None = None,
    **changes: Any,
) -> UUID:
    """A complaint that ends as the word says; also `silent`, `unreachable`, `withdrawn`."""
    fields = {} if place is None else {"place": place}
    matter = a_matter(category=category, **fields)
    key = await dispatch(world, agency, matter=matter, **changes)
    await resolve(world, key)
    match answer:
        case "withdrawn":
            await world.say(key, ComplaintWithdrawn())
        case "silent" | "unreachable":
            reason: Any = "no-answer" if answer == "silent" else "no-contact"
            asked = world.answer(key).callback_id
            await world.say(key, CallbackLapsed(callback_id=asked, reason=reason))
        case _:
            await world.say(key, world.answer(key, **ANSWERS[answer]))
    return key


async def exclude(
    world: World, key: UUID, reason: str = "malicious", officer: str = "supervisor-1"
) -> None:
    """A supervisor leaves the latest verdict out."""
    fact = CaseActionReported(
        action=OfficerAction.EXCLUDE,
        officer=officer,
        role="supervisor",
        callback_id=world.answer(key).callback_id,
        reason=reason,
        note="核实为虚假诉求",
        reported_at=world.clock.now(),
    )
    await world.say(key, fact)
