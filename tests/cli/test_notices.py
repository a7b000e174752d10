"""`whistle policy notices`: what people would read."""

from __future__ import annotations

import orjson
import pytest
from typer.testing import CliRunner

from services.cli.policy import app
from services.cli.policy.noticing import segments


def test_every_notice_of_a_city_is_shown_with_its_size() -> None:
    """In every language that it is written in."""
    result = CliRunner().invoke(app, ["notices", "policy/beijing", "--json"])
    assert result.exit_code == 0, result.output
    shown = orjson.loads(result.stdout)["notices"]
    assert {one["language"] for one in shown} == {"zh", "en"}
    accepted = next(o for o in shown if (o["notice"], o["language"]) == ("accepted", "zh"))
    assert "BJ-261124-000123" in accepted["text"]
    assert (accepted["characters"], accepted["segments"]) == (len(accepted["text"]), 1)


def test_one_notice_can_be_looked_at() -> None:
    """As wide as a telephone."""
    arguments = ["notices", "policy/nyc", "--notice", "closed", "--lang", "es"]
    result = CliRunner().invoke(app, arguments)
    assert "está cerrada" in " ".join(result.stdout.split())
    assert "closed · es" in result.stdout
    assert "closed · en" not in result.stdout


def test_an_unknown_notice_is_named() -> None:
    """With those that there are."""
    result = CliRunner().invoke(app, ["notices", "policy/nyc", "--notice", "elected"])
    assert result.exit_code != 0
    assert "accepted" in result.output


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("a" * 160, 1),
        ("a" * 161, 2),
        ("€" * 80, 1),
        ("€" * 81, 2),
        ("好" * 70, 1),
        ("好" * 71, 2),
        ("好" * 135, 3),
        ("", 1),
    ],
)
def test_messages_are_counted_as_networks_do(text: str, count: int) -> None:
    """One Chinese character makes all of a message take two bytes each."""
    assert segments(text) == count
