"""Person: the same caller is the same caller, and nobody can be found by a token."""

from __future__ import annotations

import pytest

from services.intake.decide.person import normal_phone, person_token

KEY = b"k" * 32


@pytest.mark.parametrize(
    "said",
    [
        "19000001234",
        "190-0000-1234",
        "+86 190 0000 1234",
        "8619000001234",
        "１９０００００１２３４",
    ],
)
def test_every_spelling_of_a_number_gives_one_token(said: str) -> None:
    """Else a person who calls twice would be two people."""
    assert normal_phone(said) == "+8619000001234"
    assert person_token(KEY, normal_phone(said)) == person_token(KEY, "+8619000001234")


@pytest.mark.parametrize(
    ("said", "country", "normal"),
    [
        ("010-65000000", "86", "+861065000000"),
        ("65000000", "86", "65000000"),
        ("(212) 555-0123", "1", "+12125550123"),
        ("1 212 555 0123", "1", "+12125550123"),
        ("0044 20 7946 0000", "86", "+442079460000"),
    ],
)
def test_landlines_and_foreign_numbers_are_written_in_one_way(
    said: str, country: str, normal: str
) -> None:
    """Not every caller has a mobile of this country."""
    assert normal_phone(said, country) == normal


@pytest.mark.parametrize(
    "said",
    [
        *(None, "", "保密", "不详", "123", "1" * 30),
        *("li19000001234@example.org", "１９０００００１２３４＠example.org", "wx19000001234"),
    ],
)
def test_what_is_no_number_gives_no_token(said: str | None) -> None:
    """An anonymous caller isn't the same as the last anonymous caller."""
    assert person_token(KEY, normal_phone(said)) is None


def test_a_token_shows_nothing_of_the_number_and_depends_on_the_key() -> None:
    """All mobile numbers can be tried in a minute; without the key that gives nothing."""
    token = person_token(KEY, "+8619000001234")
    assert token is not None
    assert "19000001234" not in token
    assert token != person_token(b"another", "+8619000001234")
