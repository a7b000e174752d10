"""The examples of the GeoReport v2 standard, and a city whose services are theirs.

The files in `golden/` are the standard's own examples. What differs is what another city has
to say: ids, dates, words of a status. `*` stands for a text that differs each time.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element, fromstring

from services.policy import Policy
from tests.policies import a_policy

GOLDEN = Path(__file__).parent / "golden"

CATEGORIES = """code,name,parent,standard,words
sanitation,环卫,,ordinary,
001,垃圾桶,sanitation,,lorem|ipsum|dolor
street,道路,,ordinary,
002,钢板,street,,lorem|ipsum|dolor
003,路缘,street,,lorem|ipsum|dolor
006,人行道,street,,
DMV66,车辆,,ordinary,
"""

CATALOGUE = """
[[rules]]
id = "street"
category = "street"
lead = "city-transport"
source = "test"
date = 2026-01-01
examples = [{ category = "006", expect = "city-transport" }]
"""

_SERVICES = """
jurisdiction_id = "city.gov"
contact = "You can email or call for assistance api@mycity.org +1 (555) 555-5555"
key_service = "You can request a key here: http://api.mycity.gov/api_key/request"
changeset = "2011-02-03 14:18"

[[service]]
category = "sanitation"
name = { en = "sanitation" }

[[service]]
category = "street"
name = { en = "street" }

[[service]]
category = "001"
name = { en = "Cans left out 24x7" }
[service.description]
zh = "垃圾桶未收"
en = "Garbage or recycling cans that have been left out for more than 24 hours after collection. \
Violators will be cited."

[[service]]
category = "002"
name = { en = "Construction plate shifted" }
[service.description]
zh = "钢板移位"
en = "Metal construction plate covering the street or sidewalk has been moved."

[[service]]
category = "003"
name = { en = "Curb or curb ramp defect" }
[service.description]
zh = "路缘破损"
en = "Sidewalk curb or ramp has problems such as cracking, missing pieces, holes, \
and/or chipped curb."

[[service]]
category = "006"
name = { en = "Sidewalk and Curb Issues" }

[[attribute]]
categories = ["sanitation", "002", "003"]
code = "WHISPAWN"
datatype = "number"
description = { zh = "编号" }

[[attribute]]
categories = ["001"]
code = "WHISDORN"
datatype = "string"
required = true
description = { zh = "代码" }

[[attribute]]
categories = ["DMV66"]
code = "WHISHETN"
datatype = "singlevaluelist"
required = true
description = { zh = "号码？", en = "What is the ticket/tag/DL number?" }
values = [
  { key = "123", name = { zh = "福特", en = "Ford" } },
  { key = "124", name = { zh = "克莱斯勒", en = "Chrysler" } },
]
"""


def the_city(settings: str = "") -> Policy:
    """The standard's city; `settings` are lines at the head of its `open311.toml`."""
    text = f"{settings}\n{_SERVICES.replace(chr(92) + chr(10), '')}"
    return a_policy(categories=CATEGORIES, catalogue=CATALOGUE, open311=text)


def differences(fmt: str, written: bytes, name: str) -> list[str]:
    """Say how an answer differs from an example; empty if it doesn't."""
    golden = (GOLDEN / f"{name}.{fmt}").read_bytes()
    if fmt == "json":
        return _unlike(json.loads(golden), json.loads(written), name)
    return _unlike(_tree(fromstring(golden)), _tree(fromstring(written)), name)  # noqa: S314


def _tree(element: Element) -> Any:
    """An element's name with its text, or with what it holds."""
    if not len(element):
        return [element.tag, (element.text or "").strip()]
    return [element.tag, [_tree(child) for child in element]]


def _unlike(golden: Any, found: Any, where: str) -> list[str]:
    if isinstance(golden, dict) and isinstance(found, dict):
        if list(golden) != list(found):
            return [f"{where}: fields {list(found)} instead of {list(golden)}"]
        return [w for key in golden for w in _unlike(golden[key], found[key], f"{where}.{key}")]
    if isinstance(golden, list) and isinstance(found, list):
        if len(golden) != len(found):
            return [f"{where}: {len(found)} elements instead of {len(golden)}: {found}"]
        pairs = enumerate(zip(golden, found, strict=True))
        return [w for at, (one, other) in pairs for w in _unlike(one, other, f"{where}[{at}]")]
    if golden == "*" and isinstance(found, str) and found:
        return []
    return [] if golden == found else [f"{where}: {found!r} instead of {golden!r}"]
