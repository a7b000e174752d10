"""A rule change moves no promise, until an officer says so; then pauses and extensions stay."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from services.events import (
    AgencyAction,
    CaseActionReported,
    DeadlineRecomputed,
    OfficerAction,
    OrderActionReported,
    ReliefRequested,
)
from services.runtime.keys import Role
from tests.policies import SLA, a_policy
from tests.tracker.stories import the_policy
from tests.tracker.world import World, a_world, dispatch, get

OLD = the_policy()
#: Three days instead of seven, and a standard that the old one doesn't have.
NEW = a_policy(sla=SLA.replace('handle_within = "7d"', 'handle_within = "3d"'))
#: Another text, the same promises.
SAME = a_policy(sla=SLA.replace("一般", "普通"))
DAY = timedelta(days=1)

pytestmark = pytest.mark.postgres


def decision(world: World, action: OfficerAction, **more: Any) -> CaseActionReported:
    """A supervisor's word."""
    fields: dict[str, Any] = {"officer": "duty", "role": "supervisor"} | more
    return CaseActionReported(action=action, reported_at=world.clock.now(), **fields)


def recompute(world: World, policy: str, **more: Any) -> CaseActionReported:
    """A supervisor wants a promise counted anew."""
    return decision(world, OfficerAction.RECOMPUTE, policy=policy, **more)


def moved(world: World, key: UUID) -> list[DeadlineRecomputed]:
    """What was told to have moved."""
    told = [event.data for event in world.events(key)]
    return [fact for fact in told if isinstance(fact, DeadlineRecomputed)]


async def test_what_is_shown_is_what_happens_once_it_is_approved(dsn: str) -> None:
    """The dry run and the change ask the same function."""
    async with a_world(dsn, OLD, (NEW,)) as world:
        key = await dispatch(world)
        was = world.order(key)
        status, page = await get(world, "/v1/recounts", Role.SUPERVISOR, policy=NEW.hash)
        assert (status, page["looked_at"], page["next"]) == (200, 1, None)
        [shown] = page["items"]
        assert moved(world, key) == []

        [event] = await world.say(key, recompute(world, NEW.hash))

        [told] = moved(world, key)
        assert told.due_at == was.due_at - 4 * DAY
        assert told.was_due_at == was.due_at
        assert shown["due_at"] == told.due_at.isoformat().replace("+00:00", "Z")
        assert told.timeline[-1].ends_at == told.due_at
        assert event.complaintid == key
        _, page = await get(world, "/v1/recounts", Role.SUPERVISOR, policy=NEW.hash)
        assert (page["looked_at"], page["items"]) == (0, [])


async def test_a_pause_that_was_granted_stays(dsn: str) -> None:
    """Helpdesks lose it when the rule changes; here it belongs to the order."""
    async with a_world(dsn, OLD, (NEW,)) as world:
        key = await dispatch(world)
        was = world.order(key)
        for action in (AgencyAction.SIGN, AgencyAction.PAUSE):
            await world.say(key, _report(world, key, action))
        asked = [e.data for e in world.events(key) if isinstance(e.data, ReliefRequested)][-1]
        grant = {"request_id": asked.request_id, "until": world.clock.now() + 5 * DAY}
        await world.say(key, decision(world, OfficerAction.APPROVE, **grant))
        await world.wait(2 * DAY)
        await world.say(key, _report(world, key, AgencyAction.CONTINUE))

        await world.say(key, recompute(world, NEW.hash))

        assert moved(world, key)[0].due_at == was.due_at - 4 * DAY + 2 * DAY


async def test_a_promise_that_would_be_broken_by_the_new_rule_is_broken_at_once(dsn: str) -> None:
    """The officer was shown the instant; the clock tells what it means."""
    async with a_world(dsn, OLD, (NEW,)) as world:
        key = await dispatch(world)
        await world.wait(4 * DAY)
        await world.say(key, recompute(world, NEW.hash))
        await world.wait(timedelta(0))
        assert world.said(key).count("OrderBreached") == 2  # Not signed, and now not handled.
        await world.wait(4 * DAY)
        assert world.said(key).count("OrderBreached") == 2


@pytest.mark.parametrize(
    ("policy", "more", "reason"),
    [
        (SAME.hash, {}, "nothing-moves"),
        (OLD.hash, {}, "nothing-moves"),
        (NEW.hash, {"role": "operator"}, "needs-a-supervisor"),
    ],
)
async def test_what_moves_nothing_or_may_not_is_kept_with_its_reason(
    dsn: str, policy: str, more: dict[str, str], reason: str
) -> None:
    """A recompute with nothing changed changes nothing."""
    async with a_world(dsn, OLD, (NEW, SAME)) as world:
        key = await dispatch(world)
        await world.say(key, recompute(world, policy, **more))
        _, case = await get(world, f"/v1/cases/{key}")
        assert case["history"][-1]["detail"]["ignored"] == reason
        assert case["policy"] == OLD.hash
        assert moved(world, key) == []


async def test_an_unknown_policy_is_said_to_be_unknown(dsn: str) -> None:
    """A slip in a hash must not look like "nothing would move"."""
    async with a_world(dsn, OLD) as world:
        status, problem = await get(world, "/v1/recounts", Role.SUPERVISOR, policy="0" * 16)
        assert (status, problem["code"]) == (404, "no-such-policy")


def _report(world: World, key: UUID, action: AgencyAction) -> OrderActionReported:
    reason = "parts" if action is AgencyAction.PAUSE else None
    return world.report(key, action).model_copy(update={"reason": reason})
