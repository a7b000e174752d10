"""The clocks of an order go by the calendar that its standard names."""

from __future__ import annotations

from services.tracker.decide.promise import fresh
from tests.policies import CALENDAR, SLA, a_policy
from tests.tracker.calendars import at, wall

HOURS = """
[hours]
usual = ["09:00-12:00", "13:30-17:30"]
source = "test"

[calendars.pumps]
name = "供水抢修"
round_the_clock = true
source = "test"
"""
TIMES = """sign_within = "1wh"
contact_within = "2wh"
handle_within = "16wh"
at_risk_before = "4wh"
"""
OLD = 'sign_within = "1h"\nhandle_within = "24h"\nat_risk_before = "4h"\n'


def test_an_office_and_a_utility_have_the_same_hours_and_other_instants() -> None:
    """From Wednesday 30 September 17:00, before a week of holidays; an office day is 7 h."""
    at_office = a_policy(calendar=CALENDAR + HOURS, sla=SLA.replace(OLD, TIMES))
    always = SLA.replace(OLD, TIMES + 'calendar = "pumps"\n')
    at_pumps = a_policy(calendar=CALENDAR + HOURS, sla=always)
    office, pumps = (
        fresh(policy, policy.standards["utilities"], at("2026-09-30 17:00"))
        for policy in (at_office, at_pumps)
    )
    assert office.sign_due_at is not None
    assert office.contact_due_at is not None
    assert wall(office.sign_due_at) == "2026-10-08 09:30"  # 30 min; 1-7 -; Thu 8 30 min
    assert wall(office.contact_due_at) == "2026-10-08 10:30"  # 30 min; 1 h 30 min
    # 30 min; Thu 8 7 h; Fri 9 7 h; Sat 10 made up 1 h 30 min.
    assert wall(office.due_at) == "2026-10-10 10:30"
    assert wall(office.at_risk_at) == "2026-10-09 15:00"  # Sat 1 h 30 min, Fri 2 h 30 min back
    instants = (pumps.sign_due_at, pumps.contact_due_at, pumps.at_risk_at, pumps.due_at)
    assert [wall(instant) for instant in instants if instant] == [
        "2026-09-30 18:00",
        "2026-09-30 19:00",
        "2026-10-01 05:00",  # 09:00 - 4 h
        "2026-10-01 09:00",  # 17:00 + 16 h
    ]


def test_a_standard_that_names_no_contact_has_no_such_clock() -> None:
    """As every standard was before it could."""
    policy = a_policy()
    assert (
        fresh(policy, policy.standards["ordinary"], at("2026-11-24 10:00")).contact_due_at is None
    )
