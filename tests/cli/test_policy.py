"""`whistle policy`: an official learns what is wrong, where, before anything is in force."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime
from pathlib import Path

import asyncpg
import pytest
from typer.testing import CliRunner

from services.cli.policy import app
from services.policy import load
from services.runtime.migrate import migrate
from tests.policies import CATALOGUE, policy_files

RUN = CliRunner()


def a_folder(at: Path, **overrides: str | None) -> str:
    for name, content in policy_files(**overrides).items():
        (at / name).write_bytes(content)
    return str(at)


WRONG_LEAD = CATALOGUE.replace('expect = "water-company"', 'expect = "city-transport"')


def line_of(text: str, catalogue: str) -> int:
    return 1 + catalogue[: catalogue.index(text)].count("\n")


def test_a_sound_folder_passes_with_its_counts(tmp_path: Path) -> None:
    """The counts tell whether it is the folder one meant."""
    result = RUN.invoke(app, ["check", a_folder(tmp_path)])
    assert result.exit_code == 0, result.output
    assert "林州市" in result.output
    assert "0 errors" in result.output
    assert "5 rules" in result.output
    assert "11 examples" in result.output


def test_a_broken_example_is_a_fault_with_line_and_trace(tmp_path: Path) -> None:
    """Expected, came, and which rule took it."""
    result = RUN.invoke(app, ["check", a_folder(tmp_path, catalogue=WRONG_LEAD)])
    assert result.exit_code == 1
    line = line_of("家里停水了", WRONG_LEAD)
    assert f"catalogue.toml:{line}: error: an example of water-to-company" in result.output
    assert "expects city-transport, and water-company came" in result.output
    assert "water-to-company: chosen" in result.output


def test_a_structural_fault_is_told_without_running_examples(tmp_path: Path) -> None:
    """Nothing can be routed by a bundle that doesn't load."""
    wrong = CATALOGUE.replace('lead = "water-company"', 'lead = "nobody-at-all"')
    result = RUN.invoke(app, ["check", a_folder(tmp_path, catalogue=wrong)])
    assert result.exit_code == 1
    assert "nobody-at-all" in result.output
    assert "catalogue.toml:" in result.output


def test_a_missing_folder_is_told_and_not_a_traceback(tmp_path: Path) -> None:
    """The most common mistake is the working directory."""
    result = RUN.invoke(app, ["check", str(tmp_path / "elsewhere")])
    assert result.exit_code == 1
    assert "there is no folder" in result.output


def test_the_check_can_be_read_by_programs(tmp_path: Path) -> None:
    """CI annotates the line."""
    result = RUN.invoke(app, ["check", a_folder(tmp_path, catalogue=WRONG_LEAD), "--json"])
    assert result.exit_code == 1
    report = json.loads(result.output)
    assert (report["ok"], report["counts"]["rules"]) == (False, 5)
    (fault,) = [fault for fault in report["faults"] if fault["severity"] == "error"]
    assert (fault["file"], fault["line"]) == ("catalogue.toml", line_of("家里停水了", WRONG_LEAD))
    assert (fault["rule"], fault["trace"][0]) == (
        "water-to-company",
        "outcome: water-company by water-to-company",
    )


def test_explain_works_without_a_stack(tmp_path: Path) -> None:
    """An official tries a rule on their own machine."""
    folder = a_folder(tmp_path)
    arguments = ["explain", "门口垃圾没人清", "--district", "东区", "--street", "河街"]
    result = RUN.invoke(app, [*arguments, "--policy", folder])
    assert result.exit_code == 0, result.output
    assert "street-990101001" in result.output
    assert "东区政府" in result.output
    assert "waste-to-street" in result.output


def test_explain_can_be_read_by_programs(tmp_path: Path) -> None:
    """With every rule tried."""
    result = RUN.invoke(app, ["explain", "停水", "--policy", a_folder(tmp_path), "--json"])
    answer = json.loads(result.output)
    assert (answer["outcome"], answer["policy"]) == ("water-company", load(policy_files()).hash)
    assert len(answer["rules"]) == 5


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--district", "南区"], "南区"),
        (["--category", "哲学"], "哲学"),
    ],
)
def test_explain_says_what_it_does_not_know(
    tmp_path: Path, arguments: list[str], message: str
) -> None:
    """A typing error must not look like a complaint without a place."""
    result = RUN.invoke(app, ["explain", "x", *arguments, "--policy", a_folder(tmp_path)])
    assert result.exit_code == 1
    assert message in result.output


@pytest.fixture
def platform(dsn: str) -> str:
    """The address of a database with the platform's tables."""
    asyncio.run(migrate(dsn, "platform"))
    return dsn


def published(dsn: str) -> list[tuple[str, str, datetime]]:
    async def read() -> list[tuple[str, str, datetime]]:
        conn = await asyncpg.connect(dsn)
        try:
            rows = await conn.fetch(
                "SELECT hash, actor, effective_at FROM platform.policy_activation"
            )
        finally:
            await conn.close()
        return [(row["hash"], row["actor"], row["effective_at"]) for row in rows]

    return asyncio.run(read())


@pytest.mark.postgres
def test_publish_puts_a_sound_policy_in_force(tmp_path: Path, platform: str) -> None:
    """At an instant in the city's own time where no offset is written."""
    arguments = ["--dsn", platform, "--actor", "wang", "--effective-at", "2026-12-01T00:00"]
    result = RUN.invoke(app, ["publish", a_folder(tmp_path), *arguments])
    assert result.exit_code == 0, result.output
    (row,) = published(platform)
    assert row[:2] == (load(policy_files()).hash, "wang")
    assert row[2] == datetime(2026, 11, 30, 16, tzinfo=UTC)
    assert row[0] in result.output


@pytest.mark.postgres
def test_publish_never_stores_a_policy_whose_examples_fail(tmp_path: Path, platform: str) -> None:
    """The loader can't see it; the check must."""
    folder = a_folder(tmp_path, catalogue=WRONG_LEAD)
    result = RUN.invoke(app, ["publish", folder, "--dsn", platform])
    assert result.exit_code == 1
    assert "an example of water-to-company" in result.output
    assert published(platform) == []


def test_publish_says_what_is_missing_where_nothing_runs(tmp_path: Path) -> None:
    """And how to go on."""
    folder = a_folder(tmp_path)
    elsewhere = {"WHISTLE_DSN": None, "WHISTLE_PLATFORM_DSN": None}
    arguments = ["publish", folder, "--data", str(tmp_path / "nothing")]
    result = RUN.invoke(app, arguments, env=elsewhere)
    assert result.exit_code == 1
    assert "whistle up" in result.output


def test_publish_refuses_an_unreadable_instant(tmp_path: Path) -> None:
    """`tomorrow` would otherwise be now."""
    arguments = ["--dsn", "postgresql://x", "--effective-at", "tomorrow"]
    result = RUN.invoke(app, ["publish", a_folder(tmp_path), *arguments])
    assert result.exit_code == 1
    assert "ISO 8601" in result.output
