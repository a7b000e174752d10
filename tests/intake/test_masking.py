"""Masking: nobody who reads an event can find or call the person."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.intake.decide.masking import is_bank_card, is_id_card, mask

_MOBILE = re.compile(r"(?<!\d)1[3-9]\d{9}(?!\d)")

mobiles = st.from_regex(r"1[3-9][0-9]{9}", fullmatch=True)
#: What people put between digits.
separators = st.sampled_from(["", " ", "-", "－", ".", " - ", "\u3000"])


def _an_id_card(first_17: str) -> str:
    return next(first_17 + last for last in "0123456789X" if is_id_card(first_17 + last))


def _a_bank_card(first: str) -> str:
    return next(first + last for last in "0123456789" if is_bank_card(first + last))


@pytest.mark.parametrize(
    ("said", "masked"),
    [
        ("请拨打19000001234找我", "请拨打[电话]找我"),
        ("电话190-0000-1234，谢谢", "电话[电话]，谢谢"),
        ("电话 190 0000 1234。", "电话 [电话]。"),
        ("+86 19000001234", "[电话]"),
        ("１９００００１２３４５", "[电话]"),
        ("号码一九零零零零零一二三四", "号码[电话]"),
        ("19000001234、19000001235", "[电话]、[电话]"),
        ("1900000123419000001235", "[电话]"),
        ("办公室010-65000000转12", "办公室[电话]"),
        ("座机(0898)65000000", "座机[电话]"),
        ("邮箱 someone@example.org 收", "邮箱 [邮箱] 收"),
        ("车牌京A·12345违停", "车牌[车牌]违停"),
        ("新能源京AD12345", "新能源[车牌]"),
        ("call +1 212 555 0123 please", "call [电话] please"),
    ],
)
def test_every_kind_of_identity_is_replaced_by_its_kind(said: str, masked: str) -> None:
    """The dispatcher still sees that a number was there."""
    assert mask(said) == masked


@pytest.mark.parametrize(
    "said",
    [
        "2026年11月24日15时30分起停水",
        "3号楼2单元502室",
        "订单号20261124000042还没处理",
        "欠薪12000元，共35人",
        "请拨打12345或110",
        "BJ-261124-000042",
        "101路公交车每20分钟一班",
    ],
)
def test_what_identifies_nobody_stays(said: str) -> None:
    """Dates, rooms, sums and short numbers are what the complaint is about."""
    assert mask(said) == said


def test_an_identity_card_is_told_from_any_other_number_by_its_checksum() -> None:
    """Eighteen digits may be an order's number, which the agency needs."""
    card = _an_id_card("11010519990307234")
    wrong = card[:-1] + ("0" if card[-1] != "0" else "1")
    assert mask(f"身份证{card}。") == "身份证[身份证]。"
    assert "[身份证]" not in mask(f"编号{wrong}。")


def test_a_bank_card_is_masked_even_in_groups_of_four() -> None:
    """People copy it as it is printed."""
    card = _a_bank_card("622202020001234")
    grouped = " ".join(card[i : i + 4] for i in range(0, 16, 4))
    assert mask(f"卡号{card}和{grouped}") == "卡号[银行卡]和[银行卡]"


def test_the_reporters_own_name_is_masked_but_a_single_character_is_not() -> None:
    """A name of one character would tear the whole text apart."""
    assert mask("我是白小树，住在白桥", "白小树") == "我是[姓名]，住在白桥"
    assert mask("我是白小树", "白") == "我是白小树"
    assert mask("Ann was there, Annex too", "ann") == "[姓名] was there, Annex too"


@given(before=st.text(), mobile=mobiles, after=st.text())
def test_no_mobile_number_is_ever_left_whatever_stands_around_it(
    before: str, mobile: str, after: str
) -> None:
    """The one promise that no reader of an event may find broken."""
    assert not _MOBILE.search(mask(before + mobile + after))


@given(mobile=mobiles, separator=separators, cuts=st.sampled_from([(3, 7), (3, 8), (4, 7)]))
def test_a_mobile_number_in_groups_is_found(
    mobile: str, separator: str, cuts: tuple[int, int]
) -> None:
    """Nobody writes eleven digits in one."""
    first, second = cuts
    grouped = separator.join((mobile[:first], mobile[first:second], mobile[second:]))
    assert mask(f"电话{grouped}找我") == "电话[电话]找我"


@given(st.text())
def test_masking_twice_is_masking_once(text: str) -> None:
    """A text that comes through two doors isn't changed again."""
    once = mask(text)
    assert mask(once) == once
