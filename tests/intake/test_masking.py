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
    assert mask("白小树来过", "白") == "白小树来过"
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


@pytest.mark.parametrize(
    ("said", "masked"),
    [
        ("前三位190，然后是0000，后面1234", "前三位[电话]"),
        ("190 0000\n1234", "[电话]"),
        ("2026112419000001234", "20261124[电话]"),
        ("订单号19000001234", "订单号[电话]"),
        ("座机 6500-0000", "座机 [电话]"),
        ("联系电话是6500000", "联系电话是[电话]"),
        ("call me at 2125550123", "call me at [电话]"),
        ("+852 6500 0000", "[电话]"),
        ("身份证号110105800307234", "身份证号[身份证]"),
        ("护照号E12345678", "护照号[护照]"),
        ("微信号：bai_xiaoshu", "微信号：[账号]"),
        ("QQ：12345678", "QQ：[账号]"),
        ("琼A 12345", "[车牌]"),
        ("琼D·F12345", "[车牌]"),
        ("license plate: ABC1234", "license plate: [车牌]"),
    ],
)
def test_numbers_are_found_however_they_are_said(said: str, masked: str) -> None:
    """A number in pieces, in words or inside another one still reaches the person."""
    assert mask(said) == masked


@pytest.mark.parametrize(
    ("said", "masked"),
    [
        ("我叫白小树，住在附近", "我叫[姓名]，住在附近"),
        ("我叫白小树昨天来过", "我叫[姓名]昨天来过"),
        ("我是白小树，", "我是[姓名]，"),
        ("本人白大树，", "本人[姓名]，"),
        ("联系人：欧阳小树，电话", "联系人：[姓名]，电话"),
        ("姓名：李一", "姓名：[姓名]"),
        ("市民白小树先生来电", "市民[姓名]先生来电"),
        ("高新区白女士", "高新区[姓名]女士"),
        ("张家口李小树先生", "张家口[姓名]先生"),
        ("投诉人白小树反映", "投诉人[姓名]反映"),
        ("经办人白小树", "经办人[姓名]"),
        ("王某某称", "[姓名]称"),
        ("联系王XX", "联系[姓名]"),
        ("我叫阿不力·买买提，", "我叫[姓名]，"),
        ("My name is Ann Coin and", "My name is [姓名] and"),
        ("Mrs. Coin at the door", "Mrs. [姓名] at the door"),
        ("contact: Ann Coin, please", "contact: [姓名], please"),
        ("This is Ann Coin calling about", "This is [姓名] calling about"),
    ],
)
def test_a_name_beside_a_word_that_says_so_is_masked(said: str, masked: str) -> None:
    """Also the names of people of whom the request has no field."""
    assert mask(said) == masked


@pytest.mark.parametrize(
    "said",
    [
        "王府井、张家口和李宁店门口",
        "我是王府井的居民",
        "我是白领，",
        "我是高中生，在学校",
        "我是房东，",
        "居民高兴，",
        "市民方便，",
        "本人常年在外",
        "本人于昨天",
        "市民于2018年来电",
        "来电人于昨天反映",
        "投诉人电话",
        "姓名和地址",
        "我叫车叫不到",
        "饭店名叫李记面馆，",
        "任何先生都可以，各位女士也是",
        "高新区先生",
        "于某日，某小区",
        "高某小区",
        "家长向学校反映，",
        "儿子高考，",
        "张经理和王主任不管",
        "订单号1900000123456",
        "水表号1234567890123",
        "工单编号：20260101114828",
        "房价15,800,000,000元",
        "13/14/15/16/17/18路",
        "12/31/2026 13:40",
        "拨打12345、110、95598、96123",
        "电话400-820-8820，800-555-0123，客服电话95012345",
        "新Samsung手机、新HP10234打印机",
        "京津冀A类、苏B超、云A栋",
        "微信公众号city12345，微信Android版，微信支付",
        "Mr. Softee truck",
        "Contact: Management",
        "3号楼2单元502室",
        "坐标110.3312,20.0312",
    ],
)
def test_what_only_looks_like_a_person_stays(said: str) -> None:
    """A complaint full of holes can't be handled."""
    assert mask(said) == said


@pytest.mark.parametrize(
    ("said", "masked"),
    [
        ("3号楼2单元502室漏水", "[门牌]漏水"),
        ("我住三号楼二单元五零二", "我住[门牌]"),
        ("5栋302", "[门牌]"),
        ("3-2-502", "[门牌]"),
        ("apt 5B please", "[门牌] please"),
        ("3号楼的电梯，8楼住户，100户居民", "3号楼的电梯，8楼住户，100户居民"),
    ],
)
def test_the_door_of_a_secret_reporter_is_masked(said: str, masked: str) -> None:
    """保密: whoever is complained about would know at whose door to knock."""
    assert mask(said, is_secret=True) == masked


def test_a_name_field_that_names_nobody_tears_no_text() -> None:
    """Operators type 市民 or 王女士 where they know no name."""
    assert mask("市民反映，本人匿名", "市民") == "市民反映，本人匿名"
    assert mask("白小 树和白小树", "白小树女士") == "[姓名]和[姓名]"


_PIECES = st.sampled_from(
    [
        *"0123456789 -.:：,，。一二三四零()@某王白小树先生女士号室我叫电话",
        "19000001234",
        "身份证",
        "微信",
        "联系人",
        "[电话]",
    ]
)


@given(st.lists(_PIECES, max_size=40).map("".join), st.booleans())
def test_masking_twice_is_masking_once_also_for_texts_full_of_identity(
    text: str, is_secret: bool
) -> None:
    """Random letters hardly ever hold what is masked; these do."""
    once = mask(text, is_secret=is_secret)
    assert mask(once, is_secret=is_secret) == once


@pytest.mark.parametrize(
    "unit",
    ["1", "19", "1 ", "1-", "(", "王某", "我叫王", "a@", "3号楼2单元", "微信a", "[电话]", "110105"],
)
def test_a_hostile_text_of_ten_thousand_characters_is_masked_too(unit: str) -> None:
    """Every rule looks a bounded way ahead, so that no text can stop the door."""
    text = unit * (10_000 // len(unit))
    once = mask(text, is_secret=True)
    assert mask(once, is_secret=True) == once
