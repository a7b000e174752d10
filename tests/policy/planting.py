"""A sound policy with every kind of condition in use, and the line of what is planted in it."""

from __future__ import annotations

from collections.abc import Mapping

from services.policy.areas import Area, read_areas
from services.policy.faults import FaultLog
from tests.policies import AGENCIES, CATALOGUE, policy_files

#: A station in the east, a market that reaches into it, and a park far away.
AREAS = """{ "type": "FeatureCollection", "features": [
{ "type": "Feature", "properties": {
    "code": "station", "name": "火车站", "source": "test", "date": "2026-01-01" },
  "geometry": { "type": "Polygon",
    "coordinates": [[[110.0, 20.0], [110.2, 20.0], [110.2, 20.2], [110.0, 20.2], [110.0, 20.0]]] } },
{ "type": "Feature", "properties": {
    "code": "market", "name": "集贸市场", "source": "test" },
  "geometry": { "type": "Polygon",
    "coordinates": [[[110.1, 20.1], [110.3, 20.1], [110.3, 20.3], [110.1, 20.3], [110.1, 20.1]]] } },
{ "type": "Feature", "properties": {
    "code": "park", "name": "森林公园", "source": "test" },
  "geometry": { "type": "Polygon",
    "coordinates": [[[110.6, 20.6], [110.7, 20.6], [110.7, 20.7], [110.6, 20.7], [110.6, 20.6]]] } }
] }
"""  # noqa: E501 - a polygon a line

POWERS = """# What streets of Linzhou answer for (街道职责清单).
category,source,date
environment-waste,test,2026-01-01
"""

RULES = """
[[rules]]
id = "station-waste"
category = "environment-waste"
areas = ["station"]
except_areas = ["park"]
lead = "city-transport"
source = "test"
date = 2026-01-01
examples = [{ text = "垃圾没人清", point = [110.05, 20.05], expect = "city-transport" }]

[[rules]]
id = "meters-of-the-company"
category = "utilities-water"
attributes = { WHISPAWN = ["124"] }
lead = "city-housing"
source = "test"
date = 2026-01-01
examples = [{ text = "停水", attributes = { WHISPAWN = "124" }, expect = "city-housing" }]

[[rules]]
id = "night-stalls"
category = "environment-stall"
hours = "22:00-06:00"
season = "11-15/03-15"
valid_from = 2026-01-01
valid_until = 2027-12-31
lead = "city-housing"
source = "test"
date = 2026-01-01
examples = [{ text = "路口摆摊", at = 2026-12-01T23:30:00, expect = "city-housing" }]

[[rules]]
id = "tax"
words = ["发票"]
category = "traffic"
lead = "reflect-to(central-tax)"
source = "test"
date = 2026-01-01
examples = [{ text = "公交车不给发票", category = "traffic", expect = "hotline" }]
"""

FULL_AGENCIES = AGENCIES + "central-tax,国家税务局,central-unit,,hotline,,\n"
FULL_CATALOGUE = CATALOGUE + RULES


def full_files(**overrides: str) -> dict[str, bytes]:
    """The files of the tiny policy with all of it.

    Args:
        overrides: By file name without suffix: another text in place of the file.
    """
    areas, powers = overrides.pop("areas", AREAS), overrides.pop("powers", POWERS)
    texts = {"agencies": FULL_AGENCIES, "catalogue": FULL_CATALOGUE} | overrides
    return policy_files(**texts) | {
        "areas.geojson": areas.encode(),
        "powers.csv": powers.encode(),
    }


def an_area_file() -> Mapping[str, Area]:
    """The areas alone, read."""
    faults = FaultLog()
    found = read_areas(AREAS, faults)
    assert faults.ordered() == ()
    return found


def line_of(text: str, where: str) -> int:
    """Count the last line that holds a part; `^part` means the line before it."""
    part = where.removeprefix("^")
    numbers = [number for number, line in enumerate(text.split("\n"), start=1) if part in line]
    return numbers[-1] - where.startswith("^")
