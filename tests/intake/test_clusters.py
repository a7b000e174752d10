"""Clusters: other people, the same matter, one place; each of them is handled."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest

from services.events import Cluster, ComplaintReceived
from services.intake.decide.clusters import Head, Street, cluster_score
from services.intake.decide.likeness import sketch
from services.intake.decide.repeats import Repeat, Trace, fingerprint
from services.runtime.keys import Role
from tests.builders import NOON
from tests.intake.callers import a_complaint, a_reporter
from tests.intake.conftest import Door, open_door

PIPE = "柳树社区三号楼门前的自来水管昨晚爆裂，水一直流到马路上，没有人来修。"
SAME_PIPE = "柳树社区三号楼门前自来水管爆裂，水流到马路上都快淹了，昨晚就报过修。"
LAMP = "小学门口的路灯坏了半个月，晚上接孩子看不清路。"
STREET = "990101001"


def _trace(number: int, text: str = PIPE, **changes: Any) -> Trace:
    trace = Trace(
        complaint_id=UUID(int=number),
        reporter=f"p-{number}",
        fingerprint=fingerprint(text),
        category=None,
        street=STREET,
        received_at=NOON + timedelta(minutes=number),
        sketch=sketch(text),
    )
    return replace(trace, **changes)


def test_two_people_about_one_pipe_are_a_cluster_of_two() -> None:
    """In their own words, and the first learns nothing of it."""
    street = Street()
    assert street.join(_trace(1), None).cluster is None
    joined = street.join(_trace(2, SAME_PIPE), None)
    assert joined.cluster is not None
    assert (joined.cluster.complaint_id, joined.cluster.size) == (UUID(int=1), 2)
    assert 0.4 <= joined.cluster.score < 1
    assert street.join(_trace(3, LAMP), None).cluster is None


def test_another_street_is_another_matter_and_no_street_is_none() -> None:
    """Pipes burst everywhere in a hard winter."""
    street = Street([Head(_trace(1))])
    assert street.join(_trace(2, street="990101002"), None).cluster is None
    assert street.join(_trace(3, street=None), None).cluster is None
    assert street.join(_trace(4, street=None), None).head_id is None


def test_category_and_community_speak_for_or_against() -> None:
    """Agreement is evidence too; neither alone decides."""
    first = _trace(1, category="utilities-water", community="990101001001")
    plain = cluster_score(_trace(2, SAME_PIPE), first)
    same = cluster_score(
        _trace(2, SAME_PIPE, category="utilities-water", community="990101001001"), first
    )
    other = cluster_score(
        _trace(2, SAME_PIPE, category="traffic-bus", community="990101001002"), first
    )
    assert other < plain < same < 1
    assert cluster_score(_trace(2, LAMP, category="utilities-water"), first) < 0.4


def test_after_a_week_it_is_a_new_matter() -> None:
    """Mended and burst again."""
    street = Street([Head(_trace(1))])
    late = _trace(2, received_at=NOON + timedelta(days=7, hours=1))
    assert street.join(late, None).cluster is None


def test_who_calls_again_is_told_of_the_cluster_but_counted_once() -> None:
    """A cluster counts people, as far as we know them."""
    street = Street()
    street.join(_trace(1), None)
    street.join(_trace(2), None)
    again = street.join(_trace(3, reporter="p-2"), Repeat(UUID(int=2), 0.7))
    assert again.cluster == Cluster(complaint_id=UUID(int=1), size=2, score=1.0)
    first_again = street.join(_trace(4, reporter="p-1"), None)
    assert first_again.cluster is not None
    assert first_again.cluster.size == 2
    assert street.join(_trace(5, reporter=None), None).head_id == UUID(int=1)
    assert street.grown[UUID(int=1)].size == 3


def test_a_repeat_founds_no_matter_of_its_own() -> None:
    """It shares the one of the complaint it may repeat, though nobody else has told of it."""
    street = Street()
    assert street.join(_trace(1, LAMP), Repeat(UUID(int=9), 0.6)).head_id == UUID(int=9)
    assert street.join(_trace(2, LAMP), None).cluster is None


# At the door, on a real PostgreSQL.


@pytest.fixture
async def second_door(door: Door, dsn: str, secrets_file: Path) -> AsyncIterator[Door]:
    """Another instance on the same database."""
    async with open_door(dsn, secrets_file) as opened:
        yield opened


async def _post(client: httpx.AsyncClient, text: str, phone: int, **changes: Any) -> UUID:
    key = changes.pop("key", None)
    body = a_complaint(text=text, reporter=a_reporter(phone=f"190{phone:08d}"), **changes)
    headers = {"Idempotency-Key": key} if key else {}
    answer = await client.post("/v1/complaints", json=body, headers=headers)
    assert answer.status_code == 202, answer.text
    return UUID(answer.json()["complaint_id"])


async def _clusters(door: Door) -> dict[UUID, Cluster | None]:
    return {
        event.complaintid: event.data.matter.cluster
        for event in await door.received()
        if isinstance(event.data, ComplaintReceived)
    }


@pytest.mark.postgres
async def test_another_person_at_the_same_place_joins_and_is_told_as_their_own(
    door: Door,
) -> None:
    """Nobody is dropped or merged."""
    client = await door.client(Role.REPORTER)
    first = await _post(client, PIPE, 1)
    second = await _post(client, SAME_PIPE, 2)
    again = await _post(client, SAME_PIPE, 2)
    lamp = await _post(client, LAMP, 3)
    third = await _post(client, PIPE, 4)
    found = await _clusters(door)
    assert found[first] is None
    assert found[lamp] is None
    for complaint_id, size in ((second, 2), (again, 2), (third, 3)):
        cluster = found[complaint_id]
        assert cluster is not None
        assert (cluster.complaint_id, cluster.size) == (first, size)


@pytest.mark.postgres
async def test_a_surge_in_one_batch_is_one_cluster(door: Door) -> None:
    """Fifty neighbours about one pipe: fifty complaints, one matter."""
    client = await door.client(Role.SERVICE)
    items = [
        a_complaint(text=f"{PIPE}我是第{chr(0x4E00 + n)}户。", reporter=_neighbour(n))
        for n in range(50)
    ]
    answer = await client.post("/v1/complaints/batch", json={"items": items})
    assert {result["status"] for result in answer.json()["results"]} == {202}
    sizes = [cluster.size if cluster else 1 for cluster in (await _clusters(door)).values()]
    assert sorted(sizes) == list(range(1, 51))


def _neighbour(number: int) -> dict[str, Any]:
    return a_reporter(name=None, phone=f"190{number:08d}")


@pytest.mark.postgres
async def test_a_surge_over_concurrent_transactions_is_one_cluster(
    door: Door, second_door: Door
) -> None:
    """Two instances of the door take calls about one pipe, and neither sees the other's."""
    clients = [await d.client(Role.REPORTER) for d in (door, second_door)]
    await asyncio.gather(*(_post(clients[n % 2], PIPE, n) for n in range(50)))
    told = [*(await _clusters(door) | await _clusters(second_door)).values()]
    sizes = sorted(cluster.size if cluster else 1 for cluster in told)
    assert sizes == list(range(1, 51))
    assert len({cluster.complaint_id for cluster in told if cluster}) == 1


@pytest.mark.postgres
async def test_a_retry_with_the_same_key_counts_once(door: Door) -> None:
    """An impatient program is one person."""
    client = await door.client(Role.REPORTER)
    await _post(client, PIPE, 1)
    ids = await asyncio.gather(*(_post(client, PIPE, 2, key="k2") for _ in range(5)))
    assert len({*ids, await _post(client, PIPE, 2, key="k2")}) == 1
    last = await _post(client, PIPE, 3)
    cluster = (await _clusters(door))[last]
    assert cluster is not None
    assert cluster.size == 3
