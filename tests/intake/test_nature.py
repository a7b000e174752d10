"""Nature: only where the opening makes it evident."""

from __future__ import annotations

import pytest

from services.events import Nature
from services.intake.decide.nature import nature_of


@pytest.mark.parametrize(
    ("title", "text", "nature"),
    [
        ("关于咨询公积金提取的问题", "来电人想了解提取条件", Nature.CONSULTATION),
        (None, "市民来电投诉楼下饭店油烟扰民", Nature.COMPLAINT),
        (None, "举报有人在河边倒垃圾", Nature.REPORT),
        (None, "建议在路口装一盏红绿灯", Nature.SUGGESTION),
        (None, "I want to complain about the noise", Nature.COMPLAINT),
    ],
)
def test_the_opening_names_the_nature(title: str | None, text: str, nature: Nature) -> None:
    """Operators' records begin with it."""
    assert nature_of(title, text) is nature


@pytest.mark.parametrize(
    "text",
    [
        "路灯坏了",
        "咨询并投诉物业收费",
        "小区路灯坏了一个多月，物业说不归他们管，我多次向有关部门投诉都没有结果",
    ],
)
def test_what_is_not_evident_stays_unknown(text: str) -> None:
    """The router treats a wrong nature worse than none."""
    assert nature_of(None, text) is Nature.UNKNOWN
