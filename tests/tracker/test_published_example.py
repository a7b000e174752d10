"""The published formula (怀柔区, reference: domain notes, section 4), from call-back to score.

Denominator: valid call-backs. Response: contacted. Resolution: solved. Satisfaction: satisfied
+ 0.9 x basically satisfied. Score: 100 x (0.1 response + 0.4 satisfaction + 0.5 resolution).
Month: from the 19th. Streets and departments in separate lists, by score, then by volume. Two
things differ from what is published, on purpose: without a valid call-back there is no rate
instead of 0, and the rank goes by what is above the expectation of an agency's matters (here
all matters are of one kind, so both orders agree).
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from services.runtime.keys import Role
from tests.policies import a_policy
from tests.tracker.graded import BRIDGE, GRADED, HILL, HOUSING, TRANSPORT, exclude, verdict
from tests.tracker.stories import STREET
from tests.tracker.world import World, a_world, get

pytestmark = pytest.mark.postgres

#: The score's weights as published.
HUAIROU = GRADED.replace(
    "weight_resolution = 0.4\nweight_satisfaction = 0.5",
    "weight_resolution = 0.5\nweight_satisfaction = 0.4",
)

#: Scored agency, valid?, contacted?, solved?, satisfaction, excluded because.
TABLE = """
河街 有效 已联系 已解决 满意     -
河街 有效 已联系 已解决 满意     -
河街 有效 已联系 已解决 满意     -
河街 有效 已联系 已解决 基本满意 -
河街 有效 已联系 已解决 不满意   -
河街 有效 已联系 未解决 不满意   -
河街 有效 已联系 未解决 不满意   malicious
河街 无人接听 -  -      -        -
山前 有效 已联系 已解决 满意     -
山前 有效 已联系 已解决 基本满意 -
山前 有效 已联系 未解决 不满意   -
山前 有效 未联系 未解决 不满意   -
山前 有效 未联系 未解决 不满意   beyond-duty
山前 有效 已联系 已解决 满意     malicious
山前 撤回 -      -      -        -
桥北 无法联系 -  -      -        -
住建 有效 已联系 已解决 满意     -
住建 有效 已联系 已解决 满意     -
住建 有效 已联系 未解决 不满意   -
交通 有效 已联系 已解决 基本满意 -
"""

AGENCIES = {"河街": STREET, "山前": HILL, "桥北": BRIDGE, "住建": HOUSING, "交通": TRANSPORT}
ENDINGS = {
    "有效 已联系 已解决 满意": "pleased",
    "有效 已联系 已解决 基本满意": "content",
    "有效 已联系 已解决 不满意": "cross",
    "有效 已联系 未解决 不满意": "unsolved",
    "有效 未联系 未解决 不满意": "ignored",
    "无人接听 - - -": "silent",
    "无法联系 - - -": "unreachable",
    "撤回 - - -": "withdrawn",
}


async def _play(world: World) -> None:
    """Every row is a complaint that is routed, handled, asked back about, and perhaps excluded."""
    for line in TABLE.strip().split("\n"):
        name, *ending, excluded = line.split()
        key = await verdict(world, ENDINGS[" ".join(ending)], AGENCIES[name])
        if excluded != "-":
            await exclude(world, key, excluded)


def shares(row: dict[str, Any]) -> list[tuple[float, int]]:
    """Numerator and denominator of the three rates."""
    rates = (row[name] for name in ("response", "resolution", "satisfaction"))
    return [(one["numerator"], one["denominator"]) for one in rates]


async def test_the_published_formula_gives_the_figures_computed_by_hand(dsn) -> None:
    """Rates, score, exclusions, lists: the whole of it, over HTTP."""
    async with a_world(dsn, a_policy(sla=HUAIROU)) as world:
        await _play(world)
        _, page = await get(world, "/v1/rates", Role.AUDITOR, month="2026-12")
        await world.wait(timedelta(days=25))  # 19 December: the next month has begun.
        await verdict(world, "unsolved")
        _, later = await get(world, "/v1/rates", None, month="2026-12")
    row = {name: _find(page, agency) for name, agency in AGENCIES.items()}

    # 河街: 6 valid (7 answered - 1 excluded). Contacted 6, solved 5, satisfied 3 + 0.9 x 1.
    assert shares(row["河街"]) == [(6, 6), (5, 6), (3.9, 6)]
    # 100 x (0.1 x 6/6 + 0.4 x 3.9/6 + 0.5 x 5/6) = 100 x (0.6 + 1.56 + 2.5) / 6 = 466 / 6
    assert row["河街"]["score"] == 77.67
    # With the excluded verdict: 7 valid, 7 contacted: (0.7 + 1.56 + 2.5) / 7 = 4.76 / 7
    assert row["河街"]["score_before_exclusions"] == 68.0

    # 山前: 4 valid (6 - 2). Contacted 3, solved 2, satisfied 1 + 0.9.
    assert shares(row["山前"]) == [(3, 4), (2, 4), (1.9, 4)]
    # 100 x (0.3 + 0.76 + 1.0) / 4 = 206 / 4
    assert row["山前"]["score"] == 51.5
    # With both: 6 valid, 4 contacted, 3 solved, 2.9: (0.4 + 1.16 + 1.5) / 6 = 3.06 / 6
    assert row["山前"]["score_before_exclusions"] == 51.0

    # 桥北: nobody could be asked. Not 0, as published, but nothing.
    assert shares(row["桥北"]) == [(0, 0), (0, 0), (0, 0)]
    assert (row["桥北"]["score"], row["桥北"]["response"]["value"]) == (None, None)
    assert row["桥北"]["exclusions"]["no_contact"] == 1

    # 住建: 3 valid, 3 contacted, 2 solved, 2: (0.3 + 0.8 + 1.0) / 3 = 2.1 / 3
    assert (shares(row["住建"]), row["住建"]["score"]) == ([(3, 3), (2, 3), (2, 3)], 70.0)
    # 交通: 1 valid: 0.1 + 0.4 x 0.9 + 0.5 = 0.96
    assert (shares(row["交通"]), row["交通"]["score"]) == ([(1, 1), (1, 1), (0.9, 1)], 96.0)

    # All: valid 6 + 4 + 3 + 1, contacted 6 + 3 + 3 + 1, solved 5 + 2 + 2 + 1,
    # satisfied 3 + 1 + 2 + 0 = 6, basically 1 + 1 + 0 + 1 = 3: 6 + 0.9 x 3.
    assert shares(page["total"]) == [(13, 14), (10, 14), (8.7, 14)]
    # 100 x (1.3 + 3.48 + 5.0) / 14 = 978 / 14
    assert page["total"]["score"] == 69.86
    excluded = [(one["reason"], one["count"]) for one in page["total"]["exclusions"]["officers"]]
    assert excluded == [("beyond-duty", 1), ("malicious", 2)]

    # Two lists: 河街 before 山前, 交通 before 住建; who has no valid call-back has no place.
    ranks = {
        name: (one["standing"]["listed"], one["standing"]["rank"]) for name, one in row.items()
    }
    assert ranks == {
        "河街": ("street", 1),
        "山前": ("street", 2),
        "桥北": ("street", None),
        "交通": ("city-department", 1),
        "住建": ("city-department", 2),
    }
    # A verdict of the 19th is the next month's.
    assert shares(later["total"]) == shares(page["total"])


def _find(page: dict[str, Any], key: str) -> dict[str, Any]:
    (found,) = [row for row in page["rows"] if row["key"] == key]
    return found
