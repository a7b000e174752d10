"""Filters of endpoints: what passes, what is refused when written, what may never happen."""

from __future__ import annotations

import orjson
import pytest

from services.events import encode
from services.notifier.decide import About
from services.notifier.decide.filtering import FILTER_CHARS_MAX, Filter, passing
from services.notifier.decide.payload import Forms
from tests.notifier.stories import a_dispatch, a_tracked_event, an_endpoint

EVENT = a_tracked_event(a_dispatch(category="environment-waste"), 2)
ENVELOPE = orjson.loads(encode(EVENT))


@pytest.mark.parametrize(
    ("text", "is_told"),
    [
        ("data.role == 'lead'", True),
        ("data.role == 'assist'", False),
        ("type == 'whistle.OrderDispatched' && sequence > `1`", True),
        ('contains(`["environment-waste", "utilities"]`, data.matter.category)', True),
        ("contains(data.matter.text, '暖气')", True),
        ("!contains(data.matter.text, '暖气')", False),
        ("starts_with(data.matter.place.street, data.matter.place.district)", True),
        ("data.matter.findings[?kind == 'district'] | [0]", False),
        ("data.round", True),
        ("`0`", True),
        ("`false`", False),
        ("data.copies", False),
        ("data.nothing.of.the.kind", False),
        ("''", False),
        ("keys(data.matter)[?@ == 'text']", True),
    ],
)
def test_a_filter_tells_what_it_is_truthy_for(text, is_told):
    """In JMESPath's sense, in which a number is truthy and an empty list isn't."""
    assert Filter(text).matches(ENVELOPE) is is_told


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("data.role ==", "isn't JMESPath"),
        ("", "isn't JMESPath"),
        ("data.'x", "isn't JMESPath"),
        ("nonsense(data)", "calls nonsense()"),
        ("length(data, type)", "calls length() with 2 arguments; it takes 1"),
        ("join('', data.copies)", "calls join()"),
        ("map(&text, data)", "calls map()"),
        ("[type, id]", "builds a list"),
        ("{a: type}", "builds an object"),
        ("`[1, 2, 3]`[?@ > `2`]", "written list"),
        ('type || `["a"]`', "written list"),
        ("!" * 200 + "a", "nests deeper than 40 levels"),
        ("(" * 900 + "a" + ")" * 90, "nests deeper than 40 levels"),
        ("a" * (FILTER_CHARS_MAX + 1), "has 1001 characters; 1000 are the most"),
        ("type == 'a\x00'", "NUL"),
    ],
)
def test_what_a_filter_may_not_be_is_said(text, said):
    """To the person who wrote it, when it is written."""
    with pytest.raises(ValueError, match=r".") as caught:
        Filter(text)
    assert said in str(caught.value)


@pytest.mark.parametrize("step", ["[@, @][]", "[@, @] | []"])
def test_what_doubles_with_every_step_is_refused(step):
    """Sixty doublings would end this process: 1000 characters have room for more."""
    with pytest.raises(ValueError, match="builds a list"):
        Filter(" | ".join([step] * 60))


def test_a_written_list_can_not_be_gone_through_in_every_element():
    """Ten for each of ten for each of ten: the time would grow with the length's power."""
    inner = "@"
    for _ in range(20):
        inner = f"`[1,2,3,4,5,6,7,8,9,0]`[?{inner}]"
    with pytest.raises(ValueError, match="written list"):
        Filter(inner)


def test_a_filter_that_raises_tells_nobody_and_is_counted_once():
    """Two endpoints with the same mistake are one mistake; others are told as ever."""
    wrong = "contains(data.order_of_nothing, 'x')"
    assert Filter(wrong).matches(ENVELOPE) is None
    endpoints = (
        an_endpoint(1, None, filter=wrong),
        an_endpoint(2, None, filter=wrong),
        an_endpoint(3, None, filter="data.role == 'lead'"),
        an_endpoint(4, None),
    )
    told, errors = passing(endpoints, Forms(EVENT, About(), None))
    assert ([one.number for one in told], errors) == ([3, 4], 1)


def test_a_stored_filter_that_is_refused_by_now_matches_nothing():
    """An older version may have taken it; it must not stop everybody's events."""
    endpoints = (an_endpoint(1, None, filter="[type]"), an_endpoint(2, None))
    told, errors = passing(endpoints, Forms(EVENT, About(), None))
    assert ([one.number for one in told], errors) == ([2], 1)


def test_a_filter_that_divides_by_nothing_is_an_error_not_an_exception():
    """Python's own errors count as the filter's."""
    assert Filter("data.copies[::0]").matches({"data": {"copies": [1]}}) is None
    assert Filter("data.a < data.b").matches({"data": {"a": "x", "b": 1}}) is None
