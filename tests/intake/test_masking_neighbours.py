"""Masking beside other words: what stands next to an identity hides it from no rule."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.intake.decide.masking import is_bank_card, is_id_card, mask

_CARD = next(
    "621700000000000" + last for last in "0123456789" if is_bank_card("6217" + "0" * 11 + last)
)
_RESIDENT = next(
    "11010519990307234" + last for last in "0123456789X" if is_id_card("11010519990307234" + last)
)

#: Words that begin or end with a numeral which belongs to no number.
_AFTER = ("一直没到账", "一下扣了", "两个月", "三楼的人", "九点转的", "十分着急", "零钱", "")
_BEFORE = ("统一", "第二", "礼拜三", "其一", "两", "")


def _written(number: str) -> st.SearchStrategy[str]:
    """Give a number in one, in groups of four and in full width."""
    fours = [number[at : at + 4] for at in range(0, len(number), 4)]
    wide = number.translate({code: code + 0xFEE0 for code in range(0x30, 0x3A)})
    return st.sampled_from([number, " ".join(fours), "-".join(fours), wide])


@given(before=st.sampled_from(_BEFORE), card=_written(_CARD), after=st.sampled_from(_AFTER))
def test_a_numeral_of_the_next_word_is_no_digit_of_a_card(
    before: str, card: str, after: str
) -> None:
    """Read as a digit, it would spoil the card's checksum, and the card would stay."""
    once = mask(f"卡号是{before}{card}{after}")
    assert once == f"卡号是{before}[银行卡]{after}"
    assert mask(once) == once


@pytest.mark.parametrize(
    ("said", "masked"),
    [
        (f"身份证{_RESIDENT}一直不给办", "身份证[身份证]一直不给办"),
        ("电话19000001234一直打不通", "电话[电话]一直打不通"),
        ("座机010-65000000三天没人接", "座机[电话]三天没人接"),
        ("号码一九〇〇〇〇〇一二三四", "号码[电话]"),
        ("号码1900000一二三四", "号码[电话]"),
        ("施工许可证？联系电话：(0898)65000000。", "施工许可证？联系电话：[电话]。"),
    ],
)
def test_spelled_digits_are_read_only_where_they_make_the_number(said: str, masked: str) -> None:
    """What is a number without them needs none."""
    assert mask(said) == masked


def test_an_order_number_beside_a_numeral_stays() -> None:
    """The agency needs it, whatever word follows."""
    said = "订单号20261124000042一直没处理，工单2026112400004二楼"
    assert mask(said) == said


@pytest.mark.parametrize(
    "plate",
    ["粤B6LY71", "粤 B6LY71", "粤·B6LY71", "粤 B 6LY71", "粤B·6LY71", "粤 · B 6LY71", "粤 BD12345"],
)
def test_a_plate_is_found_however_its_parts_are_set_apart(plate: str) -> None:
    """Plates are painted with a dot, read out with pauses and typed with spaces."""
    assert mask(f"有一辆{plate}的小车") == "有一辆[车牌]的小车"


@pytest.mark.parametrize(
    ("said", "masked"),
    [
        ("名叫符小树，", "名叫[姓名]，"),
        ("其名字叫云小树，", "其名字叫[姓名]，"),
        ("叫做卓小树的人", "叫做[姓名]的人"),
        ("户主麦树，", "户主[姓名]，"),
        ("户名：付小树", "户名：[姓名]"),
        ("司徒小树女士来电", "[姓名]女士来电"),
        ("村民邝小树，", "村民[姓名]，"),
        ("联系人盛小树。", "联系人[姓名]。"),
    ],
)
def test_rarer_surnames_and_markers_are_known(said: str, masked: str) -> None:
    """Every family lives somewhere where it is common."""
    assert mask(said) == masked


@pytest.mark.parametrize(
    "said",
    [
        "市民云咨询：路灯不亮",
        "市民符合条件，",
        "户主付款，",
        "店铺名叫华东食品",
        "叫做景点，",
        "本人应聘，",
        "居民占用，",
        "当事人羊水破了",
        "业主容易，",
        "名叫李老师",
        "云A栋、新B超，宁一小",
    ],
)
def test_a_word_that_begins_like_a_rarer_surname_stays(said: str) -> None:
    """The more surnames are known, the more words look like one."""
    assert mask(said) == said
