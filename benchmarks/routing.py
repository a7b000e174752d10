"""Decisions a second by rules on one core, and what a large catalogue costs beside a small one.

    python -m benchmarks.routing                 # needs nothing running, half a minute

A decision is everything from the text to who leads, assists and is told, with its trace: words
found, category, diversions, catalogue, standard. Complaints differ from each other, so nothing
is answered from memory. Time is this process's own on the processor. The two catalogues are
measured in the same run in alternating blocks: read the ratio, not the absolutes.

    python -m benchmarks.routing --policy policy/haikou --model FILE

also asks a trained model about every complaint, though the router asks it only where the policy
has no category or no answer: what a city decides in a second lies between the two figures.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import random
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table

from services.events import Nature, Place
from services.policy import Policy, Rule, folder, load
from services.router.adapters import Advisers
from services.router.decide import Complaint, Decision, Routed, route

if TYPE_CHECKING:
    from services.router.decide.advice import Adviser

Decide = Callable[[Complaint], Decision]

SIZES = (60, 4000)
COMPLAINTS = 2000

OPENINGS = (
    "您好，我想反映一个情况。",
    "我是附近的住户，",
    "来电反映：",
    "已经打过两次物业电话没有人管，",
    "希望有关部门重视，",
)
MATTERS = (
    "小区供暖温度不达标，室内只有十五度，老人和孩子受不了，请尽快处理。",
    "楼下烧烤店夜里两点还在营业，噪音和油烟影响休息，希望有人来管。",
    "路灯坏了一个多星期，晚上回家什么也看不见，请派人维修。",
    "单元门口长期堆放建筑垃圾，没有人清理，味道很大。",
    "公交车站牌被撞歪了，等车的人很危险，请尽快修好。",
    "家里从昨天中午开始停水，问物业说是自来水管道爆裂，什么时候能恢复？",
    "人行道上的井盖松动，踩上去会响，晚上看不清容易绊倒。",
    "有人占道经营摆摊卖水果，堵住了非机动车道，城管来了又走。",
    "小区门口违法停车严重，消防通道经常被堵，救护车都进不来。",
    "公司拖欠三个月工资，老板电话打不通，请帮忙协调劳动监察。",
    "楼上邻居把阳台改成了房间，承重墙好像也动了，整栋楼都有裂缝。",
    "想咨询一下医保卡丢了怎么补办，需要本人去吗？",
    "隔壁工地夜间施工，渣土车来来往往，扬尘很大，窗户都不敢开。",
    "电梯经常困人，物业说没有维修资金，请有关部门检查一下。",
    "孩子学校门口没有斑马线，放学的时候车多人多，很不安全。",
    "公园里的健身器材坏了好几个月，螺丝都露在外面，没有人修。",
)
ENDINGS = ("谢谢。", "请回复。", "盼尽快解决，否则还会再打。", "留了电话，可以联系我。", "")


def some_complaints(policy: Policy, count: int) -> list[Complaint]:
    """Write complaints, no two alike, at places all over the city."""
    chance = random.Random(12345)  # noqa: S311 - the same every time
    parts = itertools.product(OPENINGS, MATTERS, ENDINGS)
    wordings = ["".join(words) for words in parts]
    places = [place for place in _places(policy) if place.district] or [Place()]
    began = datetime(2026, 11, 24, tzinfo=UTC)
    return [
        Complaint(
            text=f"{chance.choice(wordings)}（{number % 97}号楼{number % 13}单元）",
            nature=chance.choice(tuple(Nature)),
            place=chance.choice(places),
            received_at=began + timedelta(minutes=7 * number),
        )
        for number in range(count)
    ]


def _places(policy: Policy) -> list[Place]:
    streets = [d for d in policy.divisions.values() if d.level == "street"]
    return [Place(district=street.parent, street=street.code) for street in streets]


def a_catalogue(policy: Policy, size: int) -> Policy:
    """Give the city a catalogue of this many rules, made of its own.

    Every rule of the city is kept as often as it takes, each time for other places or with one
    word more, as a catalogue grows: district by district, special case by special case.
    """
    chance = random.Random(size)  # noqa: S311 - the same every time
    places = [division.code for division in policy.divisions.values() if division.level != "city"]
    words = [word for category in policy.categories.values() for word in category.words]
    rules: list[Rule] = list(policy.catalogue[:size])
    for number in range(len(rules), size):
        rule = chance.choice(policy.catalogue)
        if number % 2:
            rule = replace(rule, places=(chance.choice(places),), except_places=())
        else:
            told = f"{chance.choice(words)}{number}"
            rule = replace(rule, words=(*rule.words, told, chance.choice(words)))
        rules.append(replace(rule, id=f"{rule.id}-{number}"))
    return replace(policy, catalogue=tuple(rules), hash=f"{policy.hash}-{size}")


def by_rules(policy: Policy) -> Decide:
    """Decide by a policy alone."""
    return lambda complaint: route(complaint, policy)


def by_rules_and_model(policy: Policy, adviser: Adviser) -> Decide:
    """Decide by a policy, and ask a model whether or not it is needed."""

    def decide(complaint: Complaint) -> Decision:
        adviser.advise(complaint)
        return route(complaint, policy)

    return decide


def block(decide: Decide, complaints: Sequence[Complaint]) -> float:
    """Decide about every complaint once; decisions a second of processor time."""
    before = time.process_time()
    for complaint in complaints:
        decide(complaint)
    return len(complaints) / (time.process_time() - before)


def measure(
    ways: dict[str, Decide], complaints: Sequence[Complaint], blocks: int
) -> dict[str, list[float]]:
    """Alternate between ways of deciding, after one round that prepares each of them."""
    found: dict[str, list[float]] = {name: [] for name in ways}
    for number in range(blocks + 1):
        for name, decide in ways.items():
            speed = block(decide, complaints)
            if number:
                found[name].append(round(speed, 1))
        print(f"block {number} of {blocks}", file=sys.stderr)
    return found


def outcomes(decide: Decide, complaints: Sequence[Complaint]) -> dict[str, int]:
    """Count how the complaints were decided, so that the figures mean something."""
    found: dict[str, int] = {}
    for complaint in complaints:
        decision = decide(complaint)
        how = decision.decided_by if isinstance(decision, Routed) else type(decision).__name__
        found[how] = found.get(how, 0) + 1
    return found


def report(found: dict[str, list[float]]) -> dict[str, Any]:
    """Work out medians and the ratio of each pair of blocks."""
    small, large = (found[f"{size} rules"] for size in SIZES)
    ratios = [fast / slow for fast, slow in zip(small, large, strict=True)]
    return {
        "per_second": {name: statistics.median(speeds) for name, speeds in found.items()},
        "blocks": found,
        "cost_of_4000_rules_against_60": round(statistics.median(ratios), 3),
    }


def show(result: dict[str, Any]) -> Table:
    """Show the medians."""
    shown = Table("catalogue", "decisions/s")
    for name, speed in result["per_second"].items():
        shown.add_row(name, f"{speed:,.0f}")
    shown.add_row("4,000 rules cost, of 60", f"{result['cost_of_4000_rules_against_60']:.2f} x")
    return shown


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--policy", type=Path, default=Path("policy/beijing"))
    parser.add_argument("--model", type=Path, help="a model that was trained for the policy")
    parser.add_argument("--blocks", type=int, default=5)
    parser.add_argument("--json", type=Path, default=Path("benchmarks/results/routing.json"))
    options = parser.parse_args()
    city = load(folder.read(options.policy))
    complaints = some_complaints(city, COMPLAINTS)
    ways = {f"{city.city.code}, {len(city.catalogue)} rules": by_rules(city)}
    ways |= {f"{size} rules": by_rules(a_catalogue(city, size)) for size in SIZES}
    if options.model is not None:
        adviser = Advisers(options.model).of(city)
        if adviser is None:
            raise SystemExit(f"{options.model} was trained for another taxonomy")
        ways["with the model"] = by_rules_and_model(city, adviser)
    result: dict[str, Any] = {"complaints": len(complaints), "load_before": os.getloadavg()[0]}
    result |= report(measure(ways, complaints, options.blocks))
    result["outcomes"] = {name: outcomes(decide, complaints) for name, decide in ways.items()}
    Console(stderr=True).print(show(result))
    options.json.parent.mkdir(parents=True, exist_ok=True)
    options.json.write_text(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    main()
