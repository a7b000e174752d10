"""`whistle policy diff`: what differs in meaning, and nothing that only looks different."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from typer.testing import CliRunner

from services.cli.policy import app
from services.cli.policy.differences import Difference, FieldChange, differences
from services.policy import load
from services.runtime import policies
from services.runtime.migrate import migrate
from tests.policies import AGENCIES, CATALOGUE, CITY, SLA, a_policy, policy_files

RUN = CliRunner()
OLD = a_policy()


def found(**overrides: str) -> tuple[Difference, ...]:
    """What differs from the tiny city where these files are others."""
    return differences(OLD, a_policy(**overrides))


def a_folder(at: Path, **overrides: str | None) -> str:
    at.mkdir()
    for name, content in policy_files(**overrides).items():
        (at / name).write_bytes(content)
    return str(at)


def test_a_policy_does_not_differ_from_itself() -> None:
    """Also where it was loaded twice."""
    assert differences(OLD, OLD) == differences(OLD, a_policy()) == ()


def test_moving_a_rule_or_sorting_a_table_is_no_difference() -> None:
    """Neither says anything else; `diff` of lines would show both whole."""
    first, *rest = CATALOGUE.split("\n[[rules]]")
    turned = "\n[[rules]]".join([first, *reversed(rest)])
    head, *rows = AGENCIES.strip().splitlines()
    assert turned != CATALOGUE
    assert found(catalogue=turned) == ()
    assert found(agencies="\n".join([head, *reversed(rows)]) + "\n") == ()


def test_a_changed_rule_is_told_field_by_field_with_names() -> None:
    """Who knows every code by heart?"""
    changed = CATALOGUE.replace('lead = "water-company"', 'lead = "city-housing"').replace(
        'expect = "water-company"', 'expect = "city-housing"'
    )
    (one,) = found(catalogue=changed)
    assert (one.part, one.code, one.name, one.kind) == (
        "catalogue",
        "water-to-company",
        "供水",
        "changed",
    )
    lead = FieldChange("lead", "water-company 市自来水公司", "city-housing 市住建局")
    assert lead in one.fields
    assert [change.field for change in one.fields] == ["lead", "examples"]


def test_words_that_came_or_went_are_told_alone() -> None:
    """Of a list of fifty, the one that is new."""
    words = CATALOGUE.replace(
        'category = "traffic-bus"', 'category = "traffic-bus"\nwords = ["公交车", "班车"]'
    )
    fewer = words.replace('"公交车", "班车"', '"校车", "公交车"')
    (one,) = differences(a_policy(catalogue=words), a_policy(catalogue=fewer))
    assert one.fields == (FieldChange("words", gone=("班车",), came=("校车",)),)


def test_records_that_came_and_went_say_what_they_say() -> None:
    """A new rule is read here first, not in the file."""
    renamed = CATALOGUE.replace('id = "bus-to-transport"', 'id = "bus-rule"')
    went, came = found(catalogue=renamed)
    assert (came.kind, came.code, went.kind, went.code) == (
        "added",
        "bus-rule",
        "removed",
        "bus-to-transport",
    )
    said = {change.field: change.after for change in came.fields}
    assert said["lead"] == "city-transport 市交通局"
    assert said["category"] == "traffic-bus 公交"
    assert "line" not in said


def test_a_rule_that_is_called_like_its_category_still_tells_it() -> None:
    """The code is left out because it stands beside; the category doesn't."""
    renamed = CATALOGUE.replace('id = "bus-to-transport"', 'id = "traffic-bus"')
    (came,) = [one for one in found(catalogue=renamed) if one.kind == "added"]
    assert [one.after for one in came.fields if one.field == "category"] == ["traffic-bus 公交"]


def test_every_part_is_compared() -> None:
    """Promises, agencies and the city's own figures as well as rules."""
    changed = found(
        city=CITY.replace("returns_max = 2", "returns_max = 3"),
        agencies=AGENCIES.replace("市住建局", "市住房城乡建设局"),
        sla=SLA.replace('handle_within = "24h"', 'handle_within = "12h"'),
    )
    told = {(one.part, one.code): [change.field for change in one.fields] for one in changed}
    assert told == {
        ("routing", ""): ["returns_max"],
        ("agencies", "city-housing"): ["name"],
        ("standards", "utilities"): ["handle_within"],
    }


@pytest.mark.parametrize("city", ["beijing", "haikou"])
def test_a_real_citys_every_difference_from_another_can_be_told(city: str) -> None:
    """Whatever kind of record a part holds; and nobody is asked to read coordinates."""
    root = Path(__file__).parents[2] / "policy"
    result = RUN.invoke(app, ["diff", str(root / city), str(root / "demo")])
    assert result.exit_code == 1, result.output
    assert "object at 0x" not in result.output
    assert max(map(len, result.output.splitlines())) < 600


def test_people_see_what_was_and_what_will_be(tmp_path: Path) -> None:
    """Exit status 1, as `diff` has it."""
    before = a_folder(tmp_path / "a")
    after = a_folder(
        tmp_path / "b", sla=SLA.replace('handle_within = "24h"', 'handle_within = "12h"')
    )
    result = RUN.invoke(app, ["diff", before, after])
    assert result.exit_code == 1, result.output
    assert "standards 办理标准: 1 changed" in result.output
    assert "~ utilities  水电气热" in result.output
    assert "handle_within: 24h → 12h" in result.output


def test_programs_get_everything(tmp_path: Path) -> None:
    """With both hashes, to be kept beside the decision to publish."""
    before = a_folder(tmp_path / "a")
    after = a_folder(tmp_path / "b", agencies=AGENCIES.replace("市住建局", "市住房局"))
    result = RUN.invoke(app, ["diff", before, after, "--json"])
    told: dict[str, Any] = json.loads(result.output)
    assert (told["before"], told["counts"]) == (OLD.hash, {"agencies": {"changed": 1}})
    assert told["differences"][0]["fields"][0]["after"] == "市住房局"


def test_the_same_twice_is_exit_status_0(tmp_path: Path) -> None:
    """A script asks whether there is anything to publish."""
    result = RUN.invoke(app, ["diff", a_folder(tmp_path / "a"), a_folder(tmp_path / "b")])
    assert (result.exit_code, result.output.splitlines()[-1]) == (0, "nothing differs")


@pytest.mark.parametrize("wrong", ["nowhere/at-all", "broken"])
def test_a_folder_that_is_none_is_exit_status_2(tmp_path: Path, wrong: str) -> None:
    """Trouble must not look like a difference."""
    a_folder(tmp_path / "broken", catalogue=CATALOGUE.replace("water-company", "nobody"))
    good = a_folder(tmp_path / "a")
    result = RUN.invoke(app, ["diff", good, str(tmp_path / wrong)])
    assert result.exit_code == 2
    assert "catalogue.toml:" in result.output or "no folder" in result.output


def test_asking_for_what_is_in_force_where_nothing_runs_is_trouble(tmp_path: Path) -> None:
    """And not a difference."""
    env = {"WHISTLE_SECRETS_FILE": None, "WHISTLE_DSN": None}
    arguments = ["diff", "current", a_folder(tmp_path / "a"), "--data", str(tmp_path / "nothing")]
    result = RUN.invoke(app, arguments, env=env)
    assert result.exit_code == 2
    assert "whistle up" in result.output


@pytest.mark.postgres
async def test_published_policies_are_found_by_hash_and_as_current(
    dsn: str, tmp_path: Path
) -> None:
    """Last year's bundle, too: nothing that was ever in force is thrown away."""
    await migrate(dsn, "platform")
    newer = policy_files(sla=SLA.replace('handle_within = "24h"', 'handle_within = "12h"'))
    conn = await asyncpg.connect(dsn)
    for files in (policy_files(), newer):
        await policies.publish(conn, files, actor="test")
    await conn.close()
    secrets = tmp_path / "secrets.toml"
    secrets.write_text("")
    env = {"WHISTLE_DSN": dsn, "WHISTLE_PLATFORM_DSN": None, "WHISTLE_SECRETS_FILE": str(secrets)}
    arguments = ["diff", OLD.hash, "current", "--json"]
    result = await asyncio.to_thread(RUN.invoke, app, arguments, env=env)
    assert result.exit_code == 1, result.output
    told = json.loads(result.stdout[result.stdout.index("{") :])  # Behind a line of the log.
    assert (told["before"], told["after"]) == (OLD.hash, load(newer).hash)
