"""The optional files of places: landmarks and polygons, and what is wrong with them."""

from __future__ import annotations

import json

import pytest

from services.policy import Landmark, check, load
from services.policy.landmarks import COUNT_DEFAULT
from tests.policies import policy_files

SQUARE = [[[110.0, 20.0], [111.0, 20.0], [111.0, 21.0], [110.0, 21.0], [110.0, 20.0]]]
BOW = [[[110.0, 20.0], [111.0, 21.0], [111.0, 20.0], [110.0, 21.0], [110.0, 20.0]]]


def _feature(
    code: object, coordinates: object = SQUARE, kind: str = "Polygon"
) -> dict[str, object]:
    return {
        "type": "Feature",
        "properties": {"code": code},
        "geometry": {"type": kind, "coordinates": coordinates},
    }


def _polygons(*features: object) -> dict[str, bytes]:
    written = {"type": "FeatureCollection", "features": list(features)}
    return policy_files() | {"boundaries.geojson": json.dumps(written, indent=1).encode()}


def _faults(files: dict[str, bytes]) -> list[str]:
    return [str(fault) for fault in check(files)]


def _landmark_faults(rows: str) -> list[str]:
    text = f"# a note\nname,division,count,source\n{rows}\n"
    return _faults(policy_files() | {"landmarks.csv": text.encode()})


def test_landmarks_are_read_with_their_counts() -> None:
    """A row that an official adds needs no count."""
    text = "name,division,count\n梧桐大道,990101001,7\n纺织小区,990102,\n"
    policy = load(policy_files() | {"landmarks.csv": text.encode()})
    assert policy.landmarks == (
        Landmark("梧桐大道", "990101001", 7, 2),
        Landmark("纺织小区", "990102", COUNT_DEFAULT, 3),
    )


def test_a_policy_needs_neither_file() -> None:
    """Most cities begin without."""
    policy = load(policy_files())
    assert (policy.landmarks, policy.boundaries) == ((), ())


@pytest.mark.parametrize(
    ("row", "fault"),
    [
        ("梧桐大道,990199,1,x", "no division has the code '990199'"),
        ("梧桐大道,9901,1,x", "is a city"),
        ("路,990101,1,x", "2 to 20 characters"),
        ("梧桐大道,990101,0,x", "is no number from 1 up"),
        ("梧桐大道,990101,many,x", "is no number from 1 up"),
        ("梧桐大道,990101,1,x\n梧桐大道,990101,2,x", "stands in line 3 too"),
    ],
)
def test_a_fault_of_a_landmark_is_named_with_its_line(row: str, fault: str) -> None:
    """An official must find it."""
    (found,) = _landmark_faults(row)
    assert found.startswith(f"landmarks.csv:{3 + row.count(chr(10))}: error: ")
    assert fault in found


def test_polygons_are_read_by_code() -> None:
    """A polygon and one of several parts."""
    policy = load(_polygons(_feature("990101"), _feature("990102", [SQUARE], "MultiPolygon")))
    assert [one.code for one in policy.boundaries] == ["990101", "990102"]
    assert policy.boundaries[0].polygons[0][0][0] == (110.0, 20.0)


@pytest.mark.parametrize(
    ("feature", "fault"),
    [
        (_feature("990199"), "no division has the code '990199'"),
        (_feature(None), "no division has the code ''"),
        ("nonsense", "no division has the code ''"),
        (_feature("990101", [SQUARE[0][:-1]]), "a ring isn't closed"),
        (_feature("990101", [SQUARE[0][:2]]), "a ring has 2 positions"),
        (_feature("990101", [[[y, x] for x, y in SQUARE[0]]]), "are swapped"),
        (_feature("990101", [[[x * 1e4, y] for x, y in SQUARE[0]]]), "are no degrees"),
        (_feature("990101", [[["a", 1.0]]]), "are no rings"),
        (_feature("990101", 7), "are no rings"),
        (_feature("990101", []), "it has no ring"),
        (_feature("990101", [110.0, 20.0], "Point"), "is no Polygon or MultiPolygon"),
    ],
)
def test_a_fault_of_a_polygon_is_named(feature: object, fault: str) -> None:
    """Polygons come from other people's tools; most go wrong in one of these ways."""
    (found,) = _faults(_polygons(feature))
    assert found.startswith("boundaries.geojson:")
    assert fault in found


def test_a_polygon_that_crosses_itself_is_named_and_used_as_mended() -> None:
    """Official maps hold many such spots: no reason to do without all the others."""
    (found,) = _faults(_polygons(_feature("990101", BOW)))
    assert "warning" in found
    assert "its geometry is invalid: Self-intersection" in found
    assert load(_polygons(_feature("990101", BOW))).boundaries[0].code == "990101"


def test_two_polygons_of_one_code_are_named() -> None:
    """Which one counts isn't ours to guess; the line is that of the code."""
    (found,) = _faults(_polygons(_feature("990101"), _feature("990101")))
    assert "another feature has this code" in found


@pytest.mark.parametrize("text", ["{", "[]", '{"type": "Feature"}', "null"])
def test_what_is_no_collection_is_said(text: str) -> None:
    """Not a traceback."""
    (found,) = _faults(policy_files() | {"boundaries.geojson": text.encode()})
    assert found.startswith("boundaries.geojson:")
    assert "no JSON" in found or "is no FeatureCollection" in found
