"""The delivery loop on a real PostgreSQL: in order, once, nothing lost."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import UUID

import asyncpg
import pytest

from services.events import ComplaintSupplemented, ComplaintWithdrawn, Event
from services.runtime import ledger
from services.runtime.bus import Outgoing, Partition, Record
from services.runtime.clock import ManualClock
from services.runtime.dead_letter_limit import DEAD_RUN_MAX
from services.runtime.errors import FencedError, StoppedError
from services.runtime.ids import new_id
from services.runtime.loop import DeliveryLoop
from services.runtime.memory import MemoryBus
from services.runtime.migrate import migrate
from services.runtime.outbox import Outbox, unpack_headers
from services.runtime.postgres import Database
from services.runtime.timers import Timers
from tests.builders import NOON, an_event, as_outgoing
from tests.runtime.counting import POISON, TABLE, UNSTORABLE, Counting
from tests.runtime.reading import events_of

pytestmark = pytest.mark.postgres

TOPIC = "complaints.received"


class Stage:
    """A counting consumer on a bus in memory and a real database."""

    def __init__(self, bus: MemoryBus, db: Database, clock: ManualClock) -> None:
        self.bus = bus
        self.db = db
        self.clock = clock
        self.consumer = Counting()
        self.outbox = Outbox(db, bus.publisher())
        self.loop = self.another_loop()
        self.timers = Timers(self.consumer, db)

    def another_loop(self) -> DeliveryLoop[tuple[str, ...]]:
        """One more instance of the service."""
        member = self.bus.member(f"g-{new_id()}", [TOPIC])
        return DeliveryLoop("notifier", self.consumer, member, self.db, self.outbox)

    def say(self, *events: Event) -> None:
        """Put events on the topic."""
        for event in events:
            self.bus.append(as_outgoing(event, TOPIC))

    async def texts(self, key: UUID) -> list[str]:
        """What the consumer keeps of a complaint."""
        return list(await self.db.fetchval("SELECT texts FROM seen WHERE key = $1", key) or [])

    async def count(self, table: str) -> int:
        """Rows of a table."""
        return int(await self.db.fetchval(f"SELECT count(*) FROM {table}"))


@pytest.fixture
async def stage(dsn: str) -> AsyncIterator[Stage]:
    """A started loop."""
    await migrate(dsn, "notifier")
    clock = ManualClock(NOON)
    db = await Database.connect(dsn, "notifier", clock=clock)
    await db.execute(TABLE)
    one = Stage(MemoryBus(), db, clock)
    await one.loop.start()
    yield one
    await db.close()


def added(key: UUID, sequence: int, text: str = "", source: str = "intake") -> Event:
    """A supplement whose text names its number unless told otherwise."""
    fact = ComplaintSupplemented(kind="facts", text=text or str(sequence))
    return an_event(fact, key, sequence=sequence, source=source)


async def test_events_are_applied_once_however_often_they_arrive(stage: Stage) -> None:
    """A redelivery must not repeat an effect."""
    key = new_id()
    first, second = added(key, 1), added(key, 2)
    stage.say(first, first, second)
    await stage.loop.step()
    stage.say(first, second)
    await stage.loop.step()
    assert await stage.texts(key) == ["1", "2"]
    assert await stage.count("outbox") == 2


async def test_events_that_overtook_each_other_are_applied_in_order(stage: Stage) -> None:
    """Two publishers of one service may reorder; the sequence puts it right."""
    key = new_id()
    events = [added(key, n) for n in range(1, 6)]
    stage.say(events[4], events[2], events[3])
    await stage.loop.step()
    assert await stage.texts(key) == []
    assert await stage.count("parked") == 3
    stage.say(events[0])
    await stage.loop.step()
    assert await stage.texts(key) == ["1"]
    stage.say(events[1])
    await stage.loop.step()
    assert await stage.texts(key) == ["1", "2", "3", "4", "5"]
    assert await stage.count("parked") == 0


async def test_a_follow_up_waits_for_what_another_topic_must_say_first(stage: Stage) -> None:
    """Two topics, one complaint: an action may come before its case is open."""
    key = new_id()
    stage.say(an_event(ComplaintWithdrawn(), key, source="tracker"))
    await stage.loop.step()
    assert await stage.count("parked") == 1
    stage.say(added(key, 1))
    await stage.loop.step()
    assert await stage.texts(key) == ["1", "withdrawn"]
    assert await stage.count("parked") == 0


async def test_facts_that_follow_repeat_their_ids_and_count_without_gaps(stage: Stage) -> None:
    """Readers outside drop repetitions by id; ours go by the sequence."""
    key = new_id()
    stage.say(*(added(key, n) for n in range(1, 4)))
    await stage.loop.step()
    assert await stage.outbox.tell_waiting() == 3
    told = events_of(stage.bus, "complaints.notified")
    assert [event.sequence for event in told] == [1, 2, 3]
    assert len({event.id for event in told}) == 3
    assert all(event.causeid for event in told)


async def test_a_batch_that_fails_is_read_again_and_nothing_of_it_stays(stage: Stage) -> None:
    """The database going away in the middle costs time, not events."""
    key = new_id()
    stage.consumer.fail_stores = 1
    stage.say(added(key, 1))
    with pytest.raises(OSError, match="away"):
        await stage.loop.step()
    assert await stage.count("outbox") == 0
    assert await stage.count("consumed_sequence") == 0
    await stage.loop._rewind()
    await stage.loop.step()
    assert await stage.texts(key) == ["1"]


async def test_a_malformed_event_is_kept_with_its_bytes_and_the_rest_goes_on(stage: Stage) -> None:
    """What can't be read is an incident for a person, not for everybody behind it."""
    key = new_id()
    stage.bus.append(Outgoing(TOPIC, str(key).encode(), b"\xff\x00garbage", (("h", b"\x00\xfe"),)))
    stage.say(added(key, 1))
    await stage.loop.step()
    assert await stage.texts(key) == ["1"]
    row = await stage.db.fetchrow("SELECT * FROM dead_letter")
    assert row is not None
    assert (row["body"], row["code"]) == (b"\xff\x00garbage", "invalid-event")
    assert unpack_headers(row["headers"]) == (("h", b"\x00\xfe"),)
    await stage.outbox.tell_waiting()
    told = stage.bus.records("notifier.dead-letters")
    assert [(record.body, dict(record.headers)["dlq.offset"]) for record in told] == [
        (b"\xff\x00garbage", b"0")
    ]


@pytest.mark.parametrize("text", [POISON, UNSTORABLE])
async def test_a_poison_event_holds_up_its_own_complaint_only(stage: Stage, text: str) -> None:
    """Later events of the complaint wait behind it; everybody else's go on."""
    sick, well = new_id(), new_id()
    stage.say(added(sick, 1), added(sick, 2, text), added(sick, 3), added(well, 1), added(well, 2))
    await stage.loop.step()
    assert await stage.texts(sick) == ["1"]
    assert await stage.texts(well) == ["1", "2"]
    assert await stage.count("dead_letter") == 1
    assert await stage.count("parked") == 1


async def test_too_many_dead_letters_stop_the_loop_before_the_next_is_given_up(
    stage: Stage,
) -> None:
    """If everything fails, the fault is ours: better stop than lose sight of it all."""
    for _ in range(DEAD_RUN_MAX + 1):
        stage.bus.append(Outgoing(TOPIC, b"k", b"garbage"))
    with pytest.raises(StoppedError):
        await stage.loop.step()
    assert await stage.count("dead_letter") == 0


async def test_a_zombie_changes_nothing(stage: Stage) -> None:
    """After a rebalance two instances may hold the same batch; one commits."""
    key = new_id()
    zombie = stage.another_loop()
    await zombie.start()
    stage.say(added(key, 1))
    await stage.loop.step()
    with pytest.raises(FencedError):
        await zombie.step()
    assert await stage.texts(key) == ["1"]
    assert await stage.count("outbox") == 1


async def test_the_same_event_parked_and_delivered_is_applied_by_one(stage: Stage) -> None:
    """The retry of parked events and the loop may meet on one complaint."""
    key = new_id()
    stage.say(added(key, 2))
    await stage.loop.step()
    async with stage.db.transaction() as tx:
        with pytest.raises(FencedError):
            await ledger.set_seen(tx, {(key, "intake"): 1}, {(key, "intake"): 2})
    stage.say(added(key, 1))
    await stage.loop.step()
    assert await stage.texts(key) == ["1", "2"]


async def test_parked_events_are_tried_again_by_time_alone(stage: Stage) -> None:
    """Another instance may have opened the case: nothing in this one's topics would tell."""
    key = new_id()
    stage.say(an_event(ComplaintWithdrawn(), key))
    await stage.loop.step()
    await stage.db.execute("INSERT INTO seen VALUES ($1, '{elsewhere}')", key)
    assert await stage.loop.retry_parked() == 0
    stage.clock.advance(timedelta(seconds=2))
    assert await stage.loop.retry_parked() == 1
    assert await stage.texts(key) == ["elsewhere", "withdrawn"]
    assert await stage.count("parked") == 0


async def test_what_waits_too_long_becomes_a_dead_letter(stage: Stage) -> None:
    """Parking is bounded: at last a person is asked."""
    key = new_id()
    stage.say(added(key, 2))
    await stage.loop.step()
    stage.clock.advance(ledger.PARKED_MAX + timedelta(seconds=1))
    await stage.loop.retry_parked()
    row = await stage.db.fetchrow("SELECT code, sequence FROM dead_letter")
    assert row is not None
    assert tuple(row) == ("too-early", 2)
    assert await stage.count("parked") == 0


async def test_what_a_crash_left_in_the_outbox_is_told_by_the_sweep(stage: Stage) -> None:
    """Committed but not published: the next instance publishes it."""
    key = new_id()
    stage.say(added(key, 1))
    await stage.loop.step()
    survivor = Outbox(stage.db, stage.bus.publisher())
    assert await survivor.sweep(0) == 1
    assert await stage.count("outbox") == 0
    assert len(stage.bus.records("complaints.notified")) == 1


async def test_what_was_told_leaves_the_outbox_with_the_next_transaction(stage: Stage) -> None:
    """The outbox must not grow with what is stored."""
    key = new_id()
    stage.say(added(key, 1))
    await stage.loop.step()
    await stage.outbox.tell_waiting()
    stage.say(added(key, 2))
    await stage.loop.step()
    assert await stage.count("outbox") == 1


async def test_while_the_bus_is_down_facts_wait_in_the_outbox(stage: Stage) -> None:
    """Nothing durable is forgotten because nobody could be told."""
    async with stage.db.transaction() as tx:
        tx.emit(new_id(), ComplaintWithdrawn())
    stage.bus.is_down = True
    await stage.outbox.tell_waiting()
    assert await stage.count("outbox") == 1
    stage.bus.is_down = False
    assert await stage.outbox.sweep(0) == 1
    assert len(stage.bus.records(TOPIC)) == 1


async def test_a_deadline_fires_once_and_only_when_it_is_due(stage: Stage) -> None:
    """A clock that fires early or twice breaks a promise."""
    key = new_id()
    stage.say(added(key, 1))
    stage.clock.advance(timedelta(minutes=1))
    await stage.loop.step()
    stage.clock.advance(timedelta(seconds=-1))
    assert await stage.timers.fire() == 0
    stage.clock.advance(timedelta(seconds=1))
    assert await stage.timers.fire() == 1
    assert await stage.timers.fire() == 0
    assert await stage.texts(key) == ["1", "fired due"]


async def test_a_deadline_whose_case_is_locked_waits_for_the_next_round(
    stage: Stage, dsn: str
) -> None:
    """Whoever changes the case now wins; the timer looks again."""
    key = new_id()
    stage.say(added(key, 1))
    await stage.loop.step()
    other = await asyncpg.connect(dsn)
    try:
        async with other.transaction():
            await other.execute("SELECT 1 FROM notifier.seen WHERE key = $1 FOR UPDATE", key)
            assert await stage.timers.fire() == 0
        assert await stage.timers.fire() == 1
    finally:
        await other.close()


async def test_a_deadline_whose_decision_fails_holds_up_no_other(stage: Stage) -> None:
    """One bug must not stop every clock; the deadline is kept and tried again."""
    sick, well = new_id(), new_id()
    stage.say(added(sick, 1, POISON), added(well, 1))
    await stage.loop.step()
    await stage.timers.fire()
    assert await stage.texts(well) == ["1", "fired due"]
    assert await stage.texts(sick) == [POISON]
    left = await stage.db.fetch("SELECT key FROM deadline")
    assert [row["key"] for row in left] == [sick]


async def test_offsets_are_read_back_from_the_database(stage: Stage) -> None:
    """Kafka's own offsets are for lag tools; ours decide."""
    key = new_id()
    stage.say(added(key, 1), added(key, 2))
    await stage.loop.step()
    starts = await ledger.start_offsets(
        stage.db, [Partition(TOPIC, number) for number in range(stage.bus.partitions)]
    )
    assert sum(starts.values()) == 2


async def test_events_nobody_waits_for_go_with_the_next_that_somebody_does(stage: Stage) -> None:
    """Batches cost the same for one as for many; nothing is applied out of order by it."""
    stage.consumer.urgent = frozenset({ComplaintSupplemented})
    loop = stage.another_loop()
    records = [
        Record(Partition(TOPIC, 0), n, None, b"", (("ce_type", kind),))
        for n, kind in enumerate((b"whistle.ComplaintWithdrawn", b"whistle.ComplaintSupplemented"))
    ]
    assert loop._gathered(records[:1], 500, 0.5) == []
    assert loop._gathered(records[1:], 500, 0.5) == records
    assert loop._gathered([], 500, 0.5) == []


async def test_the_consumer_learns_what_became_durable(stage: Stage) -> None:
    """The notifier begins to send right after the commit, not at the next poll."""
    key = new_id()
    stage.say(added(key, 1))
    await stage.loop.step()
    assert stage.consumer.told == [key]
