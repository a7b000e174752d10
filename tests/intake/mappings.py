"""Mappings of systems that call the tiny city's hotline, and calls of theirs; all invented."""

from __future__ import annotations

from services.policy import HookMapping, Policy, load
from tests.intake.callers import NAME, PHONE
from tests.policies import policy_files

WATER = """
when = "event == 'created'"

[fields]
external_id = "ticket.id"
text = "ticket.words"
title = "ticket.title"
received_at = "ticket.at"
category = "ticket.kind"
district = "ticket.where.district"
longitude = "ticket.where.lng"
latitude = "ticket.where.lat"
name = "caller.name"
phone = "caller.phone"
is_secret = "caller.hide"

[values.category]
WASTE = "environment-waste"

[[examples]]
body = '{"event": "created", "ticket": {"id": 7, "words": "垃圾没人清", "kind": "WASTE"}}'
expect = { external_id = "7", category = "environment-waste", title = "" }
"""

GRID = """
signature = "shared-secret"
header = "x-grid-token"
content = "form"
charset = "gbk"
received_formats = ["%Y-%m-%d %H:%M"]

[fields]
external_id = '"编号"'
text = '"诉求内容"'
received_at = '"上报时间"'
district = '"所属区"'
phone = '"联系电话"'
is_secret = '"是否保密"'

[constants]
channel = "grid"

[[examples]]
body = "编号=1&诉求内容=路灯不亮&所属区=东区"
expect = { text = "路灯不亮", channel = "grid" }
"""

SEVERAL = """
items = "list[]"

[fields]
text = "words"

[[examples]]
body = '{"list": [{"words": "a"}, {"words": "b"}]}'
expect = [{ text = "a" }, { text = "b" }]
"""


def with_hooks(**changes: str | None) -> Policy:
    """The tiny policy with three mappings, unless changed: `water`, `grid`, `several`."""
    texts = {"water": WATER, "grid": GRID, "several": SEVERAL} | changes
    hooks = {f"hooks/{name}.toml": text.encode() for name, text in texts.items() if text}
    return load(policy_files() | hooks)


def mapping(text: str) -> HookMapping:
    """One mapping, loaded as `water`."""
    return with_hooks(water=text).hooks["water"]


def a_ticket(number: int = 7, **changes: object) -> dict[str, object]:
    """A call of the source `water`."""
    ticket: dict[str, object] = {
        "id": number,
        "words": f"楼下的垃圾桶没有人清。第{number}次。",
        "kind": "WASTE",
        "where": {"district": "东区"},
    }
    return {
        "event": "created",
        "ticket": ticket | changes,
        "caller": {"name": NAME, "phone": PHONE, "hide": "yes"},
    }
