"""Boundaries: a position lies in a division, or in none for sure."""

from __future__ import annotations

import pytest

from services.intake.decide.boundaries import Boundaries
from services.policy.boundaries import Boundary
from tests.policies import a_policy

DIVISIONS = a_policy().divisions


def _square(code: str, west: float, south: float, side: float = 1.0) -> Boundary:
    east, north = west + side, south + side
    ring = ((west, south), (east, south), (east, north), (west, north), (west, south))
    return Boundary(code, ((ring,),))


BOUNDARIES = Boundaries(
    DIVISIONS,
    (
        _square("990101", 110.0, 20.0),
        _square("990102", 111.0, 20.0),
        _square("990101001", 110.2, 20.2, 0.2),
    ),
)


@pytest.mark.parametrize(
    ("position", "code"),
    [
        ((110.5, 20.5), "990101"),
        ((111.5, 20.5), "990102"),
        ((110.3, 20.3), "990101001"),  # The narrowest counts.
        ((109.0, 20.5), None),  # Outside.
        ((111.0, 20.5), None),  # On the line between two.
    ],
)
def test_a_position_gives_the_narrowest_division_that_holds_it(
    position: tuple[float, float], code: str | None
) -> None:
    """And none where two of one level hold it: neither is sure."""
    assert BOUNDARIES.at(*position) == code


def test_a_hole_is_not_inside() -> None:
    """Some districts lie around another."""
    outer = _square("990101", 110.0, 20.0).polygons[0][0]
    hole = _square("990101", 110.4, 20.4, 0.2).polygons[0][0]
    ring = Boundaries(DIVISIONS, (Boundary("990101", ((outer, hole),)),))
    assert ring.at(110.5, 20.5) is None
    assert ring.at(110.1, 20.1) == "990101"


def test_a_city_without_polygons_knows_no_position() -> None:
    """The file is optional."""
    assert Boundaries(DIVISIONS, ()).at(110.5, 20.5) is None


def test_a_polygon_that_crosses_itself_still_holds_what_lies_in_it() -> None:
    """Of a bow tie both wings count."""
    ring = ((110.0, 20.0), (111.0, 21.0), (111.0, 20.0), (110.0, 21.0), (110.0, 20.0))
    tie = Boundaries(DIVISIONS, (Boundary("990101", ((ring,),)),))
    assert tie.at(110.1, 20.5) == "990101"
    assert tie.at(110.9, 20.5) == "990101"
    assert tie.at(110.5, 20.9) is None
