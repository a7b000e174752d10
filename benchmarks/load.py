"""Load on one server: closed (each client waits for its answer) or open (callers come by clock)."""

from __future__ import annotations

import asyncio
import itertools
import math
import random
import time
from dataclasses import dataclass, field
from typing import Any

from benchmarks.wire import Connection

#: What people say, in our own words; lengths as at a hotline.
WORDS = (
    "我们小区三号楼的电梯已经停运四天了，老人上下楼非常困难，物业一直说在等配件，希望有关部门督促尽快修好。",
    "马路对面的工地凌晨还在浇筑混凝土，声音很大，孩子第二天还要上学，请管一管夜间施工。",
    "路口的红绿灯从早上起就不亮，车辆乱成一团，行人不敢过马路，请派人疏导并维修。",
    "楼上住户私自把承重墙打了一个洞，我家天花板出现裂缝，担心有危险，要求房管部门来鉴定。",
    "河边步道的护栏断了一截，晚上没有灯，昨天有人差点掉下去，请马上设置警示并修复。",
    "想咨询一下外地户口的孩子转学到本区小学需要准备什么材料，什么时候可以办理。",
    "菜市场门口的垃圾堆了一个星期没人清，苍蝇很多，味道飘到居民楼里，请安排清运。",
    "物业公司收了停车费却不给登记车位，投诉多次没有结果，要求给一个明确的答复。",
)
DISTRICTS = ("110101", "110105", "110106", "110108", "110112", None)


@dataclass
class Load:
    """What came of it."""

    seconds: list[float] = field(default_factory=list)  #: Of each accept.
    refused: int = 0
    lasted: float = 0.0


def a_body(n: int, **more: Any) -> dict[str, Any]:  # noqa: ANN401
    """One complaint as a call centre's system writes it."""
    district = DISTRICTS[n % len(DISTRICTS)]
    return {
        "channel": "phone",
        "text": f"{WORDS[n % len(WORDS)]}（来电第{n}号）",
        "place": {"district": district} if district else {},
        "reporter": {"phone": f"1900000{n % 10**4:04d}"},
        **more,
    }


def answered_in(seconds: list[float], share: float) -> float:
    """The time, in milliseconds, within which this share was answered."""
    ordered = sorted(seconds)
    if not ordered:
        return math.nan
    return round(1000 * ordered[min(len(ordered) - 1, int(share * len(ordered)))], 1)


async def closed_loop(port: int, key: str, clients: int, seconds: float) -> Load:
    """Let every client post, wait for the answer, post again."""
    load = Load()
    numbers = itertools.count(random.randrange(10**9))  # noqa: S311
    began = time.monotonic()
    until = began + seconds

    async def client() -> None:
        connection = Connection("127.0.0.1", port)
        while (started := time.monotonic()) < until:
            status, _ = await connection.post("/v1/complaints", key, a_body(next(numbers)))
            if status == 202:
                load.seconds.append(time.monotonic() - started)
            else:
                load.refused += 1
        connection.close()

    await asyncio.gather(*(client() for _ in range(clients)))
    load.lasted = time.monotonic() - began
    return load


async def open_loop(port: int, key: str, rate: float, seconds: float) -> Load:
    """Let callers come by the clock; times count from when each should have come."""
    load = Load()
    numbers = itertools.count(random.randrange(10**9))  # noqa: S311
    idle = [Connection("127.0.0.1", port) for _ in range(64)]
    began = time.monotonic()

    async def call(due: float) -> None:
        connection = idle.pop() if idle else Connection("127.0.0.1", port)
        status, _ = await connection.post("/v1/complaints", key, a_body(next(numbers)))
        idle.append(connection)
        if status == 202:
            load.seconds.append(time.monotonic() - due)
        else:
            load.refused += 1

    calls = []
    for n in range(int(rate * seconds)):
        due = began + n / rate
        await asyncio.sleep(max(0.0, due - time.monotonic()))
        calls.append(asyncio.ensure_future(call(due)))
    await asyncio.gather(*calls)
    load.lasted = time.monotonic() - began
    for connection in idle:
        connection.close()
    return load
