"""Several matters in one call: counted, never torn apart."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.intake.decide.matters import matters_in


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("反映两个问题：一是路灯不亮，二是垃圾没人清运。", ["路灯不亮", "垃圾没人清运"]),
        ("1、路灯不亮 2、垃圾没人清", ["路灯不亮", "垃圾没人清"]),
        ("1.路灯不亮；2.垃圾桶满了", ["路灯不亮", "垃圾桶满了"]),
        ("①路灯不亮②垃圾没清运", ["路灯不亮", "垃圾没清运"]),
        ("第一，路灯不亮。第二，井盖丢失。", ["路灯不亮", "井盖丢失"]),
        ("路灯不亮。另外，还有人占道经营。", ["路灯不亮", "有人占道经营"]),
        (
            "1) the street light is out 2) garbage is not collected",
            ["the street light is out", "garbage is not collected"],
        ),
        (
            "The light is out. Also, the hydrant leaks badly.",
            ["The light is out.", "the hydrant leaks badly."],
        ),
    ],
)
def test_a_list_of_matters_is_seen_as_one(text: str, parts: list[str]) -> None:
    """An operator sees at once that two offices may have to go."""
    found = matters_in(text)
    assert [text[part.start : part.end] for part in found] == parts
    assert [part.number for part in found] == list(range(1, len(parts) + 1))


@pytest.mark.parametrize(
    "text",
    [
        "路灯不亮，统一是这样",
        "1.路灯不亮；2.井盖响",  # Three signs can't stand alone, so the list isn't trusted.
        "1、2号楼停水",
        "一、二单元停水",
        "周一、周二都停水",
        "第一人民医院，第二医院",
        "1.5元涨到2.5元",
        "一是，二是",
        "另行通知",
        "It is also dark",
    ],
)
def test_what_only_looks_like_a_list_is_one_matter(text: str) -> None:
    """Numbers and 另 are in half of all texts."""
    assert matters_in(text) == []


@given(
    st.lists(st.sampled_from([*"一二三1234是、.）)。；另外①②③ \n路灯不亮", "also, ", "第"])).map(
        "".join
    )
)
def test_parts_lie_in_the_text_one_after_the_other(text: str) -> None:
    """A span that points outside would break whoever shows it."""
    found = matters_in(text)
    assert len(found) != 1
    assert all(0 <= part.start < part.end <= len(text) for part in found)
    assert all(one.end <= other.start for one, other in itertools.pairwise(found))
