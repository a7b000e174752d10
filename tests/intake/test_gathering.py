"""Gathering: one transaction of many requests, without anybody waiting for company."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from services.intake.adapters import gathering
from services.intake.adapters.gathering import Gatherer, OverloadedError


class Work:
    """Notes its batches; goes on when it is let go."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.go = asyncio.Event()

    async def __call__(self, items: Sequence[int]) -> Sequence[int | Exception]:
        """Fail negative items alone."""
        self.batches.append(list(items))
        await self.go.wait()
        return [ValueError(item) if item < 0 else item * 10 for item in items]


async def test_the_first_starts_at_once_and_the_others_gather_meanwhile() -> None:
    """Latency at low rates is one transaction; at high rates transactions grow."""
    work = Work()
    gatherer: Gatherer[int, int] = Gatherer(work)
    first = gatherer.submit(1)
    await asyncio.sleep(0)
    others = [gatherer.submit(item) for item in (2, 3, 4)]
    work.go.set()
    assert await asyncio.gather(first, *others) == [10, 20, 30, 40]
    assert work.batches == [[1], [2, 3, 4]]


async def test_a_batch_has_a_limit() -> None:
    """A transaction must stay short enough for the caller who comes next."""
    work = Work()
    work.go.set()
    gatherer: Gatherer[int, int] = Gatherer(work, items_max=2)
    await asyncio.gather(*(gatherer.submit(item) for item in range(5)))
    assert [len(batch) for batch in work.batches] == [2, 2, 1]


async def test_a_person_does_not_wait_for_a_file() -> None:
    """An import of a million rows must not keep a caller waiting, not even for one batch."""
    work = Work()
    gatherer: Gatherer[int, int] = Gatherer(work)
    futures = gatherer.submit_bulk(range(120))
    await asyncio.sleep(0)
    futures.append(gatherer.submit(1000))
    await asyncio.sleep(0)
    assert [len(batch) for batch in work.batches] == [gathering.PATIENT_ITEMS_MAX, 1]
    work.go.set()
    await asyncio.gather(*futures)
    assert work.batches[1] == [1000]


async def test_a_file_goes_in_smaller_pieces_while_people_wait() -> None:
    """What is written of a file holds the processor for a moment that callers feel."""
    work = Work()
    gatherer: Gatherer[int, int] = Gatherer(work)
    futures = [gatherer.submit(1)]
    await asyncio.sleep(0)
    futures += [gatherer.submit(2), *gatherer.submit_bulk(range(60))]
    await asyncio.sleep(0)
    assert [len(b) for b in work.batches] == [1, gathering.PATIENT_ITEMS_BESIDE_CALLERS]
    work.go.set()
    await asyncio.gather(*futures)
    assert sum(map(len, work.batches)) == len(futures)


async def test_one_bad_item_fails_alone() -> None:
    """The others are durable and must be told so."""
    work = Work()
    work.go.set()
    gatherer: Gatherer[int, int] = Gatherer(work)
    results = await asyncio.gather(
        gatherer.submit(1), gatherer.submit(-2), gatherer.submit(3), return_exceptions=True
    )
    assert results[0::2] == [10, 30]
    assert isinstance(results[1], ValueError)


async def test_work_that_fails_fails_its_batch_and_not_the_next() -> None:
    """The database comes back; so does the door."""
    attempts: list[int] = []

    async def work(items: Sequence[int]) -> Sequence[int | Exception]:
        attempts.append(len(items))
        if len(attempts) == 1:
            raise ConnectionError
        return list(items)

    gatherer: Gatherer[int, int] = Gatherer(work)
    with pytest.raises(ConnectionError):
        await gatherer.submit(1)
    assert await gatherer.submit(2) == 2


async def test_a_caller_who_has_gone_disturbs_nobody() -> None:
    """Browsers are closed all the time."""
    work = Work()
    gatherer: Gatherer[int, int] = Gatherer(work)
    gone, stays = gatherer.submit(1), gatherer.submit(2)
    await asyncio.sleep(0)
    gone.cancel()
    work.go.set()
    assert await stays == 20


async def test_who_went_before_the_turn_came_costs_nothing() -> None:
    """Nothing was promised, so nothing needs to be stored."""
    work = Work()
    gatherer: Gatherer[int, int] = Gatherer(work)
    first = gatherer.submit(1)
    await asyncio.sleep(0)
    gone, stays = gatherer.submit(2), gatherer.submit(3)
    gone.cancel()
    work.go.set()
    await asyncio.gather(first, stays)
    assert work.batches == [[1], [3]]


async def test_beyond_the_limit_callers_are_sent_away_with_a_time() -> None:
    """Better come again in a second than wait for a minute."""
    work = Work()
    gatherer: Gatherer[int, int] = Gatherer(work)
    futures = [gatherer.submit(number) for number in range(gathering.WAITING_MAX)]
    with pytest.raises(OverloadedError) as sent_away:
        gatherer.submit(-1)
    assert 1 <= sent_away.value.retry_after_s <= 60
    work.go.set()
    await asyncio.gather(*futures)
    assert await gatherer.submit(7) == 70


async def test_bytes_are_limited_as_well_as_numbers() -> None:
    """A few long texts fill the memory as well as many short ones."""
    work = Work()
    gatherer: Gatherer[int, int] = Gatherer(work, weigh=lambda _: gathering.WAITING_BYTES_MAX // 2)
    futures = [gatherer.submit(1), gatherer.submit(2)]
    with pytest.raises(OverloadedError):
        gatherer.submit(3)
    work.go.set()
    assert await asyncio.gather(*futures) == [10, 20]


async def test_few_files_are_read_at_the_same_time() -> None:
    """Their bodies are big; a hundred of them would be the end of the process."""
    gatherer: Gatherer[int, int] = Gatherer(Work())
    places = [gatherer.reading_a_file() for _ in range(gathering.FILES_MAX)]
    for place in places:
        place.__enter__()
    with pytest.raises(OverloadedError), gatherer.reading_a_file():
        pass
    places[0].__exit__(None, None, None)
    with gatherer.reading_a_file():
        entered = True
    assert entered
