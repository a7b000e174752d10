"""Mapping: another system's words become a complaint, or it is said exactly why not."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote, quote_from_bytes

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.intake.decide.hook_bodies import read_body
from services.intake.decide.hook_examples import broken_hook_examples
from services.intake.decide.mapping import ITEMS_MAX, Broken, Made, Mapped, map_call
from tests.intake.mappings import GRID, SEVERAL, WATER, a_ticket, mapping, with_hooks

WATER_MAPPING, GRID_MAPPING, SEVERAL_MAPPING = mapping(WATER), mapping(GRID), mapping(SEVERAL)


def made(said: Any, by: Any = WATER_MAPPING) -> Made:
    mapped = map_call(by, said if isinstance(said, bytes) else json.dumps(said).encode())
    assert isinstance(mapped, Mapped), mapped
    (one,) = mapped.made
    assert isinstance(one, Made), one
    return one


def broken(said: Any, by: Any = WATER_MAPPING) -> Broken:
    mapped = map_call(by, said if isinstance(said, bytes) else json.dumps(said).encode())
    one = mapped.made[0] if isinstance(mapped, Mapped) else mapped
    assert isinstance(one, Broken), one
    return one


def test_nested_json_becomes_the_body_of_a_complaint() -> None:
    """As every caller of our own API would write it."""
    said = a_ticket(at="2026-11-24T08:00:00", where={"district": "东区", "lng": "116.4", "lat": 39})
    assert made(said).body == {
        "channel": "hook",
        "origin": "hook:water",
        "external_id": "7",
        "text": "楼下的垃圾桶没有人清。第7次。",
        "received_at": "2026-11-24T08:00:00+08:00",
        "category": "environment-waste",
        "place": {"district": "东区", "longitude": 116.4, "latitude": 39.0},
        "reporter": {"name": "白小树", "phone": "19000001234", "is_secret": True},
    }


def test_every_field_says_which_expression_gave_it() -> None:
    """The author of a mapping must see what did what."""
    filled = {one.field: (one.value, one.expression) for one in made(a_ticket()).filled}
    assert filled["category"] == ("environment-waste", "ticket.kind")
    assert filled["is_secret"] == ("yes", "caller.hide")


@pytest.mark.parametrize("is_encoded", [True, False])
def test_a_form_with_chinese_keys_in_gbk_is_read(is_encoded: bool) -> None:
    """Old systems send it either way."""
    text = "编号=9&诉求内容=路灯不亮，看不见路&上报时间=2026-11-24 07:15&是否保密=是"
    raw = text.encode("gb18030")
    if is_encoded:
        raw = quote_from_bytes(raw, safe="=&").replace("%20", "+").encode()
    body = made(raw, GRID_MAPPING).body
    assert body["text"] == "路灯不亮，看不见路"
    assert body["received_at"] == "2026-11-24T07:15:00+08:00"
    assert body["reporter"] == {"is_secret": True}
    assert body["channel"] == "grid"


def test_a_charset_in_the_content_type_counts_where_the_mapping_names_none() -> None:
    """JSON in GBK exists too."""
    raw = json.dumps(a_ticket(), ensure_ascii=False).encode("gbk")
    mapped = map_call(WATER_MAPPING, raw, 'application/json; charset="GBK"')
    assert isinstance(mapped, Mapped)
    assert broken(raw).field == "body"


def test_what_is_no_complaint_is_told_apart_from_what_is_broken() -> None:
    """A ping must not wait for somebody's repair."""
    mapped = map_call(WATER_MAPPING, b'{"event": "ping"}')
    assert mapped == Mapped(is_wanted=False)


def test_what_a_table_does_not_know_is_left_to_the_rest_of_the_path() -> None:
    """A new code of theirs costs no complaint."""
    assert "category" not in made(a_ticket(kind="NEW")).body


def test_several_complaints_of_a_call_are_judged_each_by_itself() -> None:
    """One without words must not keep back the others."""
    said = {"list": [{"words": "a"}, {"words": " "}, {"words": "c"}]}
    mapped = map_call(SEVERAL_MAPPING, json.dumps(said).encode())
    assert isinstance(mapped, Mapped)
    assert [type(one) for one in mapped.made] == [Made, Broken, Made]
    assert str(mapped.made[1]) == "item 1: text (words): gives no words"


@pytest.mark.parametrize(
    ("change", "field", "reason"),
    [
        ({"words": None}, "text", "gives no words"),
        ({"words": ["a"]}, "text", "gives a list, not a text"),
        ({"title": {}}, "title", "gives a table, not a text"),
        ({"at": "yesterday"}, "received_at", "gives no instant that `received_formats` knows"),
        ({"where": {"lng": "east"}}, "longitude", "gives no number"),
    ],
)
def test_what_is_broken_is_named_with_its_expression_and_without_their_words(
    change: dict[str, object], field: str, reason: str
) -> None:
    """Reasons are shown to people who may not read the call."""
    found = broken(a_ticket(**change))
    assert (found.field, found.reason) == (field, reason)
    assert found.expression == WATER_MAPPING.fields[field].text
    assert found.line == WATER_MAPPING.fields[field].line > 0


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "is no JSON"),
        (b'{"event": ', "is no JSON"),
        (b"\xff\xfe", "is no JSON"),
        (b"null", None),
        (b"[]", None),
        (b'"text"', None),
    ],
)
def test_a_body_of_another_kind_is_a_fault_or_no_complaint_and_never_a_crash(
    body: bytes, reason: str | None
) -> None:
    """Whatever comes with the right signature."""
    mapped = map_call(WATER_MAPPING, body)
    assert isinstance(mapped, Broken if reason else Mapped)
    assert reason is None or reason in str(mapped)


def test_an_expression_that_can_not_be_evaluated_is_a_fault() -> None:
    """JMESPath's functions are particular about types."""
    odd = mapping(
        WATER.replace('"ticket.words"', "\"join(' ', ticket.words)\"").replace(
            '"words": "垃圾没人清"', '"words": ["垃圾没人清"]'
        )
    )
    found = broken(a_ticket(), odd)
    assert (found.field, found.reason) == ("text", "can't be evaluated: JMESPathTypeError")


def test_long_words_are_cut_and_not_refused() -> None:
    """The original is kept; words that wait help nobody."""
    body = made(a_ticket(words="长" * 20_000, title="题" * 300)).body
    assert len(body["text"]) == 10_000
    assert len(body["title"]) == 200
    assert body["text"].endswith("…")


def test_too_many_complaints_in_a_call_are_a_fault() -> None:
    """Limits on everything."""
    said = json.dumps({"list": [{"words": "a"}] * (ITEMS_MAX + 1)}).encode()
    assert "more than" in str(map_call(SEVERAL_MAPPING, said))
    assert "gives no list" in str(map_call(SEVERAL_MAPPING, b'{"list": []}'))
    form = b"&".join([b"a=1"] * 1_001)
    assert "more than" in str(map_call(GRID_MAPPING, form))


def test_half_a_position_and_the_middle_of_the_ocean_are_no_position() -> None:
    """Devices that don't know where they are say zero."""
    assert "longitude" not in made(a_ticket(where={"lng": 116.4, "lat": 0})).body.get("place", {})


def test_examples_are_run_and_say_what_came_instead() -> None:
    """A mapping's proof stands in its own file."""
    assert broken_hook_examples(with_hooks()) == ()
    wrong = with_hooks(
        water=WATER.replace('title = ""', 'title = "x"'),
        several=SEVERAL.replace(', { text = "b" }', ""),
    )
    told = [str(fault) for fault in broken_hook_examples(wrong)]
    assert "expects 1 complaints, and 2 came" in told[0]
    line = 1 + WATER[: WATER.index("[[examples]]")].count("\n")
    assert told[1].startswith(f"hooks/water.toml:{line}: error: an example expects title 'x'")


@given(st.binary(max_size=200), st.text(max_size=40))
def test_no_bytes_make_it_fail(body: bytes, content_type: str) -> None:
    """A call that trips us up would be parked for no reason."""
    for by in (WATER_MAPPING, GRID_MAPPING, SEVERAL_MAPPING):
        assert isinstance(map_call(by, body, content_type), Mapped | Broken)


@given(st.dictionaries(st.text("编号诉求内容ab=&+% ", max_size=5), st.text(max_size=9), max_size=5))
def test_a_form_reads_as_it_was_written(form: dict[str, str]) -> None:
    """Percent-encoding there and back."""
    wanted = {name: value for name, value in form.items() if name != ""}
    raw = "&".join(f"{quote(k)}={quote(v)}" for k, v in wanted.items()).encode()
    by = mapping(GRID.replace('charset = "gbk"', 'charset = "utf-8"'))
    assert read_body(by, raw) == wanted


@pytest.mark.parametrize("number", [2**64, 10**25, -(2**63) - 1])
def test_long_ids_keep_every_digit(number: int) -> None:
    """As floats, two of them would be one, and the second complaint lost."""
    for by in (WATER_MAPPING, mapping(WATER.replace('"ticket.id"', '"to_string(ticket.id)"'))):
        ids = {made(a_ticket(number + more), by).body["external_id"] for more in (0, 1)}
        assert ids == {str(number), str(number + 1)}


def test_a_number_that_is_no_whole_one_is_no_id() -> None:
    """Its last digits are gone already."""
    said = json.dumps(a_ticket()).replace('"id": 7', '"id": 1e30').encode()
    assert broken(said).field == "external_id"
    endless = b'{"event": "created", "ticket": {"id": %s}}' % (b"9" * 5_000)
    assert broken(endless).field == "body"
