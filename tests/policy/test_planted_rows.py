"""Mistakes in CSV files, in whole files, and in what circles back to itself are found."""

from __future__ import annotations

import pytest

from services.policy import check, landmarks
from services.policy.parts import FILES
from tests import policies
from tests.policies import policy_files
from tests.policy.planting import full_files, line_of


@pytest.mark.parametrize(
    ("file", "old", "new", "where", "message"),
    [
        # Shape.
        ("divisions", "level,code,name", "level,kode,name", "kode", "column `code` is missing"),
        ("divisions", "level,code,name", "level,code,name,size", "size", "`size` means nothing"),
        ("divisions", "level,code,name,parent", "level,code,name,name", "code", "here twice"),
        ("categories", "traffic,交通管理", ",交通管理", "交通管理", "`code` is empty"),
        ("categories", "房产证\n", '"房产证\n', "房产证", "not CSV"),
        ("agencies", "自来水\n", "自来水,x\n", "自来水", "8 cells where the header has 7"),
        # Divisions.
        ("divisions", "city,9901,林州市,,", "city,9901,林州市,9901,", "林州市", "has no parent"),
        ("divisions", "district,990102,西区,9901,", "city,990102,西区,,", "西区", "one city"),
        ("divisions", "山前镇,990101,", "山前镇,990102001,", "山前镇", "lies in a district"),
        ("divisions", "community,990101001001", "district,990101001001", "柳树", "lies in a city"),
        # Agencies.
        ("agencies", "city-transport,市", "city-housing,市", "市住建", "stands in line 3 too"),
        ("agencies", "990101,enforcement,", "990101,,", None, "must name its function"),
        ("agencies", ",990101,government-990101,enf", ",990101001,government-990101,enf",
         "东区城管局", "answers for a district"),
        ("agencies", "street,990101002,", "street,990102,", "山前镇政府", "answers for a street"),
        ("agencies", "district-government,990102,", "district-government,990102001,",
         "西区政府", "answers for a district"),
        ("agencies", "water-company,市", "Water_Company,市", "Water_Company", "no rule can name"),
        # Circles.
        ("agencies", "市住建局,city-department,,hotline", "市住建局,city-department,,water-company",
         "市住建局", "stands above itself"),
        ("categories", "environment,市容环境,,", "environment,市容环境,environment-waste,",
         "environment,市容", "lies below itself"),
        # Categories.
        ("categories", "traffic,交通管理", "utilities,交通管理", "交通管理", "stands in line"),
        ("categories", "占道经营", "垃圾清运", "environment-stall", "under the same parent"),
        ("categories", "utilities-water,供水", "utilities-tap,供水", None, "no category has the c"),
    ],
)  # fmt: skip
def test_a_planted_fault_is_found(file, old, new, where, message) -> None:
    """At its line where the fault has one."""
    text = getattr(policies, file.upper())
    assert old in text
    changed = text.replace(old, new, 1)
    found = check(policy_files(**{file: changed}))
    assert any(
        (where is None or fault.line == line_of(changed, where))
        and (message is None or message in fault.message)
        for fault in found
    ), found


@pytest.mark.parametrize("name", sorted(full_files()))
def test_a_file_in_another_encoding_is_found_at_its_line(name: str) -> None:
    """Office programs still write GB 18030; guessing could change a word."""
    content = full_files()[name] + "# 不是这种编码\n".encode("gb18030")
    found = check(full_files() | {name: content})
    line = content.count(b"\n")
    assert any((f.file, f.line, f.message) == (name, line, "not UTF-8") for f in found), found


@pytest.mark.parametrize("name", sorted(policy_files()))
def test_an_empty_file_is_a_fault_unless_the_city_may_do_without(name: str) -> None:
    """A copy that broke off leaves an empty file."""
    found = check(policy_files() | {name: b""})
    may_be_empty = {"imports.toml", "nature.toml", "urgency.toml", "calendar.toml"}
    assert bool(found) == (name not in may_be_empty), found


@pytest.mark.parametrize("name", sorted(policy_files()))
def test_a_missing_file_is_a_fault_unless_it_is_optional(name: str) -> None:
    """A city without its calendar would promise what it can't know."""
    files = policy_files()
    del files[name]
    found = [str(fault) for fault in check(files)]
    assert found == ([f"{name}:1: error: the file is missing"] if FILES[name] else [])


def test_a_file_that_no_policy_has_is_told() -> None:
    """`catalog.toml` beside `catalogue.toml` would be left out in silence."""
    found = check(policy_files() | {"catalog.toml": b""})
    assert [(f.file, f.severity) for f in found] == [("catalog.toml", "warning")]


def test_more_landmarks_than_every_service_can_hold_are_refused() -> None:
    """They are read by every service at every change."""
    rows = "".join(f"路{number},990101\n" for number in range(landmarks.ROWS_MAX + 1))
    found = check(policy_files() | {"landmarks.csv": f"name,division\n{rows}".encode()})
    assert [f.message for f in found] == [
        f"{landmarks.ROWS_MAX + 1} rows; there may be {landmarks.ROWS_MAX}"
    ]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('lead = "city-transport"', 'lead = "city-transport"\nassists = ["city-transport"]',
         "city-transport stands in lead and in assists"),
        ('copies = ["district-of(place)"]', 'copies = ["water-company"]',
         "water-company stands in lead and in copies"),
        ('"traffic-bus"', '"traffic-bus"\nplaces = ["东区"]\nexcept_places = ["桥北街道"]',
         "lies in none of the rule's places"),
        ('"traffic-bus"', '"traffic-bus"\nwords = ["车"]', "'车' is too short"),
        ('category = "traffic-bus"', 'category = "traffic-bus"\nnatures = ["anger"]', "is none of"),
        ('text = "公交车到站不停", ', 'text = "公交车", nature = "anger", ', "is none of"),
        ('text = "公交车到站不停", ', 'category = "traffic-ship", ', "no category has the code"),
        ('text = "公交车到站不停", ', "", "a text or a category"),
        ('source = "test"', 'source = ""', "a text that isn't empty"),
        ("date = 2026-01-01", 'date = "2026-01-01"', "must be a date"),
        ("date = 2026-01-01", "date = 2026-01-01\ncolour = 1", "means nothing here"),
        ('lead = "city-transport"', "", "`lead` is missing"),
        ('lead = "city-transport"', 'lead = "superior-of(agency)"', "neither an agency code nor"),
    ],
)  # fmt: skip
def test_a_slip_in_a_rule_is_found(old: str, new: str, message: str) -> None:
    """Each is allowed by the letter of the file, or nearly so, and nobody means it."""
    assert old in policies.CATALOGUE
    found = check(policy_files(catalogue=policies.CATALOGUE.replace(old, new, 1)))
    assert any(f.file == "catalogue.toml" and message in f.message for f in found), found


def test_a_rule_on_an_older_code_can_never_decide() -> None:
    """Complaints with the older code are read as the newer one's."""
    header, *rows = policies.CATEGORIES.strip().split("\n")
    text = "\n".join([f"{header},same_as", *(f"{row}," for row in rows)])
    text += "\nbuses,公交旧类,traffic,,,traffic-bus\n"
    rule = policies.CATALOGUE.replace('category = "traffic-bus"', 'category = "buses"')
    found = check(policy_files(categories=text, catalogue=rule))
    (fault,) = found
    assert fault.message.endswith("buses is the older code of traffic-bus: name that one")
