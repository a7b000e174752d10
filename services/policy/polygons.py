"""GeoJSON files of a policy: named polygons, with a fault at the line of each mistake.

A FeatureCollection (RFC 7946) whose features are Polygons or MultiPolygons with a property
`code`. Positions are [longitude, latitude] in WGS 84, as RFC 7946 section 4 demands; what
Chinese maps publish in GCJ-02 or BD-09 lies up to a kilometre off and must be converted before.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from shapely.geometry.base import BaseGeometry

    from services.policy.faults import FaultLog

_KINDS = ("Polygon", "MultiPolygon")
_LONGITUDE_MAX, _LATITUDE_MAX = 180, 90
#: Three corners, and the first again.
_RING_LENGTH_MIN = 4

_Ring = tuple[tuple[float, float], ...]
#: Polygons, each an outer ring and its holes, each a closed row of (longitude, latitude).
Polygons = tuple[tuple[_Ring, ...], ...]


@dataclass(frozen=True, slots=True)
class Feature:
    """One sound feature."""

    code: str
    properties: Mapping[str, Any]
    polygons: Polygons
    line: int


def read_features(
    file: str, text: str, code_fault: Callable[[str], str | None], faults: FaultLog
) -> tuple[Feature, ...]:
    """Read the features of a collection.

    Args:
        file: Its name, for faults.
        text: What it holds.
        code_fault: Says what is wrong with a feature's code, or None.
        faults: Where faults go; each names the line of the feature's code, if that is clear.

    Returns:
        The sound ones in file order.
    """
    found: dict[str, Feature] = {}
    for number, feature in enumerate(_features(file, text, faults), 1):
        code = _code(feature)
        label, line = (
            f"feature {number} ({code})" if code else f"feature {number}",
            _line(text, code, again=code in found),
        )
        fault = "another feature has this code" if code in found else code_fault(code)
        polygons = fault or _polygons(feature.get("geometry"))
        if isinstance(polygons, str):
            faults.error(file, line, f"{label}: {polygons}")
            continue
        if fault := _invalid(polygons):
            # Official maps hold many such spots; mended, they lose a few square metres.
            faults.warning(file, line, f"{label}: {fault}; it is used as mended")
        found[code] = Feature(code, feature["properties"], polygons, line)
    return tuple(found.values())


def shape_of(polygons: Polygons) -> BaseGeometry:
    """Make a shape of polygons, mended where they cross themselves."""
    # Only here, because cities without polygons shouldn't wait for it at every start.
    from shapely import MultiPolygon, Polygon, make_valid  # noqa: PLC0415

    return make_valid(MultiPolygon([Polygon(outer, holes) for outer, *holes in polygons]))


def _features(file: str, text: str, faults: FaultLog) -> list[Any]:
    try:
        written = json.loads(text)
    except (ValueError, RecursionError) as error:
        faults.error(file, getattr(error, "lineno", 1), f"no JSON: {error}")
        return []
    features = written.get("features") if isinstance(written, dict) else None
    if not isinstance(features, list) or written.get("type") != "FeatureCollection":
        faults.error(file, 1, "is no FeatureCollection with a list `features`")
        return []
    return features


def _code(feature: object) -> str:
    properties = feature.get("properties") if isinstance(feature, dict) else None
    code = properties.get("code") if isinstance(properties, dict) else None
    return str(code) if isinstance(code, str | int) else ""


def _line(text: str, code: str, *, again: bool) -> int:
    """Find the line that names a code, or names it again; 1 where none does."""
    at = text.find(f'"{code}"') if code else -1
    if again:
        at = text.find(f'"{code}"', at + 1)
    return text.count("\n", 0, at) + 1 if at >= 0 else 1


def _polygons(geometry: object) -> Polygons | str:
    """Read a geometry, or say what is wrong with it."""
    if not isinstance(geometry, dict) or (kind := geometry.get("type")) not in _KINDS:
        return f"its geometry is no {' or '.join(_KINDS)}"
    coordinates: Any = geometry.get("coordinates")
    try:
        listed = [coordinates] if kind == "Polygon" else list(coordinates)
        polygons = tuple(
            tuple(tuple((float(x), float(y)) for x, y, *_ in ring) for ring in polygon)
            for polygon in listed
        )
    except (TypeError, ValueError):
        return "its coordinates are no rings of [longitude, latitude]"
    if not polygons or not all(polygons):
        return "it has no ring"
    return next(_ring_faults(polygons), None) or polygons


def _ring_faults(polygons: Polygons) -> Iterator[str]:
    for ring in (ring for polygon in polygons for ring in polygon):
        if any(abs(y) > _LATITUDE_MAX >= abs(x) for x, y in ring):
            yield "its coordinates are swapped: they must be [longitude, latitude]"
        elif not all(abs(x) <= _LONGITUDE_MAX and abs(y) <= _LATITUDE_MAX for x, y in ring):
            yield "its coordinates are no degrees of longitude and latitude (WGS 84)"
        elif len(ring) < _RING_LENGTH_MIN:
            yield f"a ring has {len(ring)} positions; it needs {_RING_LENGTH_MIN}"
        elif ring[0] != ring[-1]:
            yield "a ring isn't closed: its last position must be its first"


def _invalid(polygons: Polygons) -> str | None:
    # Only here, because cities without polygons shouldn't wait for it at every start.
    from shapely import MultiPolygon, Polygon, is_valid_reason  # noqa: PLC0415

    shape = MultiPolygon([Polygon(outer, holes) for outer, *holes in polygons])
    reason = str(is_valid_reason(shape))
    return None if reason == "Valid Geometry" else f"its geometry is invalid: {reason}"
