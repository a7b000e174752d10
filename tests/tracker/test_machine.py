"""The whole tracker against a plain model: anything may come twice, late, early or never."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule, run_state_machine_as_test

from services.events import AgencyAction, ComplaintSupplemented
from tests.tracker.machine import a_place, steps
from tests.tracker.machine_agreement import Agreement
from tests.tracker.machine_relief import Relief
from tests.tracker.stories import STREET, WATER

NONE = timedelta(0)
NEXT = {"dispatched": AgencyAction.SIGN, "paused": AgencyAction.RESOLVE}


class Machine(Relief, Agreement):
    """One complaint; every step is settled and compared with the clerk's card."""

    # What makes stories get far.

    @precondition(lambda self: self.card.case not in ("closed", "merged"))
    @rule(deferral=st.booleans())
    def everybody_does_what_comes_next(self, deferral: bool) -> None:
        """So that stories get far."""
        card, job = self.card, self.card.job
        if card.is_asked:
            self.the_citizen_answers(is_good=False)
        elif card.case == "resolved":
            self.time_passes(2)
        elif job is None or not card.is_handled:
            self.the_router_names(WATER, late=False)
        elif job.requests and job.state == "signed":
            self._grant(next(iter(job.requests.values())).number, None, "supervisor")
        elif job.state != "signed":
            self.the_agency_reports(NEXT.get(job.state, AgencyAction.RESOLVE), NONE)
        elif deferral:
            self.the_agency_asks_to_put_it_off(20, NONE)
        else:
            self.the_agency_asks_for_a_pause("inspection", 60, NONE)

    # What goes wrong on the way.

    @precondition(lambda self: self.card.case is None)
    @rule(agency=st.sampled_from([STREET, WATER]))
    def a_follow_up_overtakes_the_routing(self, agency: str) -> None:
        """It waits until the case is open."""
        self._say(ComplaintSupplemented(kind="urge", text="请快一点。"))
        self.the_router_names(agency, late=False)
        self.card.urge()

    @precondition(lambda self: self.card.case is not None)
    @rule()
    def two_follow_ups_change_places(self) -> None:
        """The later one waits for the earlier one."""
        first = self._event(self.key, ComplaintSupplemented(kind="urge", text="第一次催。"))
        second = self._event(self.key, ComplaintSupplemented(kind="urge", text="第二次催。"))
        self._publish(second)
        self.agrees()
        self._publish(first)
        self.card.urge()
        self.card.urge()


@pytest.mark.postgres
@pytest.mark.timeout(300)
def test_whatever_happens_the_tracker_says_what_a_careful_clerk_would(dsn: str) -> None:
    """Duplicates, reordering across topics, late actions, relief, crashes, jumps of the clock."""
    with a_place(dsn) as place:
        run_state_machine_as_test(lambda: Machine(place), settings=steps(14, 40))
