"""Root causes (根因): said by the agency, set right by a supervisor, counted in a period."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from functools import cache
from typing import Any
from uuid import UUID

import pytest

from services.events import (
    AgencyAction,
    CaseActionReported,
    CauseRecorded,
    OfficerAction,
    OrderResolved,
    Satisfaction,
)
from services.policy import Policy
from services.runtime.keys import Role
from services.runtime.step import Step
from services.tracker.adapters.causes import CauseReading
from tests.builders import NOON
from tests.policies import CAUSES, SLA, a_policy
from tests.tracker.officers import ask, decide, ignored
from tests.tracker.stories import STREET, Story, routed
from tests.tracker.world import World, a_world, dispatch, get

AGEING, DEFAULT = "ageing-pipes", "contractor-default"


@cache
def caused_policy() -> Policy:
    """The tiny policy, asking at once, with two causes."""
    return a_policy(sla=SLA.replace('delay = "1h"', 'delay = "0s"'), causes=CAUSES)


def _resolved(policy: Policy | None = None, **fields: Any) -> Story:
    story = Story(policy or caused_policy())
    story.hear(routed())
    ask(story, AgencyAction.RESOLVE, **fields)
    return story


def _set_right(story: Story, cause: str | None, role: Any = "supervisor") -> Any:
    order_id = story.lead.order_id
    return decide(story, OfficerAction.CAUSE, role, order_id=order_id, reason=cause)


def test_the_agency_says_why_when_it_resolves() -> None:
    """It stands on the order, on the call-back, and in the fact."""
    story = _resolved(cause=AGEING)
    assert (story.lead.cause, story.callback.cause) == (AGEING, AGEING)
    assert story.last(OrderResolved).cause == AGEING


def test_a_cause_is_never_needed() -> None:
    """Most answers name none."""
    story = _resolved()
    assert (story.lead.cause, story.callback.cause) == (None, None)


def test_a_cause_that_nobody_knows_counts_for_nothing_but_the_answer_does() -> None:
    """The citizen must not wait for a key that was misspelt; the history says what happened."""
    story = _resolved(cause="bad-luck")
    assert story.lead.state == "resolved"
    assert story.lead.cause is None
    assert [n.detail["ignored"] for n in story.open.notes if "ignored" in n.detail] == [
        "cause-unknown"
    ]


def test_a_case_under_a_bundle_without_causes_takes_the_doors_word() -> None:
    """The door knew the policy in force when it was said; the case may be older."""
    story = _resolved(a_policy(), cause=AGEING)
    assert story.lead.cause == AGEING


def test_a_supervisor_sets_it_right_and_the_latest_word_counts() -> None:
    """What was said before stays to be seen in the fact."""
    story = _resolved(cause=AGEING)
    assert isinstance(_set_right(story, DEFAULT), Step)
    fact = story.last(CauseRecorded)
    assert (fact.cause, fact.was, fact.recorded_by) == (DEFAULT, AGEING, "supervisor-1")
    assert (story.lead.cause, story.callback.cause) == (DEFAULT, DEFAULT)


@pytest.mark.parametrize(
    ("cause", "role", "why"),
    [
        (DEFAULT, "operator", "needs-a-supervisor"),
        (AGEING, "supervisor", "cause-recorded-before"),
        ("bad-luck", "supervisor", "cause-unknown"),
        (None, "supervisor", "cause-unknown"),
    ],
)
def test_what_does_not_fit_changes_nothing(cause, role, why) -> None:
    """And the history has the reason."""
    story = _resolved(cause=AGEING)
    assert ignored(_set_right(story, cause, role)) == why
    assert story.lead.cause == AGEING


def test_a_matter_that_is_not_done_has_no_cause_yet() -> None:
    """Nor has an order that nobody knows."""
    story = Story(caused_policy())
    story.hear(routed())
    assert ignored(_set_right(story, AGEING)) == "order-dispatched-without-cause"
    unknown = decide(story, OfficerAction.CAUSE, order_id=UUID(int=1), reason=AGEING)
    assert ignored(unknown) == "order-unknown"


@pytest.fixture
async def world(dsn: str) -> AsyncIterator[World]:
    """A tracker of a city with causes."""
    async with a_world(dsn, caused_policy()) as world:
        yield world


async def _done(world: World, cause: str | None, **answer: Any) -> UUID:
    """A complaint is resolved for a cause, and answered for."""
    key = await dispatch(world)
    report = world.report(key, AgencyAction.RESOLVE)
    await world.say(key, report.model_copy(update={"cause": cause}))
    if answer:
        await world.say(key, world.answer(key, **answer))
    return key


async def _rows(world: World, **params: Any) -> dict[str, tuple[Any, ...]]:
    status, page = await get(world, "/v1/causes", Role.AUDITOR, **params)
    assert status == 200, page
    shown = ("name", "cases", "valid", "dissatisfied", "share_dissatisfied")
    return {row["key"]: tuple(row[name] for name in shown) for row in page["rows"]}


@pytest.mark.postgres
async def test_cases_are_counted_by_cause_with_the_share_of_the_dissatisfied(world) -> None:
    """Who gave no answer isn't in the share; what has no cause isn't counted."""
    await _done(world, AGEING, satisfaction=Satisfaction.DISSATISFIED)
    await _done(world, AGEING, satisfaction=Satisfaction.SATISFIED)
    await _done(world, AGEING)
    await _done(world, DEFAULT)
    await _done(world, None, satisfaction=Satisfaction.SATISFIED)
    assert await _rows(world) == {
        AGEING: ("管网老化", 3, 2, 1, 0.5),
        DEFAULT: ("物业未履约", 1, 0, 0, None),
    }
    by_agency = await _rows(world, by="agency", cause=AGEING)
    assert {key: row[1] for key, row in by_agency.items()} == {STREET: 3}
    assert set(await _rows(world, by="category")) == {"environment-waste"}
    assert len(await _rows(world, by="district")) == 1
    assert await _rows(world, **{"from": "2020-01-01", "to": "2020-01-31"}) == {}


@pytest.mark.postgres
async def test_a_correction_moves_the_case_in_the_figures_and_in_its_view(world) -> None:
    """One case, never two."""
    key = await _done(world, AGEING)
    fact = CaseActionReported(
        action=OfficerAction.CAUSE,
        officer="supervisor-1",
        role="supervisor",
        order_id=world.order(key).order_id,
        reason=DEFAULT,
        reported_at=world.clock.now(),
    )
    await world.say(key, fact)
    assert {key: row[1] for key, row in (await _rows(world)).items()} == {DEFAULT: 1}
    _, case = await get(world, f"/v1/cases/{key}")
    assert case["orders"][0]["cause"] == DEFAULT
    assert case["history"][-1]["detail"]["was"] == AGEING


@pytest.mark.postgres
async def test_the_cases_behind_a_count_come_page_by_page(world) -> None:
    """Each once, in the order in which they were resolved."""
    keys = []
    for _ in range(3):
        keys.append(str(await _done(world, AGEING)))
        await world.wait(timedelta(minutes=1))
    await _done(world, DEFAULT)
    found, cursor = [], None
    while True:
        params = {"cause": AGEING, "limit": 2} | ({"cursor": cursor} if cursor else {})
        status, page = await get(world, "/v1/causes/cases", Role.SUPERVISOR, **params)
        assert status == 200, page
        found += [item["complaint_id"] for item in page["items"]]
        if (cursor := page["next"]) is None:
            break
    assert found == keys


_MANY = """
    INSERT INTO tracker.callback (complaint_id, callback_id, order_id, round, agency, scored,
        answer, state, resolved_at, lapses_at, cause)
    SELECT gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), 1, 'a', 'a', '', 'waiting',
        $1::timestamptz - n * interval '1 hour', $1, CASE WHEN n % 3 = 0 THEN 'ageing-pipes' END
    FROM generate_series(1, 20000) AS n
"""


class _Planned:
    """A database that says how it would find an answer."""

    def __init__(self, conn: Any) -> None:
        self._conn = conn

    async def fetch(self, sql: str, *args: Any) -> Any:
        """Give the plan."""
        return await self._conn.fetch(f"EXPLAIN {sql}", *args)


@pytest.mark.postgres
async def test_a_period_is_read_from_an_index_however_much_is_stored(world) -> None:
    """Two years lie beside the month that is asked for."""
    await world.path.pool.execute(_MANY, NOON)
    await world.path.pool.execute("VACUUM ANALYZE tracker.callback")
    reading = CauseReading(_Planned(world.path.pool))  # type: ignore[arg-type]
    begins = NOON - timedelta(days=30)
    for rows in (
        await reading.counts(begins, NOON, "cause", {}),
        await reading.counts(begins, NOON, "agency", {"cause": AGEING}),
        await reading.page(begins, NOON, {"cause": AGEING}, (begins, UUID(int=0)), 50),
    ):
        plan = "\n".join(str(row["QUERY PLAN"]) for row in rows)
        assert "callback_by_cause" in plan
        assert "Seq Scan on callback" not in plan


@pytest.mark.postgres
@pytest.mark.parametrize("path", ["/v1/causes", "/v1/causes/cases"])
async def test_figures_of_causes_are_for_officers(world, path) -> None:
    """An agency sees its own answers; the comparison is for those who govern."""
    assert (await get(world, path, Role.AGENCY, STREET))[0] == 403
    assert (await get(world, path, Role.REPORTER))[0] == 403
    assert (await get(world, path, Role.OPERATOR, cursor="nonsense", month="2026-13"))[0] == 422
