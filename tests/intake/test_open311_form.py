"""Forms that apps send: what is taken, and how each mistake is named."""

from __future__ import annotations

import pytest

from services.events import Attribute, Channel
from services.intake.decide.acceptance import Request
from services.intake.decide.open311_faults import Wrong
from services.intake.decide.open311_form import read_report
from tests.policies import a_policy

RULES = a_policy().open311
assert RULES is not None

WASTE = {"service_code": ["environment-waste"], "lat": ["39.9"], "long": ["116.4"]}
WATER = WASTE | {"service_code": ["utilities-water"], "attribute[WHISPAWN]": ["123"]}


def _request(fields: dict[str, list[str]]) -> Request:
    assert RULES is not None
    found = read_report(fields, RULES)
    assert isinstance(found, Request), found
    return found


def _wrong(fields: dict[str, list[str]]) -> list[Wrong]:
    assert RULES is not None
    found = read_report(fields, RULES)
    assert isinstance(found, tuple), found
    return list(found)


def test_a_form_becomes_a_request_of_the_channel() -> None:
    """Each of the standard's fields has one place in ours."""
    said = {
        "description": ["垃圾满了"],
        "address_string": ["河街12号"],
        "first_name": ["小树"],
        "last_name": ["白"],
        "phone": ["19000001234"],
        "email": ["tree@linzhou.example"],
        "media_url": ["https://photos.example/1.jpg"],
        "device_id": ["tt222111"],
        "account_id": ["9"],
    }
    request = _request(WASTE | said)
    assert (request.channel, request.category) == (Channel.OPEN311, "environment-waste")
    assert (request.text, request.address) == ("垃圾满了", "河街12号")
    assert (request.latitude, request.longitude) == (39.9, 116.4)
    assert (request.name, request.phone) == ("白小树", "19000001234")
    assert request.media_urls == ("https://photos.example/1.jpg",)


def test_an_email_is_no_telephone_number() -> None:
    """It may be the only way to reach the person."""
    request = _request(WASTE | {"email": ["tree@linzhou.example"]})
    assert (request.phone, request.email) == (None, "tree@linzhou.example")


def test_a_name_in_latin_letters_has_the_given_name_first() -> None:
    """The order of a name depends on how it is written."""
    request = _request(WASTE | {"first_name": ["Ann"], "last_name": ["Lee"]})
    assert request.name == "Ann Lee"


def test_without_a_description_the_kind_and_the_place_are_the_words() -> None:
    """The standard makes the description optional; two bins are still two reports."""
    here, there = _request(WASTE).text, _request(WASTE | {"lat": ["39.8"]}).text
    assert here == "垃圾清运（39.900, 116.400）"
    assert here != there


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"service_code": []}, Wrong("service_code: is missing")),
        ({"service_code": [" "]}, Wrong("service_code: is missing")),
        ({"service_code": ["housing"]}, Wrong("service_code: 'housing' was not found", 404)),
        ({"lat": [""], "long": [""]}, Wrong("lat: lat and long, or address_string, are needed")),
        ({"long": []}, Wrong("long: is needed with lat")),
        ({"lat": ["north"]}, Wrong("lat: must be a number from -90 to 90")),
        ({"lat": ["nan"]}, Wrong("lat: must be a number from -90 to 90")),
        ({"long": ["181"]}, Wrong("long: must be a number from -180 to 180")),
        ({"description": ["字" * 4001]}, Wrong("description: 4000 characters at the most")),
        ({"phone": ["1" * 41]}, Wrong("phone: 40 characters at the most")),
        ({"media_url": ["ftp://x"]}, Wrong("media_url: must begin with https:// or http://")),
    ],
)
def test_a_mistake_is_named_by_its_field(changes: dict[str, list[str]], said: Wrong) -> None:
    """An app's author must find the field that is wrong."""
    assert _wrong(WASTE | changes) == [said]


def test_an_address_id_alone_is_no_place() -> None:
    """No register of addresses is kept, and a report that nobody can find helps nobody."""
    fields = {"service_code": ["environment-waste"], "address_id": ["545483"]}
    assert [one.description.partition(":")[0] for one in _wrong(fields)] == ["address_id"]


def test_all_mistakes_are_told_at_once() -> None:
    """One round trip should be enough to mend a form."""
    assert len(_wrong({"service_code": ["x"], "lat": ["x"], "media_url": ["x"]})) == 4


def test_answers_come_in_the_order_of_the_questions() -> None:
    """Both ways of naming a value are the standard's; what nobody asked is passed over."""
    fields = WATER | {
        "attribute[WHISDORN]": ["A-1"],
        "attribute[WHISPAWN]": [],
        "attribute[WHISPAWN][]": ["124", "124"],
        "attribute[fixmystreet_id]": ["7"],
    }
    assert _request(fields).attributes == (
        Attribute(code="WHISPAWN", values=("124",)),
        Attribute(code="WHISDORN", values=("A-1",)),
    )


@pytest.mark.parametrize(
    ("answers", "fault"),
    [
        ({"attribute[WHISPAWN]": [""]}, "attribute[WHISPAWN]: is missing"),
        ({"attribute[WHISPAWN]": ["9"]}, "attribute[WHISPAWN]: has no value '9'"),
        ({"attribute[WHISPAWN]": ["123", "124"]}, "attribute[WHISPAWN]: takes one value"),
        ({"attribute[WHISDORN]": ["a\nb"]}, "attribute[WHISDORN]: must be one line"),
        ({"attribute[WHISDORN]": ["a" * 501]}, "attribute[WHISDORN]: 500 characters at the most"),
    ],
)
def test_an_answer_is_judged_by_the_definition(answers: dict[str, list[str]], fault: str) -> None:
    """What the definition promises to the office must hold."""
    assert _wrong(WATER | answers) == [Wrong(fault)]


@pytest.mark.parametrize(
    ("datatype", "good", "bad"),
    [
        ("number", "-1.5", "warm"),
        ("number", "20", "inf"),
        ("datetime", "2026-01-31T08:00:00+08:00", "yesterday"),
        ("text", "a\nb", "a" * 4001),
    ],
)
def test_each_datatype_takes_its_own(datatype: str, good: str, bad: str) -> None:
    """A number that is no number would reach an office as nonsense."""
    attribute = f"""
jurisdiction_id = "x"
contact = "x"
key_service = "x"
changeset = "1"

[[attribute]]
categories = ["environment-waste"]
code = "it"
datatype = "{datatype}"
description = {{ zh = "什么？" }}
"""
    rules = a_policy(open311=attribute).open311
    assert rules is not None
    assert isinstance(read_report(WASTE | {"attribute[it]": [good]}, rules), Request)
    assert isinstance(read_report(WASTE | {"attribute[it]": [bad]}, rules), tuple)
