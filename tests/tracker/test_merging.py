"""Like complaints of different people are handled together; each caller is asked (并单)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from services.events import (
    AgencyAction,
    CallbackDue,
    CaseActionReported,
    CaseEscalated,
    CaseFollowed,
    CaseMerged,
    CaseResumed,
    ComplaintSupplemented,
    ComplaintWithdrawn,
    OfficerAction,
    OrderDispatched,
    Satisfaction,
    SupervisionClosed,
)
from services.runtime.ids import new_id
from tests.builders import as_outgoing
from tests.tracker.stories import STREET, WATER, diverted, held, routed
from tests.tracker.world import World, a_world, dispatch, get, resolve

pytestmark = pytest.mark.postgres

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture
async def world(dsn: str) -> AsyncIterator[World]:
    """The tracker at noon."""
    async with a_world(dsn) as world:
        yield world


def _decision(world: World, action: OfficerAction, **fields: Any) -> CaseActionReported:
    return CaseActionReported(
        action=action,
        officer="desk-1",
        role="operator",
        reported_at=world.clock.now(),
        **fields,
    )


async def _leave(world: World, follower: UUID, into: UUID) -> None:
    """Only the merged one's half of a merge arrives."""
    await world.say(follower, _decision(world, OfficerAction.MERGE, into=into))


async def _take_in(world: World, into: UUID, follower: UUID) -> None:
    """Only the other half."""
    await world.say(into, _decision(world, OfficerAction.ABSORB, merged=follower))


async def _merge(world: World, follower: UUID, into: UUID) -> None:
    await _leave(world, follower, into)
    await _take_in(world, into, follower)
    await world.wait(timedelta(seconds=1))


async def _case(world: World, key: UUID) -> dict[str, Any]:
    status, found = await get(world, f"/v1/cases/{key}")
    assert status == 200
    return dict(found)


def _told(world: World, key: UUID, kind: type) -> list[Any]:
    return [event.data for event in world.events(key) if isinstance(event.data, kind)]


def _ignored(case: dict[str, Any]) -> list[str]:
    return [line["detail"]["ignored"] for line in case["history"] if "ignored" in line["detail"]]


async def test_a_merged_case_gives_up_its_order_and_waits(world) -> None:
    """No agency has to do the same thing twice, and no clock runs where nobody works."""
    first, second = await dispatch(world), await dispatch(world, WATER, assists=(STREET,))
    await _merge(world, second, first)
    case = await _case(world, second)
    assert case["state"] == "merged"
    assert [order["state"] for order in case["orders"]] == ["recalled", "recalled"]
    assert _told(world, second, CaseMerged) == [CaseMerged(into=first, merged_by="desk-1")]
    await world.wait(30 * DAY)
    assert "OrderBreached" not in world.said(second)
    assert "OrderBreached" in world.said(first)


async def test_each_caller_is_asked_about_the_one_answer(world) -> None:
    """国办函〔2025〕66号: like complaints are merged, and every caller is called back."""
    first, second, third = [await dispatch(world) for _ in range(3)]
    await _merge(world, second, first)
    await _merge(world, third, first)
    await resolve(world, first)
    await world.wait(HOUR)
    asked = [_told(world, key, CallbackDue)[0] for key in (first, second, third)]
    assert len({one.callback_id for one in asked}) == 3
    assert {(one.order_id, one.agency, one.answer) for one in asked} == {
        (world.order(first).order_id, STREET, "已处理")
    }
    followed = CaseFollowed(order_id=asked[0].order_id, agency=STREET, answer="已处理")
    assert _told(world, second, CaseFollowed) == [followed]
    assert (await _case(world, second))["state"] == "resolved"


async def test_a_verdict_of_a_merged_case_counts_for_whoever_answered(world) -> None:
    """Two people were asked, one wasn't content: both count for the same unit."""
    first, second = await dispatch(world), await dispatch(world, WATER)
    await _merge(world, second, first)
    await resolve(world, first)
    await world.wait(HOUR)
    await world.say(first, world.answer(first))
    bad = world.answer(second, is_solved=False, satisfaction=Satisfaction.DISSATISFIED)
    await world.say(second, bad)
    _, page = await get(world, "/v1/rates", None)
    rows = {row["key"]: row for row in page["rows"]}
    assert (rows[STREET]["resolution"]["numerator"], page["total"]["resolution"]["value"]) == (
        1,
        0.5,
    )
    assert rows[STREET]["resolution"]["denominator"] == 2
    assert rows[WATER]["resolution"]["denominator"] == 0  # Its order was recalled.


async def test_a_bad_verdict_of_a_merged_case_sends_it_back_by_itself(world) -> None:
    """It goes to whoever answered, a level up, with a clock of its own."""
    first, second = await dispatch(world), await dispatch(world, WATER)
    await _merge(world, second, first)
    await resolve(world, first)
    await world.wait(HOUR)
    bad = world.answer(second, is_solved=False, satisfaction=Satisfaction.DISSATISFIED)
    await world.say(second, bad)
    order = world.order(second)
    assert (order.agency, order.round) == (STREET, 2)
    raised = _told(world, second, CaseEscalated)[-1]
    assert (raised.order_id, raised.because) == (order.order_id, "dissatisfied")
    assert (await _case(world, first))["state"] == "resolved"


@pytest.mark.parametrize("ends_first", [True, False])
async def test_who_is_merged_into_what_has_ended_is_asked_at_once(world, ends_first) -> None:
    """Whichever half of the merge comes late finds what the other one has left."""
    first, second = await dispatch(world), await dispatch(world)
    if ends_first:
        await resolve(world, first)
        await _merge(world, second, first)
    else:
        await _take_in(world, first, second)
        await resolve(world, first)
        await _leave(world, second, first)
    await world.wait(HOUR)
    assert len(_told(world, second, CallbackDue)) == 1


async def test_a_follower_that_is_told_of_late_is_asked_too(world) -> None:
    """The answer came between the two halves of the merge."""
    first, second = await dispatch(world), await dispatch(world)
    await _leave(world, second, first)
    await resolve(world, first)
    await world.wait(HOUR)
    assert not _told(world, second, CallbackDue)
    await _take_in(world, first, second)
    await world.wait(HOUR)
    assert len(_told(world, second, CallbackDue)) == 1


async def test_a_withdrawal_of_the_first_loses_nobody_elses_matter(world) -> None:
    """Who is merged gets an order of its own from who had the other's; the promise stands."""
    first, second = await dispatch(world), await dispatch(world, WATER)
    promised = world.order(second).due_at
    await _merge(world, second, first)
    await world.wait(3 * DAY)
    await world.say(first, ComplaintWithdrawn())
    await world.wait(HOUR)
    assert _told(world, second, CaseResumed) == [CaseResumed(outcome="routed")]
    order = world.order(second)
    assert (order.agency, order.scored) == (STREET, STREET)
    assert order.due_at == promised
    case = await _case(world, second)
    assert (case["state"], case["merged_into"]) == ("handling", None)
    await resolve(world, second)
    await world.wait(HOUR)
    assert len(_told(world, second, CallbackDue)) == 1


async def test_a_withdrawal_after_the_answer_takes_nothing_back(world) -> None:
    """The agency has answered; the first caller's wish ends only the first caller's case."""
    first, second = await dispatch(world), await dispatch(world)
    await _leave(world, second, first)
    await resolve(world, first)
    await world.say(first, ComplaintWithdrawn())
    await _take_in(world, first, second)
    await world.wait(HOUR)
    assert len(_told(world, second, CallbackDue)) == 1
    assert not _told(world, second, CaseResumed)


async def test_who_had_an_order_before_gets_another_one(world) -> None:
    """The same agency, round and attempt: still not the order that was recalled."""
    first, second = await dispatch(world), await dispatch(world)
    await _merge(world, second, first)
    await world.say(first, ComplaintWithdrawn())
    await world.wait(HOUR)
    orders = [fact.order_id for fact in _told(world, second, OrderDispatched)]
    assert len(orders) == len(set(orders)) == 2
    states = [order["state"] for order in (await _case(world, second))["orders"]]
    assert states == ["recalled", "dispatched"]


async def test_what_nobody_had_is_held_and_watched(world) -> None:
    """Both were held when they were merged; then the first was told another way."""
    first, second = new_id(), new_id()
    for key in (first, second):
        await world.say(key, held())
    await _merge(world, second, first)
    await world.say(first, diverted())
    await world.wait(HOUR)
    assert (await _case(world, second))["state"] == "held"
    assert _told(world, second, CaseResumed) == [CaseResumed(outcome="held")]
    await world.wait(2 * DAY)
    assert "SupervisionOpened" in world.said(second)
    await world.say(second, routed())
    assert world.order(second).agency == STREET


async def test_a_routing_meanwhile_says_who_has_it_if_it_parts(world) -> None:
    """An operator had it in triage while another one merged it."""
    first, second = new_id(), new_id()
    for key in (first, second):
        await world.say(key, held())
    await _merge(world, second, first)
    await world.say(second, routed(WATER))
    assert not _told(world, second, OrderDispatched)
    await world.say(first, diverted())
    await world.wait(HOUR)
    assert world.order(second).agency == WATER


async def test_who_returned_the_first_does_not_get_the_second(world) -> None:
    """It isn't theirs; so it goes back to who had the second before."""
    first, second = await dispatch(world), await dispatch(world, WATER)
    await _merge(world, second, first)
    await world.say(first, world.report(first, AgencyAction.RETURN))
    await world.say(first, ComplaintWithdrawn())
    await world.wait(HOUR)
    assert world.order(second).agency == WATER


async def test_a_case_with_followers_may_be_merged_on(world) -> None:
    """They follow when it does."""
    first, second, third = [await dispatch(world) for _ in range(3)]
    await _merge(world, second, first)
    await _merge(world, first, third)
    await resolve(world, third)
    for _ in range(3):  # One after the other.
        await world.wait(HOUR)
    assert [len(_told(world, key, CallbackDue)) for key in (first, second, third)] == [1, 1, 1]


async def test_two_officers_who_merge_crosswise_merge_once(world) -> None:
    """The first one counts; a case that is followed by the other one isn't merged into it."""
    first, second = await dispatch(world), await dispatch(world)
    await _merge(world, second, first)
    await _merge(world, first, second)
    assert [(await _case(world, key))["state"] for key in (first, second)] == ["handling", "merged"]
    assert _ignored(await _case(world, first)) == ["into-follower"]


async def test_a_circle_over_others_is_cut(world) -> None:
    """Three officers at once; nobody's matter may wait for itself."""
    keys = [await dispatch(world) for _ in range(3)]
    for key, into in zip(keys, (*keys[1:], keys[0]), strict=True):
        await _merge(world, key, into)
    await world.wait(HOUR)
    states = [(await _case(world, key))["state"] for key in keys]
    assert "handling" in states
    for key, state in zip(keys, states, strict=True):
        if state == "handling":
            await resolve(world, key)
    for _ in range(3):
        await world.wait(HOUR)
    assert all(_told(world, key, CallbackDue) for key in keys)


async def test_a_case_that_ended_before_is_not_merged_any_more(world) -> None:
    """The other one may think so; its end changes nothing here."""
    first, second = await dispatch(world), await dispatch(world)
    await world.say(second, ComplaintWithdrawn())
    await _merge(world, second, first)
    await resolve(world, first)
    await world.wait(HOUR)
    case = await _case(world, second)
    assert (case["state"], case["closed_as"]) == ("closed", "withdrawn")
    assert _ignored(case) == ["case-closed-not-merged"]


async def test_a_reopened_first_is_waited_for(world) -> None:
    """Who is merged into a second round follows at the end of that."""
    first, second = await dispatch(world), await dispatch(world)
    await resolve(world, first)
    await world.wait(HOUR)
    bad = world.answer(first, is_solved=False, satisfaction=Satisfaction.DISSATISFIED)
    await world.say(first, bad)
    await _merge(world, second, first)
    assert (await _case(world, second))["state"] == "merged"
    await resolve(world, first)
    await world.wait(HOUR)
    (asked,) = _told(world, second, CallbackDue)
    assert asked.order_id == world.order(first).order_id


async def test_a_merged_caller_may_add_and_withdraw(world) -> None:
    """It is still their complaint; the other one goes on."""
    first, second = await dispatch(world), await dispatch(world)
    await _merge(world, second, first)
    await world.say(second, ComplaintSupplemented(kind="urge", text="请尽快处理。"))
    await world.say(second, ComplaintWithdrawn())
    case = await _case(world, second)
    assert (case["state"], case["closed_as"], case["urges"]) == ("closed", "withdrawn", 1)
    await resolve(world, first)
    await world.wait(HOUR)
    assert not _told(world, second, CallbackDue)
    assert len(_told(world, first, CallbackDue)) == 1


async def test_what_comes_twice_counts_once(world) -> None:
    """Kafka may repeat both halves."""
    first, second = await dispatch(world), await dispatch(world)
    for key, fact in (
        (second, _decision(world, OfficerAction.MERGE, into=first)),
        (first, _decision(world, OfficerAction.ABSORB, merged=second)),
    ):
        (event,) = await world.say(key, fact)
        world.path.bus.append(as_outgoing(event, "complaints.received"))
        await world.path.settle()
    await _take_in(world, first, second)  # A second command of the same.
    await resolve(world, first)
    await world.wait(HOUR)
    assert len(_told(world, second, CallbackDue)) == len(_told(world, second, CaseMerged)) == 1
    assert (await _case(world, first))["followers"] == [str(second)]


async def test_what_was_supervised_is_settled_by_the_merge(world) -> None:
    """Nobody sees to a case that nobody works on; the other one has its own watch."""
    first, second = await dispatch(world), new_id()
    await world.say(second, held())
    await world.wait(2 * DAY)
    await _merge(world, second, first)
    (closed,) = _told(world, second, SupervisionClosed)
    assert closed.because == "merged"


async def test_a_merged_case_looks_by_itself_should_nobody_tell_it(world) -> None:
    """The other half of a merge may be lost; this one still finds the answer within a day."""
    first, second = await dispatch(world), await dispatch(world, WATER)
    await _leave(world, second, first)
    await resolve(world, first)
    assert _told(world, second, CaseFollowed) == []
    await world.wait(DAY)
    assert len(_told(world, second, CaseFollowed)) == 1


async def test_a_merged_case_that_is_withdrawn_has_no_clock_left(world) -> None:
    """It looks at nothing any more."""
    first, second = await dispatch(world), await dispatch(world, WATER)
    await _merge(world, second, first)
    await world.say(second, ComplaintWithdrawn())
    rows = await world.path.pool.fetch("SELECT kind FROM tracker.deadline WHERE key = $1", second)
    assert rows == []
