"""A whistle after its routing: clocks, presence, no-shows, judgements, its end."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from services.events import (
    ComplaintWithdrawn,
    OrderBreached,
    WhistleBlown,
    WhistleClosed,
    WhistleJudged,
    WhistleMissed,
    WhistleReportedIn,
    WhistleSigned,
)
from services.policy import Policy
from services.runtime.policies import PolicyStore
from services.runtime.step import Early, Step
from services.tracker.adapters.cases import CaseTables
from services.tracker.adapters.proactive import ProactiveTables
from services.tracker.adapters.whistles import WhistleTables
from services.tracker.handle import Tracker
from tests.builders import NOON, an_event, as_outgoing
from tests.policies import WHISTLES, a_policy
from tests.tracker.stories import GOVERNMENT, STREET, WATER, the_policy
from tests.tracker.whistling import ENFORCEMENT, STRANGER, Blown, a_call, blow
from tests.tracker.world import World, a_world, dispatch, resolve

pytestmark = pytest.mark.postgres


@pytest.fixture
async def world(dsn: str) -> AsyncIterator[World]:
    """A tracker alone; the router's and intake's words are the test's."""
    async with a_world(dsn) as world:
        yield world


def _of(blown: Blown, kind: type[Any]) -> list[Any]:
    return [fact for fact in blown.facts() if isinstance(fact, kind)]


async def _report_in(blown: Blown, *agencies: str) -> None:
    for agency in agencies:
        await blown.do(agency, "arrive")


async def test_everybody_called_is_told_until_when_to_sign_to_contact_and_to_come(world) -> None:
    """All clocks start with the routing; three working days after Tuesday end on Friday night."""
    blown = await blow(world)
    (told,) = _of(blown, WhistleBlown)
    assert [one.agency for one in told.summons] == [WATER, ENFORCEMENT]
    assert (told.raised_by, told.copies, told.repeats) == (STREET, ("government-990101",), 0)
    for one in told.summons:
        assert one.sign_due_at == NOON + timedelta(hours=1)
        assert one.contact_due_at == NOON + timedelta(hours=24)
        assert one.arrive_due_at == datetime(2026, 11, 27, 16, tzinfo=UTC)
        assert one.timeline[-1].ends_at == one.arrive_due_at
    assert {event.policy for event in world.events(blown.key)} == {the_policy().hash}
    assert await blown.clocks() == [
        "whistle-arrive",
        "whistle-arrive",
        "whistle-contact",
        "whistle-contact",
        "whistle-lapse",
        "whistle-sign",
        "whistle-sign",
    ]


async def test_a_whistle_goes_from_the_call_to_both_sides_judgement(world) -> None:
    """The whole life, on time, beside a case that goes on as ever."""
    complaint = await dispatch(world)
    blown = await blow(world, complaint)
    for agency in (WATER, ENFORCEMENT):
        await blown.do(agency, "sign")
        await blown.do(agency, "contact")
        await blown.do(agency, "arrive")
    await blown.do(WATER, "result", note="水源已关。")
    await blown.do(WATER, "leave")
    await blown.do(STREET, "judge", about=WATER, grade="poor", note="早退。")
    await blown.do(STREET, "judge", about=ENFORCEMENT, grade="good")
    await blown.do(STREET, "close", note="后门已封闭。")
    await blown.do(ENFORCEMENT, "judge", grade="acceptable")
    assert blown.said() == [
        "WhistleBlown",
        *["WhistleSigned", "WhistleContacted", "WhistleReportedIn"] * 2,
        "WhistleLeft",
        *["WhistleJudged"] * 2,
        "WhistleClosed",
        "WhistleJudged",
    ]
    assert all(fact.is_on_time for fact in _of(blown, WhistleReportedIn))
    (closed,) = _of(blown, WhistleClosed)
    assert (closed.because, closed.result, closed.no_shows) == ("street", "后门已封闭。", ())
    assert await blown.states() == {WATER: "left", ENFORCEMENT: "released"}
    assert [(f.judge, f.about, f.grade) for f in _of(blown, WhistleJudged)] == [
        (STREET, WATER, "poor"),
        (STREET, ENFORCEMENT, "good"),
        (ENFORCEMENT, None, "acceptable"),
    ]
    assert await blown.clocks() == []
    assert await blown.ignored() == []
    await world.say(complaint, ComplaintWithdrawn())
    assert world.said(complaint)[-1] == "CaseClosed"


async def test_who_arrives_has_signed_and_spoken_to_the_street(world) -> None:
    """In an emergency nobody clicks three times."""
    blown = await blow(world, kind="emergency")
    await world.wait(timedelta(minutes=9))
    await _report_in(blown, WATER)
    assert blown.said()[1:] == ["WhistleSigned", "WhistleContacted", "WhistleReportedIn"]
    assert all(fact.is_on_time for fact in blown.facts()[1:])  # type: ignore[attr-defined]
    await world.wait(timedelta(hours=1))
    assert {agency for agency, _ in blown.missed()} == {ENFORCEMENT}


async def test_who_never_comes_is_told_to_whoever_stands_above(world) -> None:
    """坐等哨响: refusal is reported to the district, or to the superior that there is."""
    blown = await blow(world, kind="emergency")
    await world.wait(timedelta(days=1))
    assert sorted(blown.missed()) == sorted(
        (agency, clock)
        for agency in (WATER, ENFORCEMENT)
        for clock in ("sign", "contact", "arrive")
    )
    above = {f.agency: f.raised_to for f in _of(blown, WhistleMissed) if f.clock == "arrive"}
    assert above == {WATER: "city-housing", ENFORCEMENT: GOVERNMENT}
    assert {f.raised_to for f in _of(blown, WhistleMissed) if f.clock != "arrive"} == {None}
    await blown.do(STREET, "close", note="自行处置。")
    (closed,) = _of(blown, WhistleClosed)
    assert closed.no_shows == (WATER, ENFORCEMENT)
    assert await blown.states() == {WATER: "absent", ENFORCEMENT: "absent"}


async def test_a_late_arrival_counts_and_is_late_for_good(world) -> None:
    """The miss was told at its instant; coming after it is still better than not."""
    blown = await blow(world, kind="emergency")
    await world.wait(timedelta(minutes=31))
    await _report_in(blown, WATER)
    (arrived,) = _of(blown, WhistleReportedIn)
    assert not arrived.is_on_time
    assert blown.missed().count((WATER, "arrive")) == 1
    await blown.do(STREET, "close", note="已处置。")
    assert _of(blown, WhistleClosed)[0].no_shows == (ENFORCEMENT,)


async def test_a_late_report_that_overtakes_its_deadline_gets_its_miss_first(world) -> None:
    """So that every late arrival has one, whoever is faster: the report or the timer."""
    blown = await blow(world, kind="emergency")
    world.clock.advance(timedelta(minutes=31))
    await blown.do(WATER, "arrive")  # Read before any timer fires.
    assert blown.said()[1:7] == [
        *["WhistleMissed", "WhistleSigned"],
        *["WhistleMissed", "WhistleContacted"],
        *["WhistleMissed", "WhistleReportedIn"],
    ]
    assert [m for m in blown.missed() if m[0] == WATER] == [
        (WATER, "sign"),
        (WATER, "contact"),
        (WATER, "arrive"),
    ]


async def test_a_report_made_in_time_is_on_time_however_late_it_is_read(world) -> None:
    """Our outage isn't the department's fault; what it said at the door counts."""
    blown = await blow(world)
    report = blown.report(WATER, "sign", reported_at=NOON + timedelta(minutes=59))
    world.clock.advance(timedelta(minutes=61))
    await world.say(blown.key, report)
    (signed,) = _of(blown, WhistleSigned)
    assert signed.is_on_time
    assert (WATER, "sign") not in blown.missed()


async def test_a_body_that_was_not_called_changes_nothing(world) -> None:
    """Even if something lets its word through; and what it said is kept."""
    blown = await blow(world)
    for action in ("sign", "arrive", "close", "result"):
        await blown.do(STRANGER, action, note="我来。")
    await blown.do(STRANGER, "judge", about=WATER, grade="good")
    await blown.do(WATER, "judge", about=ENFORCEMENT, grade="poor", note="推诿。")
    await blown.do(WATER, "close", note="完了。")
    await blown.do(STREET, "arrive")
    assert blown.said() == ["WhistleBlown"]
    assert await blown.ignored() == [
        *["whistle-of-others"] * 5,
        "judgement-of-nobody-here",
        "target-not-close",
        "street-not-arrive",
    ]


async def test_each_side_judges_once(world) -> None:
    """A grade that could be changed later could be bargained over."""
    blown = await blow(world)
    await blown.do(STREET, "judge", about=WATER, grade="good")
    await blown.do(STREET, "judge", about=WATER, grade="poor", note="改主意了。")
    await blown.do(WATER, "judge", grade="good")
    await blown.do(WATER, "judge", grade="poor", note="改主意了。")
    await blown.do(STREET, "judge", about=WATER)
    assert [fact.grade for fact in _of(blown, WhistleJudged)] == ["good", "good"]
    assert await blown.ignored() == [
        "judged-before",
        "judged-before",
        "judgement-without-grade",
    ]


async def test_after_the_end_nothing_counts_but_a_judgement_in_time(world) -> None:
    """Ten working days from Tuesday the 24th end on Tuesday the 8th, at midnight."""
    blown = await blow(world)
    await _report_in(blown, WATER, ENFORCEMENT)
    await blown.do(STREET, "close", note="已处置。")
    for agency, action in ((WATER, "leave"), (ENFORCEMENT, "result"), (STREET, "close")):
        await blown.do(agency, action, note="补报。")
    assert await blown.ignored() == ["whistle-closed"] * 3
    await world.wait(datetime(2026, 12, 8, 15, 59, tzinfo=UTC) - NOON)
    await blown.do(WATER, "judge", grade="good")
    await world.wait(timedelta(minutes=2))
    await blown.do(ENFORCEMENT, "judge", grade="good")
    assert [fact.judge for fact in _of(blown, WhistleJudged)] == [WATER]
    assert (await blown.ignored())[3:] == ["judgement-too-late"]


async def test_who_still_had_time_when_it_ended_is_no_no_show(world) -> None:
    """A street must not make its department's record worse by closing early."""
    blown = await blow(world)
    await blown.do(WATER, "sign")
    await world.wait(timedelta(hours=2))
    await blown.do(STREET, "close", note="雨停了。")
    (closed,) = _of(blown, WhistleClosed)
    assert closed.no_shows == ()
    assert await blown.states() == {WATER: "spared", ENFORCEMENT: "spared"}
    assert blown.missed() == [(ENFORCEMENT, "sign")]
    await world.wait(timedelta(days=60))
    assert blown.said()[-1] == "WhistleClosed"
    assert await blown.clocks() == []


async def test_a_whistle_that_nobody_closes_lapses(world) -> None:
    """Nothing stays open for ever; who came is released, who didn't is named."""
    blown = await blow(world)
    await _report_in(blown, ENFORCEMENT)
    await world.wait(timedelta(days=30) - timedelta(seconds=1))
    assert blown.said()[-1] != "WhistleClosed"
    await world.wait(timedelta(seconds=1))
    (closed,) = _of(blown, WhistleClosed)
    assert (closed.because, closed.result, closed.no_shows) == ("lapsed", None, (WATER,))
    assert await blown.states() == {WATER: "absent", ENFORCEMENT: "released"}
    assert await blown.clocks() == []


async def test_after_an_outage_of_two_months_everything_is_told_once(world) -> None:
    """Misses first, the lapse last, and no deadline left over."""
    blown = await blow(world)
    await world.wait(timedelta(days=60))
    assert len(blown.missed()) == len(set(blown.missed())) == 6
    assert blown.said()[-1] == "WhistleClosed"
    assert blown.said().count("WhistleClosed") == 1


async def test_whistles_for_the_same_complaint_are_counted(world) -> None:
    """Eight whistles in two years for one wall say something about the departments."""
    complaint = await dispatch(world)
    whistles = [await blow(world, complaint) for _ in range(3)]
    assert [_of(one, WhistleBlown)[0].repeats for one in whistles] == [0, 1, 2]
    await whistles[1].do(WATER, "sign")
    assert whistles[1].said() == ["WhistleBlown", "WhistleSigned"]
    assert whistles[0].said() == whistles[2].said() == ["WhistleBlown"]
    other = await blow(world)
    assert _of(other, WhistleBlown)[0].repeats == 0


async def test_the_routers_word_counts_once(world) -> None:
    """Told again under another number, it calls nobody again."""
    blown = await blow(world)
    await world.say(blown.key, a_call(blown.whistle_id))
    assert blown.said() == ["WhistleBlown"]


async def test_a_report_that_overtakes_the_router_waits_for_it(world) -> None:
    """Two topics, one key: signing must not get lost for being fast."""
    routed = a_call()
    whistle_id = routed.whistle.whistle_id
    blown = Blown(world, whistle_id, whistle_id)
    await blown.do(WATER, "sign")
    assert blown.said() == []
    await world.say(whistle_id, routed)
    await world.wait(timedelta(minutes=2))
    assert blown.said() == ["WhistleBlown", "WhistleSigned"]


async def test_a_replay_of_all_that_was_said_changes_nothing(world) -> None:
    """Delivered twice, from the first record on: same facts, same ids."""
    blown = await blow(world)
    said = await world.say(blown.key, blown.report(WATER, "sign"))
    await blown.do(STREET, "close", note="已处置。")
    before = world.events(blown.key)
    for event in said:
        world.path.bus.append(as_outgoing(event, "complaints.received"))
    await world.path.settle()
    assert world.events(blown.key) == before


async def test_a_case_and_its_whistle_keep_their_own_clocks(world) -> None:
    """One key, one lock, two promises: each is told once, and neither stops the other."""
    complaint = await dispatch(world)
    blown = await blow(world, complaint, kind="emergency")
    await world.wait(timedelta(days=8))
    assert len(blown.missed()) == 6
    told = [event.data for event in world.events(complaint)]
    breaches = [fact.clock for fact in told if isinstance(fact, OrderBreached)]
    assert sorted(breaches) == ["handle", "sign"]
    await blown.do(STREET, "close", note="已处置。")
    assert blown.said()[-1] == "WhistleClosed"
    await resolve(world, complaint)
    assert "OrderResolved" in world.said(complaint)
    assert [event.sequence for event in world.events(complaint)] == list(
        range(1, len(world.events(complaint)) + 1)
    )


def _tracker(*policies: Policy) -> Tracker:
    """Under the last of these bundles; the others are old ones that it still has."""
    store = PolicyStore.fixed(policies[0])
    for policy in policies[1:]:
        store._take(policy)
    return Tracker(CaseTables(), WhistleTables(), store, ProactiveTables())


def test_a_new_bundle_moves_no_clock_of_a_whistle_under_way() -> None:
    """Half the time to judge, and no whistles at all: promises made stay as they were made."""
    hasty = a_policy(whistles=WHISTLES.replace("targets = [", 'judge_within = "1d"\ntargets = ['))
    none_left = a_policy(whistles=None)
    routed = an_event(a_call(), source="router", policy=the_policy().hash)
    step = _tracker(the_policy()).decide(routed, None, NOON)
    assert isinstance(step, Step)
    lapse = next(d for d in step.set_deadlines if d.kind == "whistle-lapse")
    ends = []
    for tracker in (_tracker(the_policy(), hasty), _tracker(hasty), _tracker(none_left)):
        ended = tracker.decide_due(lapse, step.state, lapse.due_at)
        assert isinstance(ended, Step)
        ends.append(ended.state.whistles[0].judged_until)
    known, other, gone = ends
    assert known == gone  # The tiny policy says nothing, so ten working days count.
    assert other == lapse.due_at + timedelta(days=1)  # Its own bundle is lost: the present one.


def test_a_whistle_routed_under_a_bundle_not_read_yet_waits_for_it() -> None:
    """The router may learn of a publish first; the clocks are those that it decided by."""
    tracker = _tracker(the_policy())
    routed = an_event(a_call(), source="router", policy="nobody-knows-yet")
    assert tracker.decide(routed, None, NOON) == Early("policy-not-loaded")
