"""What stands under one key: a route that whistles leave alone, and whistles on their way."""

from __future__ import annotations

from uuid import UUID

from services.events import ComplaintReceived, Place, WhistleRaised
from services.router.decide import Route, received
from services.router.decide.docket import Docket, on_route, raised, route_change
from services.runtime.step import Change, Early, Ignored, Step
from tests.builders import NOON, a_matter
from tests.policies import a_policy
from tests.router.blown import a_whistle

POLICY = a_policy()
KEY, CAUSE = UUID(int=1), UUID(int=2)


def a_routed_step() -> Step[Route]:
    """A complaint that was just routed."""
    fact = ComplaintReceived(matter=a_matter(text="家里停水了", place=Place(district="990101")))
    outcome = received(CAUSE, fact, None, POLICY, NOON)
    assert isinstance(outcome, Step)
    return outcome


def test_a_decision_about_a_route_keeps_the_whistles_of_the_same_batch() -> None:
    """One transaction may bring both; neither may push the other out."""
    blown = raised(CAUSE, WhistleRaised(whistle=a_whistle()), None, POLICY, NOON).state
    routed = a_routed_step()
    outcome = on_route(blown, routed)
    assert isinstance(outcome, Step)
    assert outcome.state == Docket(routed.state, blown.unstored)
    assert (outcome.facts, outcome.policy) == (routed.facts, routed.policy)


def test_what_decides_nothing_passes_unchanged() -> None:
    """The runtime parks or counts it."""
    for outcome in (Early("not-routed-yet"), Ignored("already-routed")):
        assert on_route(Docket(), outcome) is outcome


def test_a_whistle_writes_no_route() -> None:
    """The complaint's row isn't touched, so its history stays what its decisions made it."""
    before = Docket(a_routed_step().state)
    step = raised(CAUSE, WhistleRaised(whistle=a_whistle()), before, POLICY, NOON)
    assert step.state.route is before.route
    assert route_change(Change(KEY, before, step.state)) is None
    assert [judged.cause for judged in step.state.unstored] == [CAUSE]


def test_a_new_route_is_a_change_from_nothing() -> None:
    """First decisions are counted as first."""
    after = Docket(a_routed_step().state)
    assert route_change(Change(KEY, None, after)) == Change(KEY, None, after.route)
    assert route_change(Change(KEY, None, Docket())) is None
