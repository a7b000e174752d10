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


async def test_a_person_goes_before_a_file() -> None:
    """An import of a million rows must not keep a caller waiting."""
    work = Work()
    gatherer: Gatherer[int, int] = Gatherer(work, items_max=2)
    futures = gatherer.submit_bulk([1, 2, 3, 4])
    await asyncio.sleep(0)
    futures.append(gatherer.submit(9))
    work.go.set()
    await asyncio.gather(*futures)
    assert work.batches == [[1, 2], [9, 3], [4]]


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


async def test_beyond_the_limit_callers_are_sent_away() -> None:
    """Better come again in a second than wait for a minute."""
    work = Work()
    gatherer: Gatherer[int, int] = Gatherer(work)
    futures = [gatherer.submit(number) for number in range(gathering.WAITING_MAX)]
    with pytest.raises(OverloadedError):
        gatherer.submit(-1)
    work.go.set()
    await asyncio.gather(*futures)
