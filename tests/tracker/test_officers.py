"""Officers' decisions: who may decide what, once, and what remains of it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from services.events import (
    AgencyAction,
    CaseActionReported,
    OfficerAction,
    OrderActionReported,
    ReliefRefused,
    ReliefRequested,
    SupervisionOpened,
)
from services.runtime.ids import new_id
from services.runtime.keys import Role
from services.tracker.decide.case import OrderState
from tests.builders import NOON, as_outgoing
from tests.tracker.officers import approve, ask, decide, ignored, requested, strict_policy
from tests.tracker.stories import GOVERNMENT, STREET, WATER, Story, routed
from tests.tracker.world import World, a_world, dispatch, get

DAY = timedelta(days=1)


@pytest.fixture
def story() -> Story:
    """A case whose lead has signed."""
    story = Story(strict_policy())
    story.hear(routed(assists=(WATER,)))
    story.sign()
    story.facts.clear()
    return story


def _ask_each(story: Story) -> None:
    ask(story, AgencyAction.PAUSE, reason="inspection")
    ask(story, AgencyAction.EXTEND, until=NOON + 9 * DAY)
    ask(story, AgencyAction.DEFER, until=NOON + 90 * DAY)


def test_operators_grant_pauses_that_the_policy_leaves_to_them(story) -> None:
    """Everything else is a supervisor's."""
    _ask_each(story)
    for request in story.lead.requests[1:]:
        outcome = decide(story, OfficerAction.APPROVE, "operator", request_id=request.request_id)
        assert ignored(outcome) == "needs-a-supervisor"
    pause = story.lead.requests[0].request_id
    decide(story, OfficerAction.APPROVE, "operator", request_id=pause)
    assert story.lead.state is OrderState.PAUSED


def test_a_reason_of_the_supervisors_is_not_an_operators(story) -> None:
    """The policy says so, reason by reason."""
    ask(story, AgencyAction.PAUSE, reason="lawsuit")
    assert ignored(approve(story, "operator")) == "needs-a-supervisor"
    refused = decide(story, OfficerAction.REFUSE, "operator", request_id=requested(story))
    assert ignored(refused) == "needs-a-supervisor"
    approve(story)
    assert story.lead.state is OrderState.PAUSED


def test_a_refusal_tells_the_agency_why_and_lets_it_ask_again(story) -> None:
    """The officer's words, or the city's where there are none."""
    for note, why in (("先临时清运", "先临时清运"), (None, "审批未通过。")):
        ask(story, AgencyAction.EXTEND, until=NOON + 9 * DAY)
        decide(story, OfficerAction.REFUSE, request_id=requested(story), note=note)
        fact = story.last(ReliefRefused)
        assert (fact.refused_as, fact.why) == ("officer", why)
        assert fact.request_id == requested(story)
        assert not story.lead.requests


@pytest.mark.parametrize("second", [OfficerAction.APPROVE, OfficerAction.REFUSE])
def test_what_is_decided_stays_decided(story, second) -> None:
    """Two officers at once: one of them is first."""
    ask(story, AgencyAction.EXTEND, until=NOON + 9 * DAY)
    approve(story)
    due_at = story.lead.clock.due_at
    assert ignored(decide(story, second, request_id=requested(story))) == "request-not-open"
    assert story.lead.clock.due_at == due_at


def test_a_request_nobody_made_is_not_granted(story) -> None:
    """Not by another case's id, nor under another order's."""
    ask(story, AgencyAction.EXTEND, until=NOON + 9 * DAY)
    assert ignored(decide(story, OfficerAction.APPROVE, request_id=new_id())) == "request-not-open"
    foreign = approve(story, order_id=story.assist.order_id)
    assert ignored(foreign) == "request-not-open"


def test_a_request_ends_with_its_order(story) -> None:
    """Done before anybody decided."""
    ask(story, AgencyAction.EXTEND, until=NOON + 9 * DAY)
    story.resolve()
    assert ignored(approve(story)) == "request-not-open"


def test_two_reliefs_that_stand_still_exclude_each_other(story) -> None:
    """The second waits until the first is over."""
    ask(story, AgencyAction.PAUSE, reason="inspection")
    ask(story, AgencyAction.DEFER, until=NOON + 90 * DAY)
    approve(story)
    pause = story.lead.requests[0].request_id
    outcome = decide(story, OfficerAction.APPROVE, request_id=pause)
    assert ignored(outcome) == "order-deferred-not-paused"
    assert [held.request_id for held in story.lead.requests] == [pause]


def test_only_a_supervisor_ends_a_deferral(story) -> None:
    """An operator ends pauses."""
    ask(story, AgencyAction.DEFER, until=NOON + 90 * DAY)
    approve(story)
    order_id = story.lead.order_id
    outcome = decide(story, OfficerAction.CONTINUE, "operator", order_id=order_id)
    assert ignored(outcome) == "needs-a-supervisor"
    decide(story, OfficerAction.CONTINUE, order_id=order_id)
    assert story.lead.state is OrderState.SIGNED
    again = decide(story, OfficerAction.CONTINUE, order_id=order_id)
    assert ignored(again) == "order-signed-not-continued"
    assert ignored(decide(story, OfficerAction.CONTINUE, order_id=new_id())) == "order-unknown"


def test_a_supervisor_has_somebody_above_see_to_a_case_and_lets_it_be(story) -> None:
    """督办: the agency's superior unless another is named; once."""
    assert ignored(decide(story, OfficerAction.SUPERVISE, "operator")) == "needs-a-supervisor"
    decide(story, OfficerAction.SUPERVISE, note="多次催办")
    opened = story.last(SupervisionOpened)
    assert (opened.because, opened.raised_to, opened.agency) == ("officer", GOVERNMENT, STREET)
    assert ignored(decide(story, OfficerAction.SUPERVISE)) == "supervised-already"
    held = story.open.supervisions[0].supervision_id
    decide(story, OfficerAction.RELEASE, supervision_id=held)
    assert not story.open.supervisions[0].is_open
    again = decide(story, OfficerAction.RELEASE, supervision_id=held)
    assert ignored(again) == "supervision-not-open"


def test_an_officer_names_who_supervises_and_what(story) -> None:
    """An assist's order, by the hotline; nobody who isn't there."""
    order_id = story.assist.order_id
    decide(story, OfficerAction.SUPERVISE, order_id=order_id, raised_to="hotline")
    opened = story.last(SupervisionOpened)
    assert (opened.order_id, opened.agency, opened.raised_to) == (order_id, WATER, "hotline")
    nobody = decide(story, OfficerAction.SUPERVISE, raised_to="nobody")
    assert ignored(nobody) == "agency-unknown"
    unknown = decide(story, OfficerAction.SUPERVISE, order_id=new_id())
    assert ignored(unknown) == "order-unknown"


def test_nothing_is_supervised_on_a_closed_case(story) -> None:
    """There is nothing left to see to."""
    story.resolve()
    story.wait(timedelta(hours=1))
    story.answer()
    outcome = decide(story, OfficerAction.SUPERVISE)
    assert ignored(outcome) == "case-closed-not-supervised"


def test_an_operator_excludes_no_verdict(story) -> None:
    """What counts in the rates isn't for those who dispatch."""
    outcome = decide(story, OfficerAction.EXCLUDE, "operator", callback_id=new_id(), reason="x")
    assert ignored(outcome) == "needs-a-supervisor"


# The whole tracker: events, PostgreSQL, timers, HTTP.


def _request(world: World, key, **fields) -> OrderActionReported:
    order = world.order(key)
    return OrderActionReported(
        order_id=order.order_id, agency=order.agency, reported_at=world.clock.now(), **fields
    )


def _decision(world: World, action: OfficerAction, **fields) -> CaseActionReported:
    return CaseActionReported(
        action=action,
        officer="值班长",
        role="supervisor",
        reported_at=world.clock.now(),
        **fields,
    )


@pytest.mark.postgres
async def test_a_pause_over_the_due_instant_with_real_timers(dsn: str) -> None:
    """Nothing is due while it stands still; it goes on by itself, and then breaks in its time."""
    async with a_world(dsn, strict_policy()) as world:
        key = await dispatch(world)
        await world.say(key, world.report(key, AgencyAction.SIGN))
        await world.say(key, world.report(key, AgencyAction.CONTACT))
        pause = _request(
            world, key, action=AgencyAction.PAUSE, reason="inspection", until=NOON + 10 * DAY
        )
        (asked,) = await world.say(key, pause)
        await world.say(key, _decision(world, OfficerAction.APPROVE, request_id=asked.id))
        await world.wait(9 * DAY)
        assert world.said(key)[-1] == "ClockPaused"
        await world.wait(2 * DAY)
        assert world.said(key)[-1] == "ClockResumed"
        await world.wait(7 * DAY)
        assert world.said(key)[-3:] == ["OrderAtRisk", "OrderBreached", "CaseEscalated"]
        status, shown = await get(world, f"/v1/cases/{key}")
        assert status == 200
        order = shown["orders"][0]
        assert order["state"] == "signed"
        assert order["due_at"].startswith(f"{NOON + 17 * DAY:%Y-%m-%d}")
        assert [pause["reason"] for pause in order["ledger"]] == ["inspection"]
        assert order["ledger"][0]["approved_by"] == "值班长"
        assert order["contacted_at"]


@pytest.mark.postgres
async def test_the_same_request_and_decision_twice_count_once(dsn: str) -> None:
    """A crash after the commit sends both again."""
    async with a_world(dsn, strict_policy()) as world:
        key = await dispatch(world)
        await world.say(key, world.report(key, AgencyAction.SIGN))
        until = NOON + 9 * DAY
        ask_for = _request(world, key, action=AgencyAction.EXTEND, note="等待配件", until=until)
        (asked,) = await world.say(key, ask_for)
        grant = _decision(world, OfficerAction.APPROVE, request_id=asked.id)
        (granted,) = await world.say(key, grant)
        for event in (asked, granted, asked):
            world.path.bus.append(as_outgoing(event, "complaints.received"))
        await world.path.settle()
        await world.say(key, grant)  # Another officer, a moment later.
        said = world.said(key)
        assert [said.count(name) for name in ("ReliefRequested", "DeadlineExtended")] == [1, 1]
        _, shown = await get(world, f"/v1/cases/{key}")
        kinds = [(line["kind"], line["detail"].get("ignored")) for line in shown["history"]]
        assert kinds[-1] == ("CaseActionReported", "request-not-open")
        assert [one["request_id"] for one in shown["orders"][0]["extensions"]] == [str(asked.id)]


@pytest.mark.postgres
async def test_officers_find_what_waits_for_them_and_the_register(dsn: str) -> None:
    """Requests that nobody has decided, and what can't be solved yet (挂账)."""
    async with a_world(dsn, strict_policy()) as world:
        key, other = await dispatch(world), await dispatch(world)
        for one in (key, other):
            await world.say(one, world.report(one, AgencyAction.SIGN))
        plan = {"action": AgencyAction.DEFER, "note": "明年改造", "until": NOON + 200 * DAY}
        await world.say(key, _request(world, key, **plan))
        _, asking = await get(world, "/v1/orders", state="asking")
        assert [item["complaint_id"] for item in asking["items"]] == [str(key)]
        request = asking["items"][0]["requests"][0]
        assert (request["relief"], request["note"]) == ("deferral", "明年改造")
        facts = [event.data for event in world.events(key)]
        asked = next(fact for fact in facts if isinstance(fact, ReliefRequested))
        assert request["request_id"] == str(asked.request_id)
        approval = _decision(world, OfficerAction.APPROVE, request_id=asked.request_id)
        await world.say(key, approval)
        _, asking = await get(world, "/v1/orders", state="asking")
        _, register = await get(world, "/v1/orders", Role.SUPERVISOR, state="deferred")
        assert asking["items"] == []
        assert [item["complaint_id"] for item in register["items"]] == [str(key)]
        _, shown = await get(world, f"/v1/cases/{key}")
        assert [held["because"] for held in shown["supervisions"]] == ["deferred"]
        await world.wait(201 * DAY)
        _, register = await get(world, "/v1/orders", Role.SUPERVISOR, state="deferred")
        assert register["items"] == []
