"""`areas.geojson`: pieces of the city that aren't divisions: an airport, a station, a park.

An optional file, written as `services.policy.polygons` says. Each feature has the properties
`code` (the policy's own, such as `capital-airport`), `name` and `source`, and perhaps `date`
and `note`. Rules name the codes in `areas` and `except_areas`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from services.policy.polygons import Polygons, read_features

if TYPE_CHECKING:
    from collections.abc import Mapping

    from services.policy.faults import FaultLog
    from services.policy.polygons import Feature

FILE = "areas.geojson"

_CODE = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_REQUIRED = ("name", "source")
_ALLOWED = {"code", "date", "note", *_REQUIRED}


@dataclass(frozen=True, slots=True)
class Area:
    """A piece of the city that somebody answers for, whatever division it lies in."""

    code: str
    name: str
    source: str
    polygons: Polygons
    line: int = 0  #: Where its code stands in the file, for faults.


def read_areas(text: str | None, faults: FaultLog) -> Mapping[str, Area]:
    """Read the areas.

    Args:
        text: The file's; None without it.
        faults: Where faults go.

    Returns:
        Areas by code, in file order.
    """
    if text is None:
        return {}
    features = read_features(FILE, text, _code_fault, faults)
    return {feature.code: _area(feature, faults) for feature in features}


def _code_fault(code: str) -> str | None:
    is_code = _CODE.fullmatch(code)
    return None if is_code else f"its property `code` is no code such as capital-airport: {code!r}"


def _area(feature: Feature, faults: FaultLog) -> Area:
    properties = feature.properties
    for key in _REQUIRED:
        if not isinstance(properties.get(key), str) or not properties[key].strip():
            message = f"area {feature.code}: `{key}` must be a text that isn't empty"
            faults.error(FILE, feature.line, message)
    for key in properties:
        if key not in _ALLOWED:
            faults.error(FILE, feature.line, f"area {feature.code}: `{key}` means nothing here")
    name, source = (str(properties.get(key, "")).strip() for key in _REQUIRED)
    return Area(feature.code, name, source, feature.polygons, feature.line)
