"""Words of danger count where somebody says so, and not where somebody denies it."""

from __future__ import annotations

import pytest

from services.events import Diversion
from services.router.decide import Complaint, Diverted, Routed, route
from tests.policies import DIVERSIONS, a_policy

#: Like the tiny policy, with a word that begins with 有 and one in English.
POLICY = a_policy(
    diversions=DIVERSIONS.replace('["着火"]', '["着火", "有人落水", "gas leak", "漏电了"]')
)


def diversion_of(text: str) -> Diversion | None:
    decision = route(Complaint(text), POLICY)
    return decision.diversion if isinstance(decision, Diverted) else None


@pytest.mark.parametrize(
    "text",
    [
        "楼道着火了",
        "有没有着火我不知道，全是烟",
        "是不是着火了，味道很大",
        "要不是着火我也不打电话",
        "没有电，着火了",
        "没有着火的是三楼，四楼着火了",
        "河里有人落水",
        "有没有人落水看不清，有人喊，有人落水",
        "水淹没有人落水",
        "消防着火",
        "no, gas leak in the hall",
        "there is a gas leak",
        "没有停电，是漏电了",
    ],
)
def test_what_is_meant_is_an_emergency(text: str) -> None:
    """Where it isn't clear the word counts: rather a fire engine too many."""
    assert diversion_of(text) is Diversion.EMERGENCY


@pytest.mark.parametrize(
    "text",
    [
        "没有着火，只是烟味",
        "并没有着火",
        "从未着火",
        "不会着火吧",
        "希望加强宣传，防止着火",
        "为避免发生着火，请清理楼道",
        "没有人落水，放心",
        "there is no gas leak, only a smell of paint",
        "please prevent a gas leak",
    ],
)
def test_what_is_denied_is_none(text: str) -> None:
    """A caller who says that it doesn't burn must not be sent to 119 and get no order."""
    assert diversion_of(text) is None


def test_a_denied_word_makes_no_order_urgent() -> None:
    """The two-hour tier is for people in danger."""
    meant, denied = (
        route(Complaint(text, category="traffic-bus"), POLICY)
        for text in ("公交车坏了，有人被困", "公交车坏了，没有被困的人")
    )
    assert isinstance(meant, Routed)
    assert isinstance(denied, Routed)
    assert (meant.standard, denied.standard) == ("emergency", "ordinary")


def test_a_denied_word_still_tells_the_kind() -> None:
    """没有公交车 is about buses."""
    decision = route(Complaint("村里没有公交车"), POLICY)
    assert decision.category == "traffic-bus"


def test_other_diversions_are_not_weighed() -> None:
    """Their words are whole phrases; who denies one still speaks of it."""
    assert diversion_of("不是法院判决") is Diversion.STATUTORY
