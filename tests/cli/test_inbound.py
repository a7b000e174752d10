"""`whistle hooks try`: the author of a mapping sees what a call becomes before anybody calls."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from services.cli.inbound import hooks
from services.cli.policy import app as policy_app
from tests.intake.mappings import GRID, WATER, a_ticket
from tests.policies import policy_files

RUN = CliRunner()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A policy folder with two mappings."""
    place = tmp_path / "policy"
    (place / "hooks").mkdir(parents=True)
    for name, content in policy_files().items():
        (place / name).write_bytes(content)
    (place / "hooks" / "water.toml").write_text(WATER)
    (place / "hooks" / "grid.toml").write_text(GRID)
    return place


def _try(folder: Path, source: str, body: bytes, *options: str) -> tuple[int, str]:
    file = folder.parent / "call"
    file.write_bytes(body)
    arguments = ["try", source, str(file), "--policy", str(folder), *options]
    result = RUN.invoke(hooks, arguments)
    return result.exit_code, result.output


def test_a_trial_shows_each_field_with_its_expression(folder: Path) -> None:
    """Nothing is recorded and nothing need run."""
    code, said = _try(folder, "water", json.dumps(a_ticket()).encode())
    assert code == 0
    assert "environment-waste" in said
    assert "ticket.kind" in said
    assert "It would be taken." in said


def test_a_trial_of_a_form_can_be_read_by_programs(folder: Path) -> None:
    """GBK as the mapping says, whatever the terminal speaks."""
    body = "编号=9&诉求内容=路灯不亮&所属区=东区".encode("gbk")
    code, said = _try(folder, "grid", body, "--json")
    found = json.loads(said)
    assert (code, found["state"], found["faults"]) == (0, "taken", [])
    assert found["complaints"][0]["body"]["place"] == {"district": "东区"}


@pytest.mark.parametrize(
    ("change", "field", "expression"),
    [
        ({"words": None}, "text", "ticket.words"),
        ({"id": "编号"}, "external_id", "ticket.id"),
        ({"where": {"lng": 999, "lat": 9}}, "place.longitude", "ticket.where.lng"),
    ],
)
def test_a_trial_names_the_expression_that_fails(
    folder: Path, change: dict[str, object], field: str, expression: str
) -> None:
    """Also where the mapping gives something that the door would refuse."""
    code, said = _try(folder, "water", json.dumps(a_ticket(**change)).encode(), "--json")
    (fault,) = json.loads(said)["faults"]
    assert code == 1
    assert (fault["field"], fault["expression"]) == (field, expression)
    shown = _try(folder, "water", json.dumps(a_ticket(**change)).encode())[1]
    assert f"{field} ({expression}):" in shown
    assert "It would be parked." in shown


def test_a_ping_and_an_unknown_source_are_told(folder: Path) -> None:
    """Each in words."""
    assert "It would be ignored." in _try(folder, "water", b'{"event": "ping"}')[1]
    code, said = _try(folder, "fire", b"{}")
    assert code == 2
    assert "it has grid, water" in said


def test_the_policy_check_runs_the_examples_of_mappings(folder: Path) -> None:
    """A mapping whose proof fails is never published."""
    assert RUN.invoke(policy_app, ["check", str(folder)]).exit_code == 0
    (folder / "hooks" / "water.toml").write_text(WATER.replace('title = ""', 'title = "x"'))
    result = RUN.invoke(policy_app, ["check", str(folder)])
    assert result.exit_code == 1
    assert "hooks/water.toml:" in result.output
    assert "expects title 'x', and '' came" in result.output
