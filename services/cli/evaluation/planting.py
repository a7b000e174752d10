"""Coined identities and lures, in the wordings of people, to be planted into texts.

An identity must be masked; a lure looks like one and must stay: an order number, a bus line
or a road that begins with a surname is what an agency needs. Everything is drawn by a seeded
generator, so that two runs of one version plant the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from services.intake.decide.masking import is_bank_card, is_id_card

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random


@dataclass(frozen=True, slots=True)
class Plant:
    """What is put into a text."""

    kind: str
    words: str  #: The whole phrase.
    core: str  #: The part that must go, or stay.


_CHINESE_DIGITS = str.maketrans("0123456789", "零一二三四五六七八九")
_TELEPHONE_DIGITS = str.maketrans("0123456789", "〇幺二三四五六七八九")
_WIDE_DIGITS = str.maketrans(
    "0123456789-ABCDEFGHJKLMNPQRSTUVWXYZ@.",
    "０１２３４５６７８９－ＡＢＣＤＥＦＧＨＪＫＬＭＮＰＱＲＳＴＵＶＷＸＹＺ＠．",
)

_SURNAMES = (
    *"王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗郑梁谢宋唐许韩冯邓曹彭曾符邢云冼麦",
    "欧阳",
    "司徒",
)
_GIVEN = "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英华玉兰志海燕鹏文慧建国"
_PROVINCES = "琼粤桂湘京沪川渝"
#: GA 36-2018 leaves out I and O, and no plate has more than two letters in its number.
_PLATE_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ"


def _digits(random: Random, length: int) -> str:
    return "".join(random.choice("0123456789") for _ in range(length))


def _mobile(random: Random) -> tuple[str, str]:
    number = random.choice(("13", "15", "17", "18", "19")) + _digits(random, 9)
    parts = number[:3], number[3:7], number[7:]
    said = random.choice(
        (
            number,
            number,
            " ".join(parts),
            "-".join(parts),
            ".".join(parts),
            f"{number[:5]} {number[5:]}",
            f"+86{number}",
            f"86-{number}",
            number.translate(_WIDE_DIGITS),
            number.translate(_CHINESE_DIGITS),
            number.translate(_TELEPHONE_DIGITS),
        )
    )
    wordings = (
        "联系电话{}，",
        "请回电{}。",
        "电话{}谢谢，",
        "其手机号码为{}，",
        "可拨打{}联系其本人，",
        "（{}）",
        "联系方式：{}；",
        "微信同号{}，",
        "他留的号是{}，打不通，",
    )
    return random.choice(wordings), said


def _landline(random: Random) -> tuple[str, str]:
    number = random.choice("68") + _digits(random, 7)
    area = random.choice(("0898", "0898", "020", "010", "0755"))
    said = random.choice(
        (
            f"{area}-{number}",
            f"{area}{number}",
            f"{area} {number}",
            f"({area}){number}",
            f"{area}-{number[:4]}-{number[4:]}",
            f"{area}-{number}".translate(_WIDE_DIGITS),
            f"{area}-{number}转{random.randint(100, 999)}",
        )
    )
    return random.choice(("座机{}，", "家里电话{}，", "联系电话：{}。", "回电请打{}，")), said


def _id_card(random: Random) -> tuple[str, str]:
    birth = f"{random.randint(1940, 2005)}{random.randint(1, 12):02}{random.randint(1, 28):02}"
    front = random.choice(("460100", "460033", "440106", "110105")) + birth + _digits(random, 3)
    number = next(front + last for last in "0123456789X" if is_id_card(front + last))
    said = random.choice(
        (
            number,
            number,
            number.lower(),
            f"{number[:6]} {number[6:14]} {number[14:]}",
            f"{number[:6]}-{number[6:14]}-{number[14:]}",
            number.translate(_WIDE_DIGITS),
        )
    )
    wordings = (
        "身份证号{}，",
        "身份证：{}。",
        "证件号码为{}，",
        "身份证号码是{}请核实，",
        "（{}）",
    )
    return random.choice(wordings), said


def _plate(random: Random) -> tuple[str, str]:
    front = random.choice(_PROVINCES) + random.choice("ABCDE")
    signs = list(_digits(random, 5))
    for at in random.sample(range(5), random.randint(0, 2)):
        signs[at] = random.choice(_PLATE_LETTERS)
    tail = "".join(signs)
    new = random.choice("DF") + _digits(random, 5)
    said = random.choice(
        (
            front + tail,
            front + tail,
            f"{front}·{tail}",
            f"{front[0]} {front[1]}{tail}",
            f"{front}-{tail}",
            front + new,
            (front + tail).lower(),
            (front + tail).translate(_WIDE_DIGITS),
        )
    )
    wordings = (
        "车牌号{}，",
        "有一辆{}的小车堵住出口，",
        "车牌：{}。",
        "司机开的是{}，",
        "车号为{}的货车",
    )
    return random.choice(wordings), said


def _bank_card(random: Random) -> tuple[str, str]:
    length = random.choice((16, 19))
    front = random.choice(("6222", "6217", "6228", "6236")) + _digits(random, length - 5)
    number = next(front + last for last in "0123456789" if is_bank_card(front + last))
    fours = [number[at : at + 4] for at in range(0, length, 4)]
    said = random.choice(
        (number, number, " ".join(fours), "-".join(fours), number.translate(_WIDE_DIGITS))
    )
    wordings = ("银行卡号{}，", "退款到卡{}，", "账号：{}。", "卡号是{}一直没到账，")
    return random.choice(wordings), said


def _email(random: Random) -> tuple[str, str]:
    name = "".join(random.choice("abcdefghkmnprstw") for _ in range(random.randint(4, 9)))
    host = random.choice(("example.com", "mail.example.cn", "example.org"))
    said = random.choice(
        (
            f"{name}@{host}",
            f"{name}.{_digits(random, 2)}@{host}",
            f"{_digits(random, 8)}@{host}",
            f"{name.capitalize()}_{_digits(random, 3)}@{host}",
        )
    )
    return random.choice(("邮箱{}，", "请发到{}。", "e-mail: {}，", "电子邮箱是{}谢谢，")), said


def _name(random: Random) -> tuple[str, str]:
    given = "".join(random.sample(_GIVEN, random.choice((1, 2, 2))))
    said = random.choice(_SURNAMES) + given
    wordings = (
        "我叫{}，",
        "本人{}，",
        "姓名：{}，",
        "联系人{}。",
        "联系人：{}，",
        "其名字叫{}，",
        "名叫{}，",
        "投诉人{}，",
        "户主{}，",
        "房东{}先生不退押金，",
        "{}女士来电，",
    )
    return random.choice(wordings), said


IDENTITIES: dict[str, Callable[[Random], tuple[str, str]]] = {
    "mobile": _mobile,
    "landline": _landline,
    "id-card": _id_card,
    "plate": _plate,
    "bank-card": _bank_card,
    "email": _email,
    "name": _name,
}


def _order_number(random: Random) -> tuple[str, str]:
    said = f"2025{random.randint(1, 12):02}{random.randint(1, 28):02}{_digits(random, 6)}"
    return random.choice(("工单号{}，", "订单编号{}未发货，", "（{}）", "受理编号：{}，")), said


def _date(random: Random) -> tuple[str, str]:
    year, month, day = random.randint(2015, 2026), random.randint(1, 12), random.randint(1, 28)
    said = random.choice(
        (
            f"{year}年{month}月{day}日",
            f"{year}-{month:02}-{day:02}",
            f"{year}/{month}/{day}",
            f"{year}.{month}.{day}",
            f"{year}{month:02}{day:02}",
            f"{year}年{month}月{day}日{random.randint(8, 20)}:{random.randint(10, 59)}",
        )
    )
    return random.choice(("于{}报修，", "{}至今未处理，", "合同签到{}，")), said


def _amount(random: Random) -> tuple[str, str]:
    value = random.randint(1000, 9999999)
    said = random.choice((f"{value}元", f"{value:,}元", f"{value / 100:.2f}元", f"{value}块钱"))
    return random.choice(("被收取{}，", "欠薪{}，", "退款{}没有到账，")), said


def _bus_line(random: Random) -> tuple[str, str]:
    said = random.choice((f"{random.randint(1, 99)}路", f"K{random.randint(1, 9)}路"))
    return random.choice(("{}公交车半小时没来，", "乘坐{}公交，", "在{}车上，")), said


def _hotline(random: Random) -> tuple[str, str]:
    said = random.choice(("12345", "12315", "96110", "10086", "95598", "400-600-1234", "12328"))
    return random.choice(("已拨打{}反映，", "打了{}没人接，", "{}热线答复，")), said


def _house_number(random: Random) -> tuple[str, str]:
    door = f"{random.randint(1, 30)}栋{random.randint(1, 4)}单元{random.randint(101, 3205)}室"
    said = random.choice((f"{random.randint(1, 399)}号", door, f"A{random.randint(1, 20)}栋"))
    return random.choice(("建设路{}门口，", "住在小区{}，", "位于{}旁边，")), said


_SURNAMED = (
    *("黄河路", "张家村", "马鞍山路", "金龙公司", "王府花园", "高登小区", "白云商场", "江东大道"),
    *("周记餐馆", "陈家祠", "万科物业", "石桥街道", "方正律师事务所", "林业局", "水务公司"),
    *("李宁专卖店", "何家巷", "杨柳社区", "康乐幼儿园", "曹操专车", "钱塘大厦", "安居工程"),
)


def _surnamed(random: Random) -> tuple[str, str]:
    wordings = ("{}门口有人摆摊，", "反映{}的问题，", "{}的负责人不理睬，", "联系{}没有答复，")
    return random.choice(wordings), random.choice(_SURNAMED)


LURES: dict[str, Callable[[Random], tuple[str, str]]] = {
    "order-number": _order_number,
    "date": _date,
    "amount": _amount,
    "bus-line": _bus_line,
    "hotline": _hotline,
    "house-number": _house_number,
    "surnamed": _surnamed,
}


def draw(kind: str, make: Callable[[Random], tuple[str, str]], random: Random) -> Plant:
    """Coin one plant of a kind."""
    wording, core = make(random)
    return Plant(kind, wording.format(core), core)
