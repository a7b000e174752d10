"""Invented orders of the invented town of Linzhou, for tests of learning."""

from __future__ import annotations

from random import Random

from services.learning.example import Example

#: Department -> office that had the order, category, and words that callers use.
MATTERS = {
    "市交通局": ("市交通局", "traffic-bus", ("公交车不进站", "末班公交太早", "公交司机态度差")),
    "市自来水公司": ("市自来水公司", "utilities-water", ("家里停水", "水管爆裂", "水压太低")),
    "市住建局": ("市住建局", "housing-deed", ("房产证办不下来", "开发商不交房", "房屋漏雨")),
    "城管局": ("东区城管局", "environment-stall", ("占道经营", "摆摊吵闹", "烧烤油烟扰民")),
    "飞船管理处": ("飞船管理处", "", ("飞船降落太响", "飞船停在草坪", "飞船漏油")),
}
_ROADS = ("梧桐大道", "采石路", "纺织小区", "河街", "山前街", "桥北路", "柳树社区", "望江楼")
_ENDS = ("希望尽快解决", "已经三天了", "打过很多次电话", "麻烦派人看看", "请问怎么办", "实在受不了")
_PARENTS = {"traffic-bus": "traffic", "utilities-water": "utilities", "housing-deed": "housing"}


def orders(number: int = 240, seed: int = 7) -> list[Example]:
    """Coin orders; one in twelve went to another department than its words say."""
    chance = Random(seed)
    made = []
    for at in range(number):
        label = list(MATTERS)[at % len(MATTERS)]
        office, category, words = MATTERS[label]
        text = f"{chance.choice(_ROADS)}{at}号{chance.choice(words)}，{chance.choice(_ENDS)}。"
        if chance.random() < 1 / 12:
            label = chance.choice(list(MATTERS))
            office = MATTERS[label][0]
        if label == "城管局":
            office = chance.choice(("东区城管局", "西区城管局"))
        chain = (category, _PARENTS.get(category, "environment")) if category else ()
        date = f"2026-{1 + at * 4 // number:02}-{1 + at % 28:02}"
        made.append(Example(f"LZ{at:08}", text, label, f"g{at // 2}", office, chain, "", date))
    return made
