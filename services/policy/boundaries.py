"""`boundaries.geojson`: polygons of divisions, so that a position tells its place.

An optional file, written as `services.policy.polygons` says; the property `code` of a feature
is a division's.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from services.policy.polygons import Polygons, read_features

if TYPE_CHECKING:
    from collections.abc import Mapping

    from services.policy.divisions import Division
    from services.policy.faults import FaultLog

FILE = "boundaries.geojson"


@dataclass(frozen=True, slots=True)
class Boundary:
    """The area of one division."""

    code: str
    polygons: Polygons


def read_boundaries(
    text: str | None, divisions: Mapping[str, Division], faults: FaultLog
) -> tuple[Boundary, ...]:
    """Read the polygons.

    Args:
        text: The file's; None without it.
        divisions: By code.
        faults: Where faults go.

    Returns:
        The sound boundaries in file order.
    """
    if text is None:
        return ()

    def code_fault(code: str) -> str | None:
        is_known = code in divisions
        return None if is_known else f"no division has the code {code!r} of its property `code`"

    features = read_features(FILE, text, code_fault, faults)
    return tuple(Boundary(feature.code, feature.polygons) for feature in features)
