"""Every kind of mistake is found, with the file and the line where it stands."""

from __future__ import annotations

import pytest

from services.policy import Fault, check
from tests import policies
from tests.policies import policy_files
from tests.policy.planting import line_of


def faults_of(**overrides: str) -> tuple[Fault, ...]:
    """Check the tiny policy with something else in place of a file."""
    return check(policy_files(**overrides))


@pytest.mark.parametrize(
    ("file", "old", "new", "where", "message"),
    [
        # Divisions.
        (
            "divisions",
            "990101,东区,9901",
            "990101,东区,9909",
            "东区,9909",
            "no division has the code",
        ),
        (
            "divisions",
            "community,990101001001",
            "street,990101001001",
            "柳树",
            "lies in a district",
        ),
        ("divisions", "990101002,山前镇", "990101001,山前镇", "山前镇", "stands in line"),
        ("divisions", "山前镇,990101,", "山前镇,990101,河街", "山前镇", "ambiguous"),
        ("divisions", "district,990101", "county,990101", "county", "level 'county' is none of"),
        (
            "divisions",
            "street,990102001,桥北街道,990102,",
            "street,990102001,桥北街道",
            "桥北",
            "cells",
        ),
        (
            "divisions",
            "street,990102001,桥北街道",
            "district,990103,南区,9901,\nstreet,990102001,桥北街道",
            "南区",
            "no district-government",
        ),
        # Agencies.
        (
            "agencies",
            "enterprise,,city-housing",
            "enterprise,,city-houses",
            "city-houses",
            "no agency",
        ),
        ("agencies", "enterprise", "company", "company,,", "kind 'company' is none of"),
        (
            "agencies",
            "hotline,市政务服务局,hotline,9901,,",
            "hotline,市政务服务局,hotline,9901,water-company,",
            "市政务",
            "stands above itself",
        ),
        ("agencies", "street,990101002,", "street,,", "山前镇政府", "must name its division"),
        (
            "agencies",
            "street,990101002,",
            "street,990109,",
            "山前镇政府",
            "no division has the code",
        ),
        (
            "agencies",
            ",990102,government-990102,enforcement",
            ",990101,government-990102,enforcement",
            "西区城管局",
            "answers for enforcement",
        ),
        ("agencies", "street,990101002,", "street,990101001,", "山前镇政府", "answers for street"),
        ("agencies", ",,自来水", ",,东区政府", "东区政府,district", "ambiguous"),
        # Categories.
        (
            "categories",
            "traffic,交通管理,,ordinary",
            "traffic,交通管理,,",
            "traffic,交通",
            "has no standard",
        ),
        ("categories", "housing,,房产证", "houses,,房产证", "houses", "no category has the code"),
        ("categories", ",complex,", ",slow,", ",slow,", "no standard is called 'slow'"),
        (
            "categories",
            "traffic-bus,公交,traffic",
            "traffic-bus,公交,traffic-bus",
            "公交,",
            "below itself",
        ),
        ("categories", ",占道|摆摊", ",占道|垃圾", "占道|垃圾", "speaks for environment-waste"),
        ("categories", ",,公交车", ",,公", "traffic-bus", "too short"),
        # Diversions.
        (
            "diversions",
            'words = ["法院判决"]',
            'words = ["着火"]',
            '^id = "court"',
            "stands in fire",
        ),
        ("diversions", 'diversion = "statutory"', 'diversion = "legal"', '"legal"', "is none of"),
        ("diversions", 'words = ["法院判决"]\n', "", '^id = "court"', "all others need words"),
        ("diversions", 'zh = "请向法院提出。", ', "", '^id = "court"', "lacks the city's language"),
        (
            "diversions",
            "diverted:statutory",
            "diverted:legal",
            "diverted:legal",
            "neither an agency",
        ),
        # Standards, escalation, call-back, scoring.
        ("sla", 'handle_within = "7d"', 'handle_within = "7x"', '"7x"', "must be a duration"),
        ("sla", 'at_risk_before = "24h"', 'at_risk_before = "8d"', '"8d"', "before the order"),
        ("sla", 'sign_within = "2h"', 'sign_within = "9d"', '"9d"', "longer than handling"),
        ("sla", 'name = "一般"\n', "", "[standards.ordinary]", "`name` is missing"),
        ("sla", "level = 1", "level = 2", "level = 2", "should be level 1"),
        ("sla", "superior-of(agency)", "mayor", "[[escalation]]", "no agency has the code 'mayor'"),
        ("sla", 'lapse_within = "3d"', 'lapse_within = "8h"', '"8h"', "before the last attempt"),
        ("sla", "weight_response = 0.1", "weight_response = 0.2", "[scoring]", "add up to 1.1"),
        ("sla", "rounds_max = 2", "rounds_maximum = 2", "rounds_maximum", "means nothing here"),
        # Calendar, notices, urgency, imports, city.
        ("calendar", "2026-10-10", "2026-10-09", "workdays", "is worked anyway"),
        ("calendar", "last = 2026-10-07", "last = 2026-10-10", "workdays", "both a holiday"),
        ("calendar", "last = 2026-10-07", "last = 2027-10-07", "holidays", "and lie in 2026"),
        ("notices", '{link}"\nen', '{url}"\nen', "zh = ", "unknown variable {url}"),
        ("notices", "{number} was", "{number.real} was", "en = ", "unknown variable {number.real}"),
        ("notices", "{number} was", "{number!r} was", "en = ", "may not be formatted"),
        ("notices", "zh =", "fr =", "[callback]", "lacks the city's language"),
        ("notices", "[callback]", "[call-back]", "[call-back]", "no notice is called"),
        ("urgency", '"停电"', '"被困"', '["停水", "被困"]', "here twice"),
        ("imports", 'nature = "kind"', 'kind = "kind"', "kind = ", "means nothing here"),
        ("imports", 'text = "text"\n', "", "[imports.letters.columns]", "no column gives `text`"),
        ("imports", '"consultation"', '"question"', '"question"', "is none of"),
        ("city", "Asia/Shanghai", "Asia/Linzhou", "time_zone", "no time zone"),
        (
            "city",
            'hotline = "hotline"',
            'hotline = "water-company"',
            "[city]",
            "no agency of that kind",
        ),
        (
            "city",
            'urgent = "utilities"',
            'urgent = "soon"',
            "[routing]",
            "no standard is called 'soon'",
        ),
        ("city", "emergency =", "panic =", "panic", "no urgency is called 'panic'"),
        (
            "city",
            "returns_max = 2",
            "repeat_score_min = 90",
            "repeat_score_min",
            "must be a number from 0 to 1",
        ),
        # Catalogue.
        (
            "catalogue",
            'lead = "water-company"',
            'lead = "well"',
            '^id = "water-',
            "no agency has the code",
        ),
        (
            "catalogue",
            'lead = "water-company"',
            'lead = "near(place)"',
            "near(place)",
            "neither an agency",
        ),
        (
            "catalogue",
            "department-of(enforcement",
            "department-of(police",
            '^id = "stall',
            "东区, 西区",
        ),
        ("catalogue", '"traffic-bus"', '"traffic-ship"', '^id = "bus-', "no category has the code"),
        ("catalogue", 'district = "东区"', 'district = "南区"', 'district = "南区"', "no place"),
        (
            "catalogue",
            'expect = "city-transport"',
            'expect = "city"',
            'expect = "city"',
            "no agency",
        ),
        (
            "catalogue",
            'id = "bus-to-transport"',
            'id = "water-to-company"',
            'id = "water-to',
            "too",
        ),
    ],
)
def test_a_planted_fault_is_found_at_its_line(file, old, new, where, message):
    """A fault without its line costs an official an hour; a missed one, a citizen a week."""
    text = getattr(policies, file.upper())
    assert old in text
    changed = text.replace(old, new, 1)
    line = line_of(changed, where)
    name = next(name for name in policy_files() if name.startswith(file))
    found = faults_of(**{file: changed})
    assert any(f.file == name and f.line == line and message in f.message for f in found), found
