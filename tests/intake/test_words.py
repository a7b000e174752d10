"""In which language a page or a status speaks."""

from __future__ import annotations

import pytest

from services.intake.http.words import language_for


@pytest.mark.parametrize(
    ("asked", "accepted", "city", "language"),
    [
        ("en", "zh-CN,zh;q=0.9", "zh", "en"),
        (None, "en-GB,en;q=0.8", "zh", "en"),
        (None, "fr-FR,zh;q=0.5", "en", "zh"),
        (None, "es-US,es;q=0.9", "en", "en"),
        (None, "es-US,es;q=0.9", "zh", "zh"),
        (None, None, "en", "en"),
        ("xx", None, "zh", "zh"),
    ],
)
def test_a_page_speaks_what_was_asked_for_else_the_citys_language(
    asked: str | None, accepted: str | None, city: str, language: str
) -> None:
    """A Spanish browser in New York must not be answered in Chinese."""
    assert language_for(asked, accepted, city) == language
