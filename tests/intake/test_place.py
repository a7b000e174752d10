"""Place: what the words settle, and nothing else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.intake.decide.place import (
    Gazetteer,
    UnknownCode,
    Where,
    settle_fields,
    settle_text,
)
from services.policy import Division

EAST, WEST = "110105", "110108"
PINE, OAK_EAST, OAK_WEST, PEOPLE = "110105001", "110105002", "110108001", "110108002"
GARDEN, POND_EAST, POND_WEST = "110105001001", "110105002001", "110108001001"

_ROWS: list[tuple[str, str, str, str | None, tuple[str, ...]]] = [
    ("1101", "北京市", "city", None, ()),
    (EAST, "朝阳区", "district", "1101", ()),
    (WEST, "海淀区", "district", "1101", ()),
    (PINE, "望京街道", "street", EAST, ()),
    (OAK_EAST, "八里庄街道", "street", EAST, ()),
    (OAK_WEST, "八里庄街道", "street", WEST, ()),
    (PEOPLE, "人民街道", "street", WEST, ()),
    (GARDEN, "望花路社区居委会", "community", PINE, ("望花路",)),
    (POND_EAST, "莲池村委会", "community", OAK_EAST, ()),
    (POND_WEST, "莲池村委会", "community", OAK_WEST, ()),
]


def _gazetteer() -> Gazetteer:
    rows = {code: Division(code, *rest) for code, *rest in _ROWS}  # type: ignore[arg-type]
    return Gazetteer(rows)


GAZETTEER = _gazetteer()
NEW_YORK = Gazetteer(
    {
        "nyc": Division("nyc", "New York", "city", None, ()),
        "queens": Division("queens", "Queens", "district", "nyc", ()),
        "bronx": Division("bronx", "Bronx", "district", "nyc", ("The Bronx",)),
    }
)


def _text(text: str) -> Where:
    return settle_text(GAZETTEER, Where(), text)


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("朝阳区望京街道的路灯坏了", Where(EAST, PINE)),
        ("朝阳望京路灯不亮", Where(EAST, PINE)),
        ("望京的路灯坏了", Where(EAST, PINE)),
        ("望京街道办事处不接电话", Where(EAST, PINE)),
        ("海淀区八里庄街道停水", Where(WEST, OAK_WEST)),
        ("朝阳八里庄停水", Where(EAST, OAK_EAST)),
        ("望花路社区停水", Where(EAST, PINE, GARDEN)),
        ("海淀八里庄莲池村的路", Where(WEST, OAK_WEST, POND_WEST)),
    ],
)
def test_official_names_and_short_ones_lead_to_the_same_place(text: str, where: Where) -> None:
    """People say 望京, not 望京街道办事处."""
    assert _text(text) == where


@pytest.mark.parametrize(
    "text",
    [
        "八里庄停水",  # A street of two districts.
        "莲池村的路坏了",  # A village of two streets.
        "朝阳区和海淀区都停水",  # Two districts.
        "这里到处是垃圾",  # None.
    ],
)
def test_what_leaves_two_possibilities_settles_nothing(text: str) -> None:
    """A wrong street costs a return and two days."""
    assert _text(text) == Where()


@pytest.mark.parametrize(
    "text", ["朝阳路堵车", "望京西路路灯", "朝阳医院收费", "海淀公园关门", "望京桥下积水"]
)
def test_a_short_name_inside_another_name_is_not_a_place(text: str) -> None:
    """朝阳路 is a road, and there is one in every city."""
    assert _text(text) == Where()


def test_an_everyday_word_is_a_street_only_with_its_kind() -> None:
    """Every second letter speaks of the people."""
    assert _text("为人民办实事") == Where()
    assert _text("人民街道的垃圾") == Where(WEST, PEOPLE)


def test_a_street_outside_the_known_district_is_left_out() -> None:
    """Fields are what an operator has asked for; words may speak of another place, too."""
    known = settle_fields(GAZETTEER, {"district": "海淀区"})
    assert isinstance(known, Where)
    assert settle_text(GAZETTEER, known, "开往望京的公交车") == Where(WEST)


def test_two_streets_of_one_district_settle_the_district() -> None:
    """The district government can decide between them."""
    assert _text("望京街道和朝阳八里庄街道都停水") == Where(EAST)


@pytest.mark.parametrize("name", ["望京街道", "望京", "望京街道办事处", PINE])
def test_a_field_takes_a_code_or_any_spelling_of_a_name(name: str) -> None:
    """Files of different systems spell a street in different ways."""
    assert settle_fields(GAZETTEER, {"district": "朝阳", "street": name}) == Where(EAST, PINE)


def test_an_unknown_name_in_a_field_gives_no_code_and_no_refusal() -> None:
    """A call is never lost for a name that the gazetteer lacks."""
    found = settle_fields(GAZETTEER, {"district": "朝阳区", "street": "新开的街道"})
    assert found == Where(EAST)


def test_an_unknown_code_is_named() -> None:
    """A program that sends codes must learn that they are wrong."""
    found = settle_fields(GAZETTEER, {"street": "110199999"})
    assert found == UnknownCode("street", "110199999", "unknown")


def test_a_street_code_of_another_district_is_named() -> None:
    """Two codes that contradict each other: neither can be trusted."""
    found = settle_fields(GAZETTEER, {"district": WEST, "street": PINE})
    assert found == UnknownCode("street", PINE, "elsewhere")


def test_a_latin_name_counts_as_a_whole_word_in_any_case() -> None:
    """Queensway isn't Queens."""
    assert settle_text(NEW_YORK, Where(), "loud music in QUEENS, again") == Where("queens")
    assert settle_text(NEW_YORK, Where(), "at Queensway plaza") == Where()


@given(st.lists(st.sampled_from([name for _, name, *_ in _ROWS]) | st.text(max_size=5), max_size=6))
def test_a_street_is_never_settled_without_its_own_district(parts: list[str]) -> None:
    """Whatever is said, the codes nest."""
    where = _text("".join(parts))
    if where.street:
        assert where.district == where.street[:6]
    if where.community:
        assert where.street == where.community[:9]
