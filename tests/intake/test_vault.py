"""Vault: sealed means sealed, keys can be replaced, and whoever looks is written down for good."""

from __future__ import annotations

import base64
import dataclasses
import os
from pathlib import Path

import asyncpg
import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from services import intake
from services.intake.adapters.vault import (
    Envelope,
    Sealed,
    StaleKeyError,
    UnknownKeyError,
    Vault,
    rotation,
)
from services.intake.adapters.vault.accesses import Access, AccessLog
from services.intake.adapters.vault.audit import Head, Verdict, verify
from services.intake.adapters.vault.sealing import Sealer
from services.intake.decide.acceptance import Identity
from services.runtime.errors import MisconfiguredError, TransientError
from services.runtime.ids import new_id
from services.runtime.keys import Role
from services.runtime.settings import ServiceSettings
from services.runtime.vault_keys import VaultKeys
from tests.builders import NOON
from tests.intake.callers import ADDRESS, NAME, PHONE, SECRETS, a_complaint, a_reporter
from tests.intake.conftest import Door

#: Long enough not to turn up in ciphertext by chance.
DOOR = "502室"

IDENTITY = Identity(NAME, PHONE, ADDRESS, "tree@linzhou.example")
FILES = Path(intake.__file__).parent
OLD, NEW = bytes(32), bytes(range(32, 64))
ONE = VaultKeys({"1": OLD}, "1")
TWO = VaultKeys({"1": OLD, "2": NEW}, "2")


def sealed_before(key: bytes, complaint_id, reporter: str | None) -> bytes:
    """A record as it was sealed before records had keys of their own."""
    nonce, bound = os.urandom(12), (reporter or "").encode() + b"|" + complaint_id.bytes
    return b"\x01" + nonce + AESGCM(key).encrypt(nonce, b'{"n":"\xe7\x99\xbd"}', bound)


def test_what_is_sealed_opens_only_in_its_own_place() -> None:
    """Whoever can write to the table must not be able to give a record to another case."""
    vault, complaint_id = Sealer(ONE), new_id()
    envelope = vault.seal(complaint_id, "p-1", IDENTITY)
    assert vault.open(complaint_id, "p-1", envelope) == IDENTITY
    other = vault.seal(complaint_id, "p-1", IDENTITY)
    for wrong in (
        lambda: vault.open(complaint_id, "p-2", envelope),
        lambda: vault.open(new_id(), "p-1", envelope),
        lambda: vault.open(complaint_id, "p-1", envelope._replace(wrapped=other.wrapped)),
        lambda: Sealer(VaultKeys({"1": NEW}, "1")).open(complaint_id, "p-1", envelope),
        lambda: Sealer(TWO).open(complaint_id, "p-1", envelope._replace(key_id="2")),
    ):
        with pytest.raises(InvalidTag):
            wrong()


def test_the_same_identity_is_never_sealed_to_the_same_bytes() -> None:
    """Else one could see that two complaints come from one person."""
    vault, complaint_id = Sealer(ONE), new_id()
    first, second = (vault.seal(complaint_id, None, IDENTITY) for _ in range(2))
    assert first.sealed != second.sealed
    assert first.wrapped != second.wrapped
    assert NAME.encode() not in first.sealed


def test_a_new_key_renews_the_wrap_and_leaves_the_record() -> None:
    """Rotation touches 60 bytes of a record and never sees whose it is."""
    complaint_id = new_id()
    before = Sealer(ONE).seal(complaint_id, "p-1", IDENTITY)
    after = Sealer(TWO).rewrap(complaint_id, "p-1", before)
    assert (after.key_id, after.sealed) == ("2", before.sealed)
    assert after.wrapped != before.wrapped
    only_new = Sealer(VaultKeys({"2": NEW}, "2"))
    assert only_new.open(complaint_id, "p-1", after) == IDENTITY
    with pytest.raises(UnknownKeyError, match="vault key '1'"):
        only_new.open(complaint_id, "p-1", before)


def test_a_record_of_the_oldest_format_opens_and_is_moved() -> None:
    """An upgrade must not lose who called before it."""
    complaint_id = new_id()
    old = Envelope("1", None, sealed_before(OLD, complaint_id, "p-1"))
    assert Sealer(TWO).open(complaint_id, "p-1", old) == Identity("白", None, None)
    moved = Sealer(TWO).rewrap(complaint_id, "p-1", old)
    assert moved.key_id == "2"
    assert moved.wrapped is not None
    only_new = Sealer(VaultKeys({"2": NEW}, "2"))
    assert only_new.open(complaint_id, "p-1", moved) == Identity("白", None, None)


def settings(tmp_path: Path, text: str = SECRETS, variable: str | None = None) -> ServiceSettings:
    """Settings with a secrets file of this text."""
    file = tmp_path / "secrets.toml"
    file.write_text(text)
    return ServiceSettings(secrets_file=file, vault_keys=variable)


def coded(key: bytes) -> str:
    """A key as it is written."""
    return base64.b64encode(key).decode()


def test_a_secrets_file_from_before_still_serves(tmp_path: Path) -> None:
    """Its one key is the key with the id 1."""
    keys = settings(tmp_path).secrets.vault_keys
    assert (set(keys.keys), keys.current) == ({"1"}, "1")


def test_the_environment_wins_over_the_file(tmp_path: Path) -> None:
    """Whoever injects keys doesn't want those of a forgotten file."""
    keys = settings(tmp_path, variable=f"7:{coded(NEW)},1:{coded(OLD)}").secrets.vault_keys
    assert keys == VaultKeys({"7": NEW, "1": OLD}, "7")


@pytest.mark.parametrize(
    ("variable", "message"),
    [
        ("1:c2hvcnQ=", "key 1: 5 bytes instead of 32"),
        (f"1:{coded(OLD)},2:?", "key 2: not base64"),
        (coded(OLD), "one has no colon"),
        (f"1:{coded(OLD)},1:{coded(NEW)}", "two keys have the id 1"),
        (f"a b:{coded(OLD)}", "an id has"),
    ],
)
def test_a_wrong_key_is_named_and_never_shown(tmp_path: Path, variable: str, message: str) -> None:
    """The message ends up in a log."""
    with pytest.raises(MisconfiguredError, match=message) as caught:
        _ = settings(tmp_path, variable=variable).secrets
    assert coded(OLD) not in str(caught.value)


def test_a_current_key_that_does_not_exist_is_told(tmp_path: Path) -> None:
    """Else the first complaint would be the one to find out."""
    with pytest.raises(MisconfiguredError, match="vault_key_current is '9'; there is only 1"):
        _ = settings(tmp_path, 'vault_key_current = "9"\n' + SECRETS).secrets


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


def secrets_of(door: Door):
    """The keys of a test's intake."""
    return door.settings.secrets


@pytest.mark.postgres
async def test_a_key_retired_beside_a_running_service_never_seals_again(
    door: Door, secrets_file: Path
) -> None:
    """Its owner may have destroyed it: a record sealed with it would be lost."""
    db, vault = door.path.running["intake"].db, Vault(secrets_of(door))

    async def put() -> None:
        complaint_id = new_id()
        envelope = vault.seal(complaint_id, None, IDENTITY)
        async with db.transaction() as tx:
            await vault.put(tx, [Sealed(complaint_id, None, envelope, False, NOON)])

    await put()
    await db.execute("DELETE FROM identity.contact")
    await rotation.retire(db, "1")
    with pytest.raises(TransientError, match="vault key '1' is retired"):
        await put()
    two = f'vault_key_current = "2"\n{SECRETS}\n[vault_keys]\n2 = "{coded(NEW)}"\n'
    secrets_file.write_text(two)
    with pytest.raises(StaleKeyError):
        await put()
    await put()
    assert await db.fetchval("SELECT key_id FROM identity.contact") == "2"


@pytest.mark.postgres
async def test_a_running_door_takes_complaints_while_its_key_is_retired(
    door: Door, secrets_file: Path
) -> None:
    """The caller notices nothing."""
    client, db = await door.client(Role.OPERATOR), door.path.running["intake"].db
    await rotation.retire(db, "1")
    two = f'vault_key_current = "2"\n{SECRETS}\n[vault_keys]\n2 = "{coded(NEW)}"\n'
    secrets_file.write_text(two)
    answer = await client.post("/v1/complaints", json=a_complaint(reporter=a_reporter()))
    assert answer.status_code == 202
    assert await db.fetchval("SELECT key_id FROM identity.contact") == "2"


@pytest.mark.postgres
async def test_a_key_in_use_is_never_retired(door: Door) -> None:
    """The last copy of the key would open nothing, and neither would anything else."""
    client = await door.client(Role.OPERATOR)
    await client.post("/v1/complaints", json=a_complaint(reporter=a_reporter()))
    db = door.path.running["intake"].db
    with pytest.raises(rotation.KeyInUseError) as caught:
        await rotation.retire(db, "1")
    assert caught.value.records == 1
    assert [use.is_retired for use in await rotation.key_uses(db)] == [False]


# --- The list of accesses -----------------------------------------------------------------


async def look(door: Door, times: int) -> AccessLog:
    """Write down some accesses."""
    log, db = AccessLog(secrets_of(door).token_key), door.path.running["intake"].db
    access = Access(new_id(), "operator", None, "call back")
    for _ in range(times):
        async with db.transaction() as tx:
            await log.record(tx, access, "shown", reporter="p-1", complaint_id=new_id())
    return log


async def check(door: Door, log: AccessLog, expected: Head | None = None) -> Verdict:
    """Check the chain."""
    async with door.path.pool.acquire() as conn:
        return await verify(conn, log, expected)


async def tamper(door: Door, *statements: str) -> None:
    """Do what only the owner of the table can: change it with its triggers off."""
    for statement in (
        "ALTER TABLE identity.access DISABLE TRIGGER USER",
        *statements,
        "ALTER TABLE identity.access ENABLE TRIGGER USER",
    ):
        await door.path.pool.execute(statement)


@pytest.mark.postgres
async def test_the_record_of_who_looked_cannot_be_changed(door: Door) -> None:
    """An audit that can be edited proves nothing."""
    await look(door, 1)
    for statement in (
        "UPDATE identity.access SET purpose = 'other'",
        "UPDATE identity.access SET hash = NULL",
        "DELETE FROM identity.access",
        "TRUNCATE identity.access",
    ):
        with pytest.raises(asyncpg.RaiseError, match="append-only"):
            await door.path.pool.execute(statement)


@pytest.mark.postgres
async def test_an_untouched_list_is_whole(door: Door) -> None:
    """With an end that can be noted down, and found in it again later."""
    log = await look(door, 3)
    noted = (await check(door, log)).head
    await look(door, 2)
    verdict = await check(door, log, Head.read(str(noted)))
    assert (verdict.broken_at, noted.position, verdict.head.position) == (None, 3, 5)


#: What whoever may switch the triggers off can do; where that shows, and as what.
TAMPERING = [
    ("UPDATE identity.access SET purpose = 'x' WHERE position = 3", 3, "changed"),
    ("UPDATE identity.access SET agency = '' WHERE position = 1", 1, "changed"),
    ("DELETE FROM identity.access WHERE position = 4", 4, "missing"),
    ("DELETE FROM identity.access WHERE position = 5", 5, "should end with row 5"),
    (
        (
            "INSERT INTO identity.access SELECT gen_random_uuid(), accessed_at, key_id, role,"
            " agency, reporter, complaint_id, purpose, outcome, 6, hash FROM identity.access"
            " WHERE position = 5"
        ),
        6,
        "not written by us",
    ),
    ("UPDATE identity.access_head SET position = 4", 6, "should end with row 4"),
    ("DELETE FROM identity.access_head", 1, "not recorded"),
]


@pytest.mark.postgres
async def test_tampering_is_found_where_it_happened(door: Door) -> None:
    """Changed, taken out, put in, cut off: each names the first row that is wrong."""
    log = await look(door, 5)
    for name in ("access", "access_head"):
        await door.path.pool.execute(f"CREATE TABLE {name}_kept AS TABLE identity.{name}")
    for statement, broken_at, why in TAMPERING:
        await tamper(door, statement)
        verdict = await check(door, log)
        assert (verdict.broken_at, statement) == (broken_at, statement)
        assert why in (verdict.why or "")
        await tamper(
            door,
            *(
                f"DELETE FROM identity.{name}; INSERT INTO identity.{name} TABLE {name}_kept"
                for name in ("access", "access_head")
            ),
        )
    assert (await check(door, log)).broken_at is None


@pytest.mark.postgres
async def test_a_list_cut_off_cleanly_is_found_by_a_head_kept_elsewhere(door: Door) -> None:
    """The rows that are left are right: only a witness can tell that there were more."""
    log = await look(door, 5)
    noted = (await check(door, log)).head
    await tamper(
        door,
        "DELETE FROM identity.access WHERE position > 3",
        "UPDATE identity.access_head h SET position = 3, hash = a.hash"
        " FROM identity.access a WHERE a.position = 3",
    )
    assert (await check(door, log)).broken_at is None
    verdict = await check(door, log, noted)
    assert (verdict.broken_at, verdict.why) == (4, "there were rows up to 5 once")


@pytest.mark.postgres
async def test_nobody_without_the_secret_can_make_a_chain_up(door: Door) -> None:
    """An administrator of the database has the code, the rows and the triggers."""
    log = await look(door, 2)
    forger = AccessLog(b"a guess".ljust(32, b"-"))
    assert (await check(door, forger)).broken_at == 1
    assert (await check(door, log)).broken_at is None


@pytest.mark.postgres
async def test_rows_from_before_the_chain_join_it_with_the_next_access(door: Door) -> None:
    """What was written down before the upgrade is protected from then on, too."""
    await door.path.pool.execute("UPDATE identity.access_head SET position = 2, hash = NULL")
    await door.path.pool.execute(
        "INSERT INTO identity.access (access_id, accessed_at, key_id, role, purpose, outcome,"
        " position) SELECT gen_random_uuid(), now(), gen_random_uuid(), 'operator', 'x', 'shown',"
        " n FROM generate_series(1, 2) n"
    )
    assert (await check(door, AccessLog(secrets_of(door).token_key))).is_unchained
    log = await look(door, 1)
    assert (await check(door, log)).head.position == 3
    await tamper(door, "UPDATE identity.access SET purpose = 'y' WHERE position = 2")
    assert (await check(door, log)).broken_at == 2


def test_a_head_that_cannot_be_read_is_refused() -> None:
    """Else a typing error would look like tampering, or worse, like its absence."""
    for text in ("", "5", "5:zz", "5:00", "x:" + "0" * 64):
        with pytest.raises(ValueError, match=r".*"):
            Head.read(text)
    assert Head.read(str(Head(5, bytes(32)))) == Head(5, bytes(32))


def test_keys_never_show_in_a_representation() -> None:
    """A log line of settings must not be a leak."""
    assert "keys=" not in repr(ONE)
    assert dataclasses.is_dataclass(ONE)


@pytest.mark.postgres
async def test_an_upgrade_keeps_records_and_accesses_from_before(dsn: str) -> None:
    """They get their places and their key; the triggers are on again afterwards."""
    files = sorted((FILES / "migrations").glob("*.sql"))
    conn = await asyncpg.connect(dsn)
    try:
        await conn.execute("CREATE SCHEMA intake")
        for file in files[:2]:
            await conn.execute(file.read_text())
        for purpose in ("first", "second"):
            await conn.execute(
                "INSERT INTO identity.access (access_id, accessed_at, key_id, role, purpose,"
                " outcome) VALUES ($1, clock_timestamp(), $1, 'operator', $2, 'shown')",
                new_id(),
                purpose,
            )
        await conn.execute(
            "INSERT INTO identity.contact VALUES ($1, NULL, '\\x01', false, now())", new_id()
        )
        (vault_file,) = [file for file in files if file.name == "0004_vault.sql"]
        async with conn.transaction():
            await conn.execute(vault_file.read_text())
        rows = await conn.fetch("SELECT purpose, hash FROM identity.access ORDER BY position")
        assert [tuple(row) for row in rows] == [("first", None), ("second", None)]
        assert await conn.fetchval("SELECT (key_id, wrapped) FROM identity.contact") == ("1", None)
        assert (await verify(conn, AccessLog(bytes(32)))).is_unchained
        with pytest.raises(asyncpg.RaiseError, match="append-only"):
            await conn.execute("UPDATE identity.access SET position = position + 9")
    finally:
        await conn.close()
