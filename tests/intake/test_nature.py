"""Nature: only where title, opening or an unmistakable phrase makes it evident."""

from __future__ import annotations

import pytest

from services.events import Nature
from services.intake.decide.nature import NatureScale
from services.policy import NatureWord, load
from services.policy.folder import read
from tests.policies import a_policy
from tests.test_tidy import ROOT

SCALE = NatureScale(load(read(ROOT / "policy" / "beijing")).natures)


@pytest.mark.parametrize(
    ("title", "text", "nature"),
    [
        ("关于咨询公积金提取的问题", "来电人想了解提取条件", Nature.CONSULTATION),
        (None, "市民来电投诉楼下饭店油烟扰民", Nature.COMPLAINT),
        (None, "举报有人在河边倒垃圾", Nature.REPORT),
        (None, "建议在路口装一盏红绿灯", Nature.SUGGESTION),
        (
            None,
            "楼下饭店的油烟整夜往屋里灌，物业来看过两次都没有办法，故来电投诉",
            Nature.COMPLAINT,
        ),
        (None, "社区的人帮忙找回了走失的老人，特此感谢", Nature.PRAISE),
        (None, "I want to complain about the noise", Nature.COMPLAINT),
        (None, "How do I renew my permit?", Nature.CONSULTATION),
    ],
)
def test_evident_words_name_the_nature(title: str | None, text: str, nature: Nature) -> None:
    """Operators' records say what they are, at their beginning or end."""
    shown = SCALE.show(title, text)
    assert shown is not None
    assert shown.nature is nature
    assert 0 < shown.end - shown.start < 30
    assert 0.5 < shown.confidence < 1


@pytest.mark.parametrize(
    "text",
    [
        "路灯坏了",
        "咨询并投诉物业收费",
        "小区路灯坏了一个多月，物业说不归他们管，我多次向有关部门投诉都没有结果",
        "物业的投诉电话没有人接，楼道的灯也不亮",
        "撤销上次的工单，当时来电投诉油烟",
        "what a complaining neighbour",
        "",
    ],
)
def test_what_is_not_evident_stays_unknown(text: str) -> None:
    """The router treats a wrong nature worse than none."""
    assert SCALE.show(None, text) is None


def test_the_span_points_at_the_words_that_show_it() -> None:
    """Evidence that points elsewhere convinces nobody."""
    text = "İ您好，油烟很大，我要投诉。"  # Its first letter grows when folded.
    shown = SCALE.show("油烟", text)
    assert shown is not None
    assert shown.source == "text"
    assert text[shown.start : shown.end] == "我要投诉"


def test_a_policy_without_the_file_says_nothing() -> None:
    """The words belong to the city; there are none beside its file."""
    assert NatureScale(a_policy(nature=None).natures).show("关于咨询", "咨询") is None


def test_a_word_counts_only_where_its_list_says() -> None:
    """投诉 deep in a text is a story, not a wish."""
    scale = NatureScale((NatureWord("投诉", Nature.COMPLAINT, is_opening=True),))
    assert scale.show(None, "投诉噪音") is not None
    assert scale.show(None, "路" * 24 + "投诉") is None
    assert scale.show("路" * 24 + "投诉", "噪音") is not None
