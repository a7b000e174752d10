"""Which division a position lies in: point in polygon.

Positions are taken as WGS 84, what phones measure. Chinese maps show GCJ-02 or BD-09, which
lie some hundred metres off; a system that sends those must convert them, for nothing in two
numbers tells which they are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from services.policy import Division
    from services.policy.boundaries import Boundary


class Boundaries:
    """A city's polygons in a tree, so that a look-up doesn't ask every one of them."""

    def __init__(self, divisions: Mapping[str, Division], rows: Sequence[Boundary]) -> None:
        """Build the tree. Built once per policy."""
        self._codes = [row.code for row in rows]
        self._levels = {code: divisions[code].level for code in self._codes}
        self._tree = None
        if rows:
            # Only here, because cities without polygons shouldn't wait for it at every start.
            from shapely import MultiPolygon, Polygon, STRtree, make_valid, prepare  # noqa: PLC0415

            shapes = [
                make_valid(MultiPolygon([Polygon(outer, holes) for outer, *holes in row.polygons]))
                for row in rows
            ]
            for shape in shapes:
                prepare(shape)
            self._tree = STRtree(shapes)

    def at(self, longitude: float, latitude: float) -> str | None:
        """Find the narrowest division that holds a position.

        Args:
            longitude: In degrees, WGS 84, as exact as it came.
            latitude: In degrees, WGS 84.

        Returns:
            Its code; None outside all polygons, or where two of one level hold it (they
            overlap, or it lies on the line between them).
        """
        if self._tree is None:
            return None
        from shapely import Point  # noqa: PLC0415 - loaded already

        by_level: dict[str, list[str]] = {}
        for index in self._tree.query(Point(longitude, latitude), predicate="intersects"):
            code = self._codes[int(index)]
            by_level.setdefault(self._levels[code], []).append(code)
        for level in ("community", "street", "district"):
            if level in by_level:
                return by_level[level][0] if len(by_level[level]) == 1 else None
        return None
