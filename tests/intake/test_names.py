"""Names: which spellings of a division a text may use."""

from __future__ import annotations

import pytest

from services.intake.decide.names import names_of, stem
from services.policy import Division


@pytest.mark.parametrize(
    ("name", "level", "short"),
    [
        ("朝阳区", "district", "朝阳"),
        ("密云县", "district", "密云"),
        ("东区", "district", "东区"),
        ("望京街道办事处", "street", "望京"),
        ("常营回族乡", "street", "常营"),
        ("高碑店地区", "street", "高碑店"),
        ("望花路社区居委会", "community", "望花路社区"),
        ("辛庄村委会", "community", "辛庄村"),
        ("辛庄村村民委员会", "community", "辛庄村"),
    ],
)
def test_usual_endings_are_dropped_unless_too_little_is_left(
    name: str, level: str, short: str
) -> None:
    """东 alone would be found in every text."""
    assert stem(name, level) == short


def test_a_street_named_like_a_road_has_no_bare_name() -> None:
    """学院路 is a road of three kilometres first, and a street office second."""
    street = Division("110108029", "学院路街道", "street", "110108", ())
    assert all(not name.is_bare for name in names_of(street))


def test_a_community_counts_only_with_its_kind() -> None:
    """Too many communities are called 团结 or 幸福."""
    community = Division("110101001001", "团结社区居委会", "community", "110101001", ())
    assert {name.text for name in names_of(community)} == {"团结社区", "团结社区居委会"}
