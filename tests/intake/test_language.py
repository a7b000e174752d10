"""Language: good enough to choose the language of a reply."""

from __future__ import annotations

import pytest

from services.intake.decide.language import language_of


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("小区停水两天了", "zh"),
        ("KTV在半夜还很吵", "zh"),
        ("The street light is broken", "en"),
        ("水道が止まりました", "ja"),
        ("수돗물이 나오지 않아요", "ko"),
        ("Нет горячей воды", "ru"),
        ("No hay agua en la calle", "es"),
        ("12345 !!!", "zh"),
    ],
)
def test_script_and_small_words_tell_the_language(text: str, language: str) -> None:
    """A citizen should be asked back in the language they wrote in."""
    assert language_of(text, "zh") == language


def test_latin_letters_without_a_sign_are_the_citys_language() -> None:
    """In a city that writes Latin letters its own language is the better guess."""
    assert language_of("broken pipe", "en") == "en"
    assert language_of("tuyau", "fr") == "fr"
