"""Whistles for tests, as a street of the tiny policy would blow them."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from services.events import Approval, Coordination, Place, Whistle
from services.runtime.ids import new_id
from tests.builders import NOON

STREET = "street-990101001"
ENFORCEMENT = "enforcement-990101"
GOVERNMENT = "government-990101"
#: A matter that no rule of the catalogue names anybody for.
UNOWNED = "老院墙年久失修，产权不明，随时可能倒。"
#: The street's own, by the catalogue.
WASTE = "市场后门垃圾成堆，反复清理反复堆放。"
#: Enforcement's by the catalogue, the street assists.
STALLS = "路口长期摆摊占道，夜间扰民。"


def asked(*agencies: str, at: datetime = NOON - timedelta(days=2)) -> Coordination:
    """An attempt to settle it without a whistle."""
    return Coordination(agencies=agencies, tried_at=at, result="对方认为不属其职责。")


def approved(rank: str = "team", approver: str = "B-02") -> Approval:
    """Somebody let it be blown."""
    return Approval(rank=rank, approver=approver)


def a_whistle(**changes: Any) -> Whistle:
    """A daily whistle of the street for its waste and two bodies, unless changed."""
    fields: dict[str, Any] = {
        "whistle_id": new_id(),
        "kind": "daily",
        "raised_by": STREET,
        "raised_at": NOON,
        "text": WASTE,
        "place": Place(district="990101", street="990101001"),
        "wanted": ("water-company",),
        "wanted_functions": ("enforcement",),
        "own_duty": "已清运两车，张贴告示。",
        "coordination": (asked("water-company", ENFORCEMENT),),
        "approvals": (approved(),),
    }
    return Whistle(**(fields | changes))
