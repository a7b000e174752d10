"""Normal form: one spelling for the same words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.intake.decide.wording import comparable, normal_form

#: Everything that a broken system may send, lone surrogates included.
anything = st.text(alphabet=st.characters(exclude_categories=()))


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("ＡＢ１２３４", "AB1234"),
        ("樓下的路燈壞了", "楼下的路灯坏了"),
        ("漏電，很危險！", "漏电，很危险！"),
        ("第一行\r\n\r\n\r\n\r\n第二行", "第一行\n\n第二行"),
        ("  两边\u3000 \t空格  ", "两边 空格"),
        ("停\u200b水\x00了", "停水了"),
        ("停水\ud800", "停水"),
        ("The  pipe\tis broken ", "The pipe is broken"),
        ("ﬁre", "fire"),
    ],
)
def test_the_same_words_have_one_spelling(said: str, kept: str) -> None:
    """Whatever keyboard or system they came from, the policy's words must be found in them."""
    assert normal_form(said) == kept


@pytest.mark.parametrize(
    "text",
    [
        "停水三天，没人管；怎么办？（急）",
        "①路灯不亮②垃圾没清",
        "乾隆年间的牌坊，哪吒像旁",
        "龍門の水道が止まりました",
        "수돗물이 나오지 않아요",
        "面积50㎡，气温30℃…",
    ],
)
def test_what_is_right_already_is_left_alone(text: str) -> None:
    """Chinese punctuation, Japanese characters and list signs mean what they are."""
    assert normal_form(text) == text


@given(anything)
def test_the_normal_form_of_a_normal_form_is_itself(text: str) -> None:
    """A text that comes through two doors isn't changed again."""
    once = normal_form(text)
    assert normal_form(once) == once
    once.encode()  # No surrogate is left that couldn't be written.
    assert "\x00" not in once


@given(anything)
def test_folding_letter_case_moves_no_character(text: str) -> None:
    """Else spans would point beside what they claim."""
    assert len(comparable(text)) == len(text)
