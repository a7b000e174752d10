"""`whistle vault`: keys are replaced beside a running intake, and people are forgotten."""

from __future__ import annotations

import asyncio
import json
import stat
import tomllib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from click.testing import Result
from typer.testing import CliRunner

from services.cli.vault import app
from services.cli.vault.secrets_file import UnusualFileError, add_key, next_id, remove_key
from services.runtime.keys import Role
from services.runtime.vault_keys import keys_of
from tests.intake.callers import PHONE, SECRETS, a_complaint, a_reporter
from tests.intake.conftest import Door, open_door

RUN = CliRunner()


@dataclass
class City:
    """Intake on a database, and the command line beside it."""

    door: Door
    dsn: str
    secrets_file: Path

    async def vault(self, *arguments: str, **env: str) -> Result:
        """Run a command beside intake."""
        where = {"WHISTLE_DSN": self.dsn, "WHISTLE_SECRETS_FILE": str(self.secrets_file), **env}
        return await asyncio.to_thread(RUN.invoke, app, list(arguments), env=where)

    async def told(self, *arguments: str) -> Any:
        """Run a command that must succeed; gives its JSON."""
        result = await self.vault(*arguments, "--json")
        assert result.exit_code == 0, result.output
        return json.loads(result.stdout)

    async def call(self, phone: str = PHONE, text: str = "路灯不亮", **reporter: Any) -> UUID:
        """Take a complaint in."""
        client = await self.door.client(Role.OPERATOR)
        body = a_complaint(text=text, reporter=a_reporter(phone=phone, **reporter))
        answer = await client.post("/v1/complaints", json=body)
        assert answer.status_code == 202, answer.text
        return UUID(answer.json()["complaint_id"])

    async def reveal(self, complaint_id: UUID) -> int:
        """Ask who made a complaint; gives the status."""
        event = next(e for e in await self.door.received() if e.complaintid == complaint_id)
        client = await self.door.client(Role.SERVICE)
        answer = await client.post(
            f"/v1/identities/{event.data.matter.reporter}/reveal",
            json={"purpose": "call-back", "complaint_id": str(complaint_id)},
        )
        return answer.status_code

    async def close(self, complaint_id: UUID, ago: timedelta) -> None:
        """Let a complaint have been closed some time ago."""
        await self.door.path.pool.execute(
            "INSERT INTO intake.view (complaint_id, status, closed_at)"
            " VALUES ($1, 'closed', now() - $2::interval)",
            complaint_id,
            ago,
        )


@pytest.fixture
async def city(dsn: str, tmp_path: Path) -> AsyncIterator[City]:
    """Intake on a fresh database, and its secrets file."""
    file = tmp_path / "secrets.toml"
    file.write_text(SECRETS)
    async with open_door(dsn, file) as door:
        yield City(door, dsn, file)


@pytest.mark.postgres
async def test_a_key_is_replaced_beside_a_running_intake(city: City) -> None:
    """Nothing is lost on the way, and in the end the old key opens nothing."""
    first = await city.call()
    assert (await city.told("rotate"))["rewrapped"] == 1
    late = await city.call("19000005678")  # Sealed with the key it began with.
    assert await city.told("keys") == [
        {"key": "1", "records": 1, "state": "opens"},
        {"key": "2", "records": 1, "state": "seals"},
    ]
    refused = await city.vault("retire", "1")
    assert refused.exit_code == 1
    assert "1 records are still under key 1" in refused.output
    assert await city.reveal(first) == 200  # It reads the file, and knows the new key now.
    assert await city.told("rewrap") == {
        "key": "2",
        "rewrapped": 1,
        "failed": [],
        "waiting": {},
    }
    newest = await city.call("19000009999")
    assert (await city.vault("retire", "1")).exit_code == 0
    found = tomllib.loads(city.secrets_file.read_text())
    assert "vault_key" not in found
    assert set(found["vault_keys"]) == {"2"}
    assert [await city.reveal(one) for one in (first, late, newest)] == [200, 200, 200]
    assert (await city.told("keys"))[0]["state"] == "retired and gone"


@pytest.mark.postgres
async def test_a_rotation_that_was_cut_off_goes_on(city: City) -> None:
    """The key was made and nothing else: `rewrap` does the rest."""
    await city.call()
    add_key(city.secrets_file, "2")
    assert (await city.told("rewrap"))["rewrapped"] == 1
    assert (await city.told("rewrap"))["rewrapped"] == 0


@pytest.mark.postgres
async def test_a_record_that_does_not_open_is_named_and_left(city: City) -> None:
    """One damaged record must not stop the others, nor be overwritten."""
    damaged, sound = await city.call(), await city.call("19000005678")
    pool = city.door.path.pool
    await pool.execute(
        "UPDATE identity.contact SET wrapped = set_byte(wrapped, 20, 1 - get_byte(wrapped, 20) % 2)"
        " WHERE complaint_id = $1",
        damaged,
    )
    result = await city.vault("rotate")
    assert result.exit_code == 1
    assert f"left as it is: {damaged}" in result.output
    key_id = "SELECT key_id FROM identity.contact WHERE complaint_id = $1"
    assert [await pool.fetchval(key_id, one) for one in (damaged, sound)] == ["1", "2"]


@pytest.mark.postgres
async def test_keys_of_the_environment_are_for_the_administrator_to_change(city: City) -> None:
    """We can't write there; the message says who does what."""
    key = tomllib.loads(SECRETS)["vault_key"]
    result = await city.vault("rotate", WHISTLE_VAULT_KEYS=f"1:{key}")
    assert result.exit_code == 1
    assert "put a new one before the others" in result.output
    assert "vault_keys" not in city.secrets_file.read_text()


@pytest.mark.postgres
async def test_the_list_of_accesses_is_shown_and_checked(city: City) -> None:
    """With a head to be kept elsewhere."""
    complaint_id = await city.call()
    await city.reveal(complaint_id)
    rows = await city.told("audit", "--complaint", str(complaint_id))
    assert [(row["role"], row["purpose"]) for row in rows] == [("service", "call-back")]
    assert "call-back" in (await city.vault("audit")).output
    checked = await city.told("audit", "--verify")
    assert checked["is_whole"]
    assert (await city.told("audit", "--expect", checked["head"]))["rows"] == 1
    wrong = await city.vault("audit", "--expect", "1:" + "0" * 64)
    assert wrong.exit_code == 1
    assert "BROKEN at row 1" in wrong.output
    assert (await city.vault("audit", "--expect", "nonsense")).exit_code == 2


@pytest.mark.postgres
async def test_a_person_is_forgotten_but_not_the_complaints(city: City) -> None:
    """By the number, however it is written; a second time changes nothing."""
    mine, other = await city.call(), await city.call("19000005678")
    await city.close(mine, timedelta(days=1))
    spelled = f"+86 {PHONE[:3]}-{PHONE[3:7]} {PHONE[7:]}"
    tried = await city.told("erase", "--phone", spelled, "--dry-run")
    assert (tried["complaints"], tried["erased"]) == ([str(mine)], 0)
    assert await city.reveal(mine) == 200
    assert (await city.told("erase", "--phone", spelled, "--yes"))["erased"] == 1
    assert [await city.reveal(one) for one in (mine, other)] == [404, 200]
    reporters = await city.door.path.pool.fetch(
        "SELECT complaint_id, reporter IS NULL AS is_gone FROM intake.complaint"
    )
    assert dict(map(tuple, reporters)) == {mine: True, other: False}
    again = await city.told("erase", "--phone", spelled, "--yes")
    assert (again["found"], again["erased"]) == (0, 0)
    rows = await city.told("audit", "--complaint", str(mine))
    assert [row["outcome"] for row in rows].count("erased") == 1
    assert (await city.told("audit", "--verify"))["is_whole"]


@pytest.mark.postgres
async def test_an_open_complaint_is_erased_only_on_purpose(city: City) -> None:
    """Nobody can be called back about it afterwards."""
    complaint_id = await city.call()
    refused = await city.vault("erase", "--complaint", str(complaint_id))  # No answer: no.
    assert refused.exit_code == 1
    assert "1 of them open" in refused.output
    assert await city.reveal(complaint_id) == 200
    done = await city.vault("erase", "--complaint", str(complaint_id), "--yes")
    assert "What remains" in done.output
    assert await city.reveal(complaint_id) == 404


@pytest.mark.postgres
async def test_a_person_may_call_while_being_forgotten(city: City) -> None:
    """What comes in at the same time is a new record, and nobody stumbles."""
    await city.call()
    erased, *called = await asyncio.gather(
        city.told("erase", "--phone", PHONE, "--yes"),
        *(city.call(text=f"路灯不亮{n}") for n in range(10)),
    )
    left = await city.door.path.pool.fetchval("SELECT count(*) FROM identity.contact")
    assert erased["erased"] + left == 1 + len(called)


@pytest.mark.postgres
async def test_only_what_was_closed_long_ago_is_let_go(city: City) -> None:
    """An open complaint needs its person, however old it is."""
    old, recent, still_open = [await city.call(text=f"路灯{n}不亮") for n in ("甲", "乙", "丙")]
    await city.close(old, timedelta(days=1200))
    await city.close(recent, timedelta(days=900))
    await city.door.path.pool.execute(
        "UPDATE identity.contact SET stored_at = now() - interval '9 years'"
    )
    assert (await city.told("retain", "--older-than", "3y", "--dry-run"))["records"] == 1
    assert (await city.told("retain", "--older-than", "3y"))["records"] == 1
    assert [await city.reveal(one) for one in (old, recent, still_open)] == [404, 200, 200]
    assert (await city.told("retain", "--older-than", "3y"))["records"] == 0
    assert "retention: 1 records" in (await city.told("audit"))[0]["purpose"]
    assert (await city.vault("retain", "--older-than", "soon")).exit_code == 2


def test_a_new_key_leaves_the_file_as_people_wrote_it(tmp_path: Path) -> None:
    """Comments stay, and only its owner can read it."""
    file = tmp_path / "secrets.toml"
    file.write_text(f"# Kept in the safe of room 4.\n{SECRETS}")
    add_key(file, "2")
    ring = add_key(file, "3")
    assert (set(ring.keys), ring.current) == ({"1", "2", "3"}, "3")
    assert "# Kept in the safe of room 4." in file.read_text()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert set(remove_key(file, "1").keys) == {"2", "3"}
    assert set(remove_key(file, "2").keys) == {"3"}
    assert keys_of(tomllib.loads(file.read_text()), file).current == "3"


def test_a_file_written_in_an_unusual_way_is_left_alone(tmp_path: Path) -> None:
    """A wrong guess would lose a key."""
    file = tmp_path / "secrets.toml"
    key = tomllib.loads(SECRETS)["vault_key"]
    before = f'vault_keys = {{ 1 = "{key}" }}\n'
    file.write_text(before)
    with pytest.raises(UnusualFileError, match="change it by hand"):
        add_key(file, "2")
    assert file.read_text() == before


def test_an_id_is_never_given_twice() -> None:
    """A retired key's id would say that it opens what it doesn't."""
    assert next_id({"1", "3", "autumn"}) == "4"
