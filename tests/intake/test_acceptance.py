"""Acceptance: from a request to the fact that is told."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.events import Channel, Nature, Urgency
from services.intake.decide.acceptance import (
    Lexicon,
    Prepared,
    Refused,
    Request,
    complaint_number,
    prepare,
    received,
)
from services.intake.decide.repeats import Repeat
from services.intake.decide.wording import normal_form
from tests.builders import NOON
from tests.intake.callers import ADDRESS, NAME, PHONE
from tests.policies import a_policy

LEXICON = Lexicon(a_policy())
TOKEN_KEY = b"t" * 32
REQUEST = Request(
    channel=Channel.PHONE,
    text=f"我叫{NAME}，电话{PHONE}，投诉楼下停水三天。",
    title=f"{NAME}来电投诉停水",
    address=ADDRESS,
    name=NAME,
    phone=PHONE,
    longitude=116.46723,
    latitude=39.99456,
)


def _prepared(request: Request) -> Prepared:
    found = prepare(request, LEXICON, TOKEN_KEY, NOON)
    assert isinstance(found, Prepared), found
    return found


def test_an_event_shows_neither_name_nor_number_nor_door() -> None:
    """Whatever reads Kafka must not find the person."""
    told = received(_prepared(REQUEST), "LZ-1", None).model_dump_json()
    for secret in (NAME, PHONE, "502", "39.99456"):
        assert secret not in told


def test_everything_that_can_be_known_at_the_door_is_known() -> None:
    """The router should find nothing left to guess."""
    matter = _prepared(REQUEST).matter
    assert matter.urgency is Urgency.URGENT
    assert matter.nature is Nature.COMPLAINT
    assert matter.language == "zh"
    assert (matter.place.district, matter.place.street) == ("990101", "990101001")
    assert matter.place.community == "990101001001"
    assert matter.place.point is not None
    assert (matter.place.point.longitude, matter.place.point.latitude) == (116.467, 39.995)
    assert matter.reporter is not None
    assert matter.received_at == NOON


def test_what_the_operator_said_is_not_overruled() -> None:
    """Somebody listened to the person; we only read words."""
    said = replace(REQUEST, nature=Nature.HELP, language="en", urgency=Urgency.EMERGENCY)
    matter = _prepared(said).matter
    assert (matter.nature, matter.language, matter.urgency) == (
        Nature.HELP,
        "en",
        Urgency.EMERGENCY,
    )


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"category": "no-such"}, "category"),
        ({"district": "999999"}, "place.district"),
        ({"district": "990102", "street": "990101001"}, "place.street"),
        ({"latitude": None}, "place.latitude"),
        ({"external_id": "7"}, "origin"),
        ({"received_at": NOON + timedelta(hours=1)}, "received_at"),
        ({"text": "\u200b \x00\ufeff"}, "text"),
    ],
)
def test_what_cannot_be_right_is_refused_by_its_field(
    change: dict[str, object], field: str
) -> None:
    """A program must learn which of its fields is wrong."""
    found = prepare(replace(REQUEST, **change), LEXICON, TOKEN_KEY, NOON)  # type: ignore[arg-type]
    assert isinstance(found, Refused)
    assert found.field == field


def test_a_name_that_nobody_knows_never_costs_the_call() -> None:
    """The dispatcher can find out where it is; nobody can call the person again."""
    lost = Request(channel=Channel.WEB, text="路灯坏了", district="某新区", street="无名街道")
    assert _prepared(lost).matter.place.district is None


def test_a_number_that_is_none_is_kept_for_people_but_gives_no_token() -> None:
    """`ask for the doorman` may still help to call back."""
    prepared = _prepared(replace(REQUEST, phone="找门卫老张"))
    assert prepared.matter.reporter is None
    assert prepared.identity is not None
    assert prepared.identity.phone == "找门卫老张"


def test_an_identity_has_no_readable_form() -> None:
    """A traceback or a log line must not print a person."""
    assert NAME not in repr(_prepared(REQUEST).identity)


def test_the_number_carries_the_citys_day_and_the_drawn_digits() -> None:
    """People read it over the telephone."""
    assert complaint_number("BJ", date(2026, 11, 24), 42) == "BJ-261124-000042"
    assert complaint_number("BJ", date(2026, 11, 24), 3_000_042) == "BJ-261124-000042"
    assert complaint_number("BJ", date(2026, 11, 24), 3_000_042, 9) == "BJ-261124-003000042"
    late = prepare(REQUEST, LEXICON, TOKEN_KEY, NOON.replace(hour=17))
    assert isinstance(late, Prepared)
    assert late.local_date == date(2026, 11, 25)


def test_a_repeat_names_what_it_repeats() -> None:
    """The router tells the person how that one stands."""
    fact = received(_prepared(REQUEST), "LZ-1", Repeat(UUID(int=7), 0.8))
    assert (fact.matter.repeat_of, fact.matter.repeat_score) == (UUID(int=7), 0.8)


def test_every_finding_points_into_the_words_that_are_told() -> None:
    """Evidence is for people: they must see it where it stands, and no identity with it."""
    told = Request(
        channel=Channel.PHONE,
        title="來電投訴停水",
        text=f"我叫{NAME}，電話{PHONE}。一是昨晚停水，二是河街街道柳树社区的路燈不亮。",
        name=NAME,
    )
    matter = _prepared(told).matter
    said = {
        (
            one.kind,
            (matter.title or "" if one.source == "title" else matter.text)[one.start : one.end],
        )
        for one in matter.findings
        if one.start is not None
    }
    assert matter.text == "我叫[姓名]，电话[电话]。一是昨晚停水，二是河街街道柳树社区的路灯不亮。"
    assert {
        ("nature", "来电投诉"),
        ("time", "昨晚"),
        ("urgency", "停水"),
        ("matter", "昨晚停水"),
        ("matter", "河街街道柳树社区的路灯不亮"),
    } <= said
    kinds = [one.kind for one in matter.findings]
    assert kinds == sorted(kinds)
    assert {one.value for one in matter.findings if one.kind == "nature"} == {"complaint"}


def test_the_door_of_a_secret_reporter_is_in_no_word_that_is_told() -> None:
    """保密: the agency must not learn at whose door to knock."""
    secret = replace(REQUEST, text="3号楼2单元502室漏水", is_secret=True)
    assert _prepared(secret).matter.text == "[门牌]漏水"
    assert _prepared(replace(secret, is_secret=False)).matter.text == "3号楼2单元502室漏水"


def test_a_name_in_traditional_characters_is_masked_in_either_spelling() -> None:
    """The text is simplified before the name is looked for, unless it is Japanese."""
    told = replace(REQUEST, name="陳小樹", text="陳小樹家停水", title=None)
    assert _prepared(told).matter.text == "[姓名]家停水"
    assert _prepared(replace(told, text="陳小樹の水道")).matter.text == "[姓名]の水道"


@given(
    text=st.text(alphabet=st.characters(exclude_categories=())),
    title=st.none() | st.text(alphabet=st.characters(exclude_categories=())),
)
def test_no_text_is_too_strange_to_be_taken_in(text: str, title: str | None) -> None:
    """Surrogates, emoji, controls: a person stands behind each of them."""
    found = prepare(replace(REQUEST, text=text, title=title), LEXICON, TOKEN_KEY, NOON)
    if isinstance(found, Refused):
        assert (found.field, normal_form(text)) == ("text", "")
        return
    matter = found.matter
    matter.model_dump_json()
    assert len(matter.findings) <= 32
    for one in matter.findings:
        words = matter.title or "" if one.source == "title" else matter.text
        assert one.start is None or (one.end is not None and one.start < one.end <= len(words))


@pytest.mark.parametrize(
    "unit",
    ["1", "（", "停水", "昨晚十点", "一是停水了，", "来电投诉", "😀", "at 3am ", "东区", "a"],
)
def test_a_text_of_ten_thousand_characters_gives_bounded_evidence(unit: str) -> None:
    """Who sends the same words a thousand times gets no thousand findings."""
    matter = _prepared(replace(REQUEST, text=unit * (10_000 // len(unit)), title=None)).matter
    assert len(matter.findings) <= 32


def test_an_address_is_read_in_normal_form_and_a_title_of_nothing_is_none() -> None:
    """A position must not depend on the keyboard; an empty title says no more than none."""
    typed = replace(
        REQUEST, address="東區\u200b河街街道柳树社區", title="\u200b", longitude=None, latitude=None
    )
    matter = _prepared(typed).matter
    assert (matter.place.district, matter.place.street) == ("990101", "990101001")
    assert matter.place.community == "990101001001"
    assert matter.title is None
