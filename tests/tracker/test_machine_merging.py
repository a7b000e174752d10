"""Several complaints that officers merge, in any order and shape, against the same plain model."""

from __future__ import annotations

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule, run_state_machine_as_test

from services.events import AgencyAction, CaseActionReported, OfficerAction
from tests.tracker import clerk_relief
from tests.tracker.clerk_promise import Request
from tests.tracker.machine import a_place, steps
from tests.tracker.machine_agreement import Agreement
from tests.tracker.stories import WATER

PLACES = st.integers(0, 2)


class Merging(Agreement):
    """Three complaints; either half of a merge may be lost, late or come twice."""

    COMPLAINTS = 3

    def _is_ready(self) -> bool:
        """Whether every complaint has a case."""
        return all(card.case is not None for card in self.desk.cards.values())

    def _merged(self, action: OfficerAction, **fields: object) -> CaseActionReported:
        return CaseActionReported(
            action=action,
            officer="desk-1",
            role="operator",
            reported_at=self.clock.now(),
            **fields,  # type: ignore[arg-type]
        )

    @rule(place=PLACES)
    def another_complaint_is_spoken_about(self, place: int) -> None:
        """From now on."""
        self.key = self.keys()[place]

    @precondition(lambda self: not self._is_ready())
    @rule()
    def all_are_routed(self) -> None:
        """So that stories get far."""
        for key, card in self.desk.cards.items():
            self.key = key
            if card.case is None:
                self.the_router_names(WATER, late=False)

    @precondition(lambda self: self._is_ready())
    @rule(place=PLACES, into=PLACES, halves=st.sampled_from(["both", "both", "swapped", "one"]))
    def an_officer_merges(self, place: int, into: int, halves: str) -> None:
        """One into another, perhaps in a circle; intake says so to both."""
        key, other = self.keys()[place], self.keys()[into]
        if halves == "swapped":
            self._take_in(into, place)
        self._say_of(key, self._merged(OfficerAction.MERGE, into=other))
        self.desk.merge(self.desk.cards[key], other)
        self.agrees()
        if halves == "both":
            self._take_in(into, place)

    @precondition(lambda self: self._is_ready())
    @rule(place=PLACES, step=st.integers(1, 2))
    def like_complaints_are_merged(self, place: int, step: int) -> None:
        """As it is meant."""
        self.an_officer_merges(place, (place + step) % 3, "both")

    @precondition(lambda self: self.card.is_handled)
    @rule()
    def the_citizen_is_away(self) -> None:
        """The agency's clock stands still, by the policy's own word."""
        self.the_agency_signs()
        report = self._report(AgencyAction.PAUSE, self.clock.now(), reason="unreachable")
        event = self._say(report)
        asked = Request(event.id, "pause", self.clock.now(), "unreachable", None)
        clerk_relief.ask(self.card, asked)

    def _resolve(self) -> None:
        self._say(self._report(AgencyAction.RESOLVE, self.clock.now()))
        self.card.report("resolve")

    def _take_in(self, into: int, place: int) -> None:
        key, follower = self.keys()[into], self.keys()[place]
        self._say_of(key, self._merged(OfficerAction.ABSORB, merged=follower))
        self.desk.absorb(self.desk.cards[key], follower)
        self.agrees()

    @precondition(lambda self: any(c.case == "merged" for c in self.desk.cards.values()))
    @rule(is_solved=st.booleans())
    def what_is_followed_ends(self, is_solved: bool) -> None:
        """With an answer, or by a withdrawal."""
        intos = [c.into for c in self.desk.cards.values() if c.case == "merged"]
        self.key = next((key for key in intos if key is not None), self.key)
        if self.card.case == "merged":
            self.time_passes(24)
        elif is_solved and self.card.is_handled:
            self._resolve()
        else:
            self.the_citizen_withdraws()


@pytest.mark.postgres
@pytest.mark.timeout(300)
def test_however_cases_are_merged_every_caller_gets_an_answer(dsn: str) -> None:
    """Chains, circles, halves that are lost: nobody's matter waits for itself or for nobody."""
    with a_place(dsn) as place:
        run_state_machine_as_test(lambda: Merging(place), settings=steps(8, 30))
