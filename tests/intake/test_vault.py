"""Vault: sealed means sealed, and whoever looks is written down for good."""

from __future__ import annotations

import asyncpg
import pytest
from cryptography.exceptions import InvalidTag

from services.intake.adapters.vault import Vault
from services.intake.decide.acceptance import Identity
from services.runtime.ids import new_id
from services.runtime.keys import Role
from tests.intake.callers import ADDRESS, NAME, PHONE, a_complaint, a_reporter
from tests.intake.conftest import Door

#: Long enough not to turn up in ciphertext by chance.
DOOR = "502室"

IDENTITY = Identity(NAME, PHONE, ADDRESS)


def test_what_is_sealed_opens_only_in_its_own_place() -> None:
    """Whoever can write to the table must not be able to give a record to another case."""
    vault, complaint_id = Vault(bytes(32)), new_id()
    sealed = vault.seal(complaint_id, "p-1", IDENTITY)
    assert vault.open(complaint_id, "p-1", sealed) == IDENTITY
    with pytest.raises(InvalidTag):
        vault.open(complaint_id, "p-2", sealed)
    with pytest.raises(InvalidTag):
        vault.open(new_id(), "p-1", sealed)
    with pytest.raises(InvalidTag):
        Vault(bytes(31) + b"1").open(complaint_id, "p-1", sealed)


def test_the_same_identity_is_never_sealed_to_the_same_bytes() -> None:
    """Else one could see that two complaints come from one person."""
    vault, complaint_id = Vault(bytes(32)), new_id()
    first, second = (vault.seal(complaint_id, None, IDENTITY) for _ in range(2))
    assert first != second
    assert NAME.encode() not in first


@pytest.mark.postgres
async def test_no_table_and_no_event_holds_a_readable_identity(door: Door) -> None:
    """A stolen dump shows complaints, but nobody who made them."""
    client = await door.client(Role.REPORTER)
    body = a_complaint(
        text=f"{NAME}反映，电话{PHONE}，垃圾没人清",
        reporter=a_reporter(),
        place={"address": ADDRESS, "street": "河街街道"},
    )
    assert (await client.post("/v1/complaints", json=body)).status_code == 202
    tables = await door.path.pool.fetch(
        "SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables"
        " WHERE schemaname IN ('intake', 'identity')"
    )
    assert len(tables) > 10
    for table in tables:
        rows = await door.path.pool.fetch(f"SELECT t::text AS row FROM {table['name']} t")
        dump = "".join(row["row"] for row in rows)
        for secret in (NAME, PHONE, DOOR, *(s.encode().hex() for s in (NAME, PHONE, DOOR))):
            assert secret not in dump, (table["name"], secret)
    told = repr(door.path.bus.records("complaints.received")) + repr(await door.received())
    assert "[姓名]反映，电话[电话]" in told
    for secret in (NAME, PHONE, DOOR):
        assert secret not in told


@pytest.mark.postgres
async def test_the_record_of_who_looked_cannot_be_changed(door: Door) -> None:
    """An audit that can be edited proves nothing."""
    pool = door.path.pool
    await pool.execute(
        "INSERT INTO identity.access (access_id, accessed_at, key_id, role, purpose, outcome)"
        " VALUES ($1, now(), $1, 'operator', 'test', 'shown')",
        new_id(),
    )
    for statement in (
        "UPDATE identity.access SET purpose = 'other'",
        "DELETE FROM identity.access",
        "TRUNCATE identity.access",
    ):
        with pytest.raises(asyncpg.RaiseError, match="append-only"):
            await pool.execute(statement)
