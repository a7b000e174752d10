"""The ladder, supervision and call-back rules of `sla.toml`: what is read, what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from services.policy import AgencyKind, Duration, DurationUnit, Owner, OwnerKind, check, load
from services.policy.folder import read
from tests.policies import SLA, a_policy, policy_files
from tests.policy.planting import line_of

CITIES = ["beijing", "haikou", "nyc", "demo"]
HOUR = DurationUnit.HOURS
TALL = SLA.replace(
    "\n[callback]",
    """
[[escalation]]
level = 2
raised_to = "district-of(place)"
after = "24h"

[[escalation]]
level = 3
raised_to = "hotline"
after = "3d"
opens_supervision = true

[callback]""",
)
RULES = """
[escalation_unsigned]
after = "6h"
raised_to = "superior-of(agency)"

[escalation_unassigned]
after = "2h"
raised_to = "government-990101"

[escalation_urged]
urges = 3
raised_to = "district-of(place)"
"""


def test_a_ladder_says_when_each_level_is_reached() -> None:
    """And which of them opens a supervision."""
    ladder = a_policy(sla=TALL).escalation
    times = [(level.level, level.after and str(level.after)) for level in ladder]
    assert times == [(1, None), (2, "24h"), (3, "3d")]
    assert [level.opens_supervision for level in ladder] == [False, False, True]


def test_a_ladder_without_times_is_as_it_always_was() -> None:
    """The keys are optional: the next breach takes the next level."""
    (level,) = a_policy().escalation
    assert (level.after, level.opens_supervision) == (None, False)


def test_level_1_may_say_that_it_is_reached_at_once() -> None:
    """It is the only thing that can be said there."""
    (level,) = a_policy(sla=SLA.replace("level = 1", 'level = 1\nafter = "0s"')).escalation
    assert level.after is None


def test_a_city_that_says_nothing_watches_over_cases_nobody_has() -> None:
    """No case is without a deadline; the hotline body hears of it after a day."""
    policy = a_policy()
    rules = policy.supervision
    assert (rules.unsigned, rules.urged) == (None, None)
    assert rules.unassigned.after == Duration(24, HOUR)
    assert policy.raised_to(rules.unassigned, None) == "hotline"


def test_the_rules_of_supervision_are_read() -> None:
    """Each with who must see to it."""
    rules = a_policy(sla=SLA + RULES).supervision
    assert rules.unsigned is not None and rules.urged is not None  # noqa: PT018
    assert (rules.unsigned.after, rules.unassigned.after) == (Duration(6, HOUR), Duration(2, HOUR))
    assert rules.unassigned.raised_to == Owner(OwnerKind.AGENCY, "government-990101")
    assert rules.urged.urges == 3


def test_whoever_must_see_to_it_is_found_by_the_agency_or_the_place() -> None:
    """And is the hotline body where neither leads anywhere."""
    policy = a_policy(sla=TALL)
    superior, district, top = policy.escalation
    assert policy.raised_to(superior, "street-990102001") == "government-990102"
    assert policy.raised_to(district, "water-company", "990102001") == "government-990102"
    assert policy.raised_to(district, "water-company") == "hotline"
    assert policy.raised_to(top, "water-company", "990102001") == "hotline"


def test_a_callback_says_after_what_it_is_asked() -> None:
    """The reply unless the policy says the expiry; no window unless it names one."""
    usual = a_policy().callback
    assert (usual.ask_after, usual.reopen_within) == ("reply", None)
    told = SLA.replace(
        "rounds_max = 2", 'rounds_max = 2\nask_after = "expiry"\nreopen_within = "7d"'
    )
    rules = a_policy(sla=told).callback
    assert (rules.ask_after, str(rules.reopen_within)) == ("expiry", "7d")


@pytest.mark.parametrize(
    ("old", "new", "where", "message"),
    [
        ("level = 1", 'level = 1\nafter = "1h"', 'after = "1h"', "takes level 1 at once"),
        ('after = "3d"', 'after = "24h"', None, "before the one below it"),
        ('after = "3d"', 'after = "1h"', 'after = "1h"', "before the one below it"),
        ('after = "3d"', 'after = "later"', '"later"', "a duration"),
        ("opens_supervision = true", 'opens_supervision = "yes"', '"yes"', "true or false"),
        ("opens_supervision", "opens_supervisions", "supervisions", "means nothing here"),
        ("district-of(place)", "street-of(place)", "street-of", "neither superior-of"),
        ('raised_to = "hotline"', 'raised_to = "mayor"', None, "no agency has the code 'mayor'"),
        ('after = "6h"\n', "", "[escalation_unsigned]", "`after` is missing"),
        ('after = "2h"', 'after = "2h"\nlevel = 1', None, "means nothing here"),
        ("government-990101", "mayor", "[escalation_unassigned]", "no agency has the code"),
        ("urges = 3", "urges = 0", "urges = 0", "at least 1"),
        ("urges = 3\n", "", "[escalation_urged]", "at least 1"),
        ("rounds_max = 2", 'rounds_max = 2\nask_after = "lunch"', '"lunch"', "must be one of"),
        ("rounds_max = 2", 'rounds_max = 2\nreopen_within = "1"', '"1"', "a duration"),
    ],
)
def test_a_slip_of_the_pen_is_found_at_its_line(old, new, where, message) -> None:
    """A misspelt level would otherwise be nobody's."""
    text = TALL + RULES
    assert old in text
    changed = text.replace(old, new, 1)
    found = [fault for fault in check(policy_files(sla=changed)) if message in fault.message]
    assert found
    assert all(fault.file == "sla.toml" for fault in found)
    assert where is None or found[0].line == line_of(changed, where)


@pytest.mark.parametrize("city", CITIES)
def test_every_level_of_a_city_leads_to_somebody_for_each_of_its_agencies(city: str) -> None:
    """An escalation to nobody would be silence."""
    policy = load(read(Path("policy") / city))
    rules = policy.supervision
    above = [*policy.escalation, rules.unassigned, *filter(None, (rules.unsigned, rules.urged))]
    for agency in policy.agencies.values():
        for rule in above:
            told = policy.agencies[policy.raised_to(rule, agency.code, agency.division)]
            assert told.kind is not AgencyKind.STREET
            assert told.code != agency.code or agency.kind is AgencyKind.HOTLINE


def test_the_capital_supervises_what_stays_late() -> None:
    """督办: the unit's superior, its leader a day later, the city after three."""
    policy = load(read(Path("policy/beijing")))
    street = next(a for a in policy.agencies.values() if a.kind is AgencyKind.STREET)
    told = [
        (policy.raised_to(level, street.code), level.opens_supervision)
        for level in policy.escalation
    ]
    assert told == [(street.superior, False), (street.superior, False), ("hotline", True)]
    assert policy.callback.ask_after == "expiry"
