"""Which category the words tell: the same for the same text, and none rather than a guess."""

from __future__ import annotations

import pytest

from services.events import Place
from services.router.decide import Complaint, Trace, route
from tests.policies import CATEGORIES, a_policy

MORE = CATEGORIES + (
    "utilities-burst,爆管,utilities-water,,水管爆裂\n"
    "safety,公共安全,,ordinary,电梯\n"
    "safety-lift,电梯故障,safety,,困人\n"
    "leak,渗漏,,ordinary,管道|漏水\n"
    "sewer,排水,,ordinary,管道漏水\n"
    "noise,噪声,,ordinary,noise|gas station|ＷＩＦＩ\n"
)
POLICY = a_policy(categories=MORE)
EAST = Place(district="990101")


def trace_of(text: str, category: str | None = None, title: str | None = None) -> Trace:
    complaint = Complaint(text, title=title, category=category, place=EAST)
    return route(complaint, POLICY).trace


@pytest.mark.parametrize(
    ("text", "category"),
    [
        ("楼下垃圾三天没人收", "environment-waste"),
        ("水管爆裂", "utilities-burst"),  # One below the other: the deeper.
        ("管道漏水", "sewer"),  # The two words within the longer one say nothing of their own.
        ("漏水，是管道漏水", "sewer"),  # 4 characters against 2.
        ("电梯又困人了", "safety-lift"),  # Its own word and that of the category above it.
        ("电梯", "safety"),
        ("停水，水管也坏了，还有垃圾", "utilities-water"),  # 4 characters against 2.
        ("垃圾，还有人占道", "environment"),  # A tie of two below it.
        ("垃圾，电梯", None),  # A tie of unrelated ones.
        ("天气真好", None),
        ("", None),
    ],
)
def test_the_most_evidence_decides(text: str, category: str | None) -> None:
    """A wrong category sends the order, and its clock, to the wrong agency."""
    assert trace_of(text).category == category


def test_a_tie_of_unrelated_categories_lists_them() -> None:
    """A person sees between which the words can't tell."""
    trace = trace_of("垃圾，电梯")
    assert (trace.category_from, trace.categories) == ("none", ("environment-waste", "safety"))


def test_a_category_that_was_given_is_believed() -> None:
    """An operator who chose it has heard the caller."""
    trace = trace_of("停水", category="noise")
    assert (trace.category, trace.category_from) == ("noise", "given")


def test_an_unknown_category_is_looked_for_by_words() -> None:
    """An import's code of another system must not hold the complaint up."""
    trace = trace_of("停水", category="X-17")
    assert (trace.category, trace.category_from) == ("utilities-water", "words")
    assert "no category has the code 'X-17'" in trace.category_why


def test_the_title_counts_like_the_text() -> None:
    """Web forms often have the matter in the title alone."""
    assert trace_of("已经三天了", title="停水").category == "utilities-water"


@pytest.mark.parametrize("text", ["NOISE at night", "by the Gas  Station", "wifi 不通"])
def test_case_width_and_spacing_do_not_matter(text: str) -> None:
    """People write as they like."""
    assert trace_of(text).category == "noise"


@pytest.mark.parametrize("text", ["noiseless", "a gas stations", "xwifi"])
def test_a_latin_word_must_stand_free(text: str) -> None:
    """`gas` is not in `gasoline`, nor `110` in the route number `1101`."""
    assert trace_of(text).category is None
