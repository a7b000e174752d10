"""Names the public gets, and documents as XML."""

from __future__ import annotations

from uuid import UUID
from xml.etree.ElementTree import fromstring

from services.intake.http.open311.names import request_names, token_names
from services.intake.http.open311.route import wrong_in
from services.intake.http.open311.writing import to_xml
from services.intake.http.taking import overloaded
from services.runtime.errors import TransientError
from services.runtime.problems import Problem, invalid_request

SECRET = bytes(range(32))
COMPLAINT = UUID("01a20c8d-4630-731c-a0d1-e82733f44445")


def test_a_public_name_leads_to_its_complaint_and_doesnt_show_it() -> None:
    """Whoever holds a complaint's id may withdraw it; the list is open to everybody."""
    names = request_names(SECRET)
    name = names.write(COMPLAINT)
    assert names.read(name) == COMPLAINT
    assert name != COMPLAINT.hex


def test_names_of_two_kinds_or_installations_dont_fit_each_other() -> None:
    """A token is no request's id, and another city's ids mean nothing here."""
    token = token_names(SECRET).write(COMPLAINT)
    assert request_names(SECRET).read(token) != COMPLAINT
    assert request_names(bytes(32)).read(request_names(SECRET).write(COMPLAINT)) != COMPLAINT


def test_what_is_no_name_is_nobodys() -> None:
    """A caller may send anything."""
    names = request_names(SECRET)
    name = names.write(COMPLAINT)
    for wrong in ("", "x" * 32, "ab", name.upper(), name + "\n"):
        assert names.read(wrong) is None, wrong


def test_xml_holds_any_words_and_no_sign_that_breaks_it() -> None:
    """A citizen's words may hold anything; one control sign would break every client's list."""
    said = 'a < b & "c" ]]> \x00\x0b\ufffe 垃圾\n🚮'
    root = fromstring(to_xml("service_requests", [{"description": said}]))  # noqa: S314
    assert root.findtext("request/description") == 'a < b & "c" ]]>  垃圾\n🚮'


def test_xml_says_yes_and_no_and_nothing_as_the_standard_does() -> None:
    """`true`, `false`, and an empty element."""
    written = to_xml("errors", [{"code": 1, "metadata": True, "lat": 1.5, "zipcode": None}])
    body = "<code>1</code><metadata>true</metadata><lat>1.5</lat><zipcode />"
    assert written.decode() == (
        f'<?xml version="1.0" encoding="utf-8"?>\n<errors><error>{body}</error></errors>'
    )


def test_what_may_succeed_later_says_when_to_come_again() -> None:
    """A client that is told 400 gives up, and the report is lost."""
    for error in (overloaded(2), TransientError("away"), Problem(503, "no-policy", "None yet.")):
        wrong = wrong_in(error)
        assert wrong is not None
        assert (wrong.status, wrong.wrong[0].code) == (503, 503)
    assert wrong_in(overloaded(2)).headers["Retry-After"] == "2"  # type: ignore[union-attr,index]


def test_our_own_fields_are_named_as_the_standard_does() -> None:
    """An app's author knows no `place.latitude`."""
    wrong = wrong_in(invalid_request([("place.latitude", "is wrong"), ("category", "is unknown")]))
    assert wrong is not None
    assert [one.description for one in wrong.wrong] == [
        "lat: is wrong",
        "service_code: is unknown",
    ]
    assert wrong.status == 400


def test_a_bug_of_ours_is_not_passed_off_as_the_callers() -> None:
    """It must be seen as what it is."""
    assert wrong_in(ZeroDivisionError()) is None
