"""What is said to people: written down whatever happens, and nobody waits for another's gateway."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from uuid import UUID

import asyncpg
import orjson
import pytest

from services.events import CaseClosed
from services.notifier.decide import LEASE, Contact, Telling, after_telling
from services.notifier.handle.errands import LEFT_S
from services.notifier.handle.gates import FAILING_MAX, Gates
from services.notifier.handle.rounds import run_rounds
from services.notifier.handle.teller import take
from tests.builders import NOON
from tests.notifier.conftest import open_door
from tests.notifier.receivers import a_receiver, answer, silence
from tests.notifier.stories import COMPLAINT, REPORTER, a_callback_due
from tests.notifier.telling import NUMBER, a_reopening, a_telling_policy, an_opening

pytestmark = pytest.mark.postgres

OTHER = UUID("019ab3c4-5d6e-7f80-9123-00000000000f")
#: Who errs, on what, and what is said when it has been done.
TELLER = ("teller", an_opening(), "NoticeSent")
CALLER = ("caller", a_callback_due(), "CallbackAttempted")
BOTH = pytest.mark.parametrize(("who", "fact", "said"), [TELLER, CALLER])

_BROKEN = """
    CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN RAISE EXCEPTION 'no' USING ERRCODE = '{code}'; END $$;
    CREATE TRIGGER refuse BEFORE UPDATE ON notice FOR EACH ROW
        WHEN (NEW.attempts > OLD.attempts {which}) EXECUTE FUNCTION refuse();
    CREATE TRIGGER refuse BEFORE UPDATE ON callback FOR EACH ROW
        WHEN (NEW.attempts > OLD.attempts {which}) EXECUTE FUNCTION refuse();
"""
_MENDED = "DROP FUNCTION refuse CASCADE"


@pytest.fixture
async def gateway():
    async with a_receiver() as receiver:
        yield receiver


@pytest.fixture
async def door(dsn, tmp_path, gateway):
    known = answer(200, orjson.dumps({"token": REPORTER, "phone": "+8613800138000"}))
    async with a_receiver(known) as vault:
        settings = {"intake_url": vault.url.removesuffix("/in"), "sms_gateway_url": gateway.url}
        async with open_door(dsn, tmp_path, a_telling_policy(), **settings) as opened:
            yield opened


def database(door):
    return door.path.running["notifier"].db


async def planned(door, *facts, complaint_id=COMPLAINT):
    """Let the tracker say facts, without any errand being run for them."""
    await door.publish(*facts, complaint_id=complaint_id)
    await door.path.settle()


async def states(door):
    rows = await database(door).fetch("SELECT state, attempts, channel FROM notice ORDER BY number")
    return [tuple(row) for row in rows]


@BOTH
async def test_who_is_told_to_stop_lets_what_is_under_way_end(door, gateway, who, fact, said):
    """A deploy is an ordinary day: it must not tell people twice."""
    answered = asyncio.Event()
    gateway.scripts = [silence(answered)]
    await planned(door, fact)
    running = asyncio.ensure_future(getattr(door.parts, who).run())
    await gateway.received(1)
    running.cancel()
    answered.set()
    with pytest.raises(asyncio.CancelledError):
        await running
    door.clock.advance(LEASE)
    await door.settle()
    assert door.facts() == [said]
    assert len(gateway.requests) == 1


@BOTH
async def test_what_was_sent_is_written_when_the_database_is_back(door, gateway, who, fact, said):
    """Not even the lease has to run out for it, and nothing is sent again."""
    await planned(door, fact)
    await database(door).execute(_BROKEN.format(code="40001", which=""))
    work = getattr(door.parts, who).work
    for _ in range(2):
        with pytest.raises(asyncpg.SerializationError):
            await work()
    await database(door).execute(_MENDED)
    await work()
    await door.path.settle()
    assert door.facts() == [said]
    assert len(gateway.requests) == 1


@BOTH
async def test_an_outcome_that_cannot_be_written_spoils_no_other(door, gateway, who, fact, said):
    """And whoever it is about isn't told the same every minute."""
    await planned(door, fact)
    another = a_callback_due(callback_id=OTHER) if who == "caller" else fact
    await planned(door, another, complaint_id=OTHER)
    which = f"AND NEW.complaint_id = '{COMPLAINT}'"
    await database(door).execute(_BROKEN.format(code="P0001", which=which))
    await getattr(door.parts, who).work()
    door.clock.advance(LEASE)
    await door.settle()
    assert [(event.complaintid, type(event.data).__name__) for event in door.told()] == [
        (OTHER, said)
    ]
    assert len(gateway.requests) == 2


async def test_a_gateway_that_hangs_over_one_person_keeps_no_other_waiting(door, gateway):
    """Each is written down as it ends, and the next is begun meanwhile."""
    answered = asyncio.Event()
    gateway.scripts = [silence(answered)]
    errands = door.parts.teller._errands
    await planned(door, an_opening(number="LZ-1"))
    await errands._round()
    await gateway.received(1)
    other = an_opening(number="LZ-2", reporter="p-" + "b2" * 15)
    await planned(door, other, complaint_id=OTHER)
    await errands._round()
    await asyncio.wait(errands._under_way, return_when=asyncio.FIRST_COMPLETED)
    await errands._round()
    assert await states(door) == [("pending", 0, None), ("sent", 1, "sms")]
    answered.set()
    await door.settle()
    assert door.facts() == ["NoticeSent"] * 2


async def test_one_person_is_told_one_thing_after_the_other(door, gateway):
    """The second waits for the first, whenever it was taken."""
    answered, asked = asyncio.Event(), []

    async def contact(*of):
        asked.append(of)
        await answered.wait()
        return Contact("+8613800138000")

    door.parts.teller._vault = SimpleNamespace(contact=contact)
    errands = door.parts.teller._errands
    for fact in (an_opening(), a_reopening()):
        await planned(door, fact)
        await errands._round()
        await _all_else()
    assert (len(errands._under_way), len(asked)) == (2, 1)
    answered.set()
    await door.settle()
    told = [request.event["text"] for request in gateway.requests]
    assert told == [f"已受理{NUMBER}", f"{NUMBER}重新办理"]


async def test_nothing_starts_whose_lease_could_run_out_on_the_way(door, gateway):
    """Somebody else may have it by then."""
    errands = door.parts.teller._errands
    await planned(door, an_opening())
    async with database(door).transaction() as tx:
        (message,) = await take(tx, a_telling_policy(), 10)
    errands._start(message, asyncio.get_running_loop().time() + LEFT_S)
    await asyncio.wait(errands._under_way)
    assert gateway.requests == []
    door.clock.advance(LEASE)
    await door.settle()
    assert door.facts() == ["NoticeSent"]


def a_channel(send):
    """A channel that reaches everybody."""
    return SimpleNamespace(name="sms", send=send, address_of=lambda _: "x")


async def a_fault(*_):
    raise TypeError


@BOTH
async def test_a_fault_in_sending_costs_an_attempt(door, who, fact, said):
    """Otherwise it would be tried twice a minute for days, if it was sent all the same."""
    found = SimpleNamespace(for_contact=lambda *_: ((a_channel(a_fault), "x"),), current=None)
    found.current = found
    part = getattr(door.parts, who)
    part._channels = found if who == "teller" else lambda: found
    await planned(door, fact)
    await part.work()
    table = "notice" if who == "teller" else "callback"
    assert await database(door).fetchval(f"SELECT attempts FROM {table}") == 1


async def test_a_round_that_is_woken_while_told_to_stop_stops():
    """A cancel must not be lost between a wake and the work that it wakes."""
    wake, waits = asyncio.Event(), asyncio.Event()

    async def work():
        waits.set()
        return False

    running = asyncio.ensure_future(run_rounds("test", work, wake=wake, every_s=1000))
    await waits.wait()
    await _all_else()
    wake.set()
    running.cancel()
    await _all_else()
    assert running.cancelled()


async def _all_else():
    """Let everything else run that can."""
    for _ in range(20):
        await asyncio.sleep(0)


async def test_a_failing_channel_gets_only_so_many_messages_at_a_time():
    """The others have room; whoever is behind it waits without an attempt lost."""
    gates, answered = Gates(), asyncio.Event()

    async def hang(*_):
        await answered.wait()
        return True

    assert not await gates.send(a_channel(a_fault), "x", str, "r")
    assert gates.closed == frozenset()
    sending = [
        asyncio.ensure_future(gates.send(a_channel(hang), "x", str, "r"))
        for _ in range(FAILING_MAX)
    ]
    begun = asyncio.ensure_future(gates.send(a_channel(a_fault), "x", str, "r"))
    assert not await begun
    assert gates.closed == {"sms"}
    answered.set()
    assert all(await asyncio.gather(*sending))
    assert gates.closed == frozenset()


async def test_what_waits_for_a_closed_channel_is_not_taken(door, gateway):
    """It stays due; what isn't known to need that channel goes ahead."""
    gateway.scripts = [answer(503)]
    await door.track(an_opening())
    door.clock.advance(LEASE)
    async with database(door).transaction() as tx:
        assert await take(tx, a_telling_policy(), 10, closed=frozenset({"sms"})) == []
        (message,) = await take(tx, a_telling_policy(), 10, closed=frozenset({"email"}))
    busy = after_telling(message.leader, Telling("busy", "sms"), NOON)
    assert (busy.state, busy.attempts, busy.channel) == ("pending", 1, "sms")


async def test_a_night_with_much_to_tell_delays_no_emergency(dsn, tmp_path, gateway):
    """What waits for the morning is put aside all at once."""
    known = answer(200, orjson.dumps({"token": REPORTER, "phone": "+8613800138000"}))
    quiet = '[quiet]\nfrom = "11:00"\nto = "13:00"\nexempt = ["diverted"]\n'
    async with a_receiver(known) as vault:
        settings = {"intake_url": vault.url.removesuffix("/in"), "sms_gateway_url": gateway.url}
        async with open_door(dsn, tmp_path, a_telling_policy(quiet), **settings) as door:
            for number in range(70):
                await door.publish(an_opening(), complaint_id=UUID(int=number))
            await door.publish(
                an_opening(), CaseClosed(reason="diverted", reply="119"), complaint_id=OTHER
            )
            await door.path.settle()
            assert await door.parts.teller.work() == 1
            assert [r.event["text"] for r in gateway.requests] == [f"{NUMBER}转办：119"]
            due = "SELECT count(*) FROM notice WHERE state = 'pending' AND due_at <= $1"
            assert await database(door).fetchval(due, door.clock.now()) == 0
