"""The public list: every filter, pages, and nothing that the city doesn't publish."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path as FilePath
from typing import Any
from uuid import UUID

import httpx
import pytest

from services.events import OrderDispatched, OrderReturned
from services.runtime.keys import Role
from tests.intake.callers import a_complaint, a_reporter
from tests.intake.conftest import Door
from tests.intake.open311.city import V2, a_city, last_complaint, open_city, reported
from tests.intake.tracked import AGENCY, ORDER, OTHER_AGENCY, closed, dispatched, opened

pytestmark = pytest.mark.postgres


async def _list(client: httpx.AsyncClient, **filters: Any) -> list[str]:
    answer = await client.get(f"{V2}/requests.json", params=filters)
    assert answer.status_code == 200, answer.text
    return [one["service_request_id"] for one in answer.json()]


async def test_every_filter_picks_what_it_says(door: Door) -> None:
    """Three reports an hour apart, of two services; the first is closed in the end."""
    client, public = await door.client(Role.REPORTER), await door.client(None)
    first = await reported(client)
    await door.track(await last_complaint(door), opened(), dispatched(), closed())
    door.clock.advance(timedelta(hours=1))
    second = await reported(client, description="河街西口的垃圾桶")
    door.clock.advance(timedelta(hours=1))
    waste = "environment-waste"
    third = await reported(client, service_code="environment-stall", description="有人摆摊")
    for filters, expected in (
        ({}, [third, second, first]),
        ({"status": "closed"}, [first]),
        ({"status": "open,closed"}, [third, second, first]),
        ({"service_code": waste}, [second, first]),
        ({"service_code": "environment-waste,environment-stall"}, [third, second, first]),
        ({"service_code": waste, "status": "open"}, [second]),
        ({"service_code": "unheard-of"}, []),
        ({"start_date": "2026-11-24T05:00:00Z"}, [third, second]),
        ({"start_date": "2026-11-24T12:30:00+08:00"}, [third, second]),
        ({"end_date": "2026-11-24T04:30:00Z"}, [first]),
        ({"updated_after": "2026-11-24T05:30:00Z"}, [third]),
        ({"updated_before": "2026-11-24T05:30:00Z", "service_code": waste}, [second, first]),
        ({"service_request_id": f"{first},{third}", "status": "closed"}, [third, first]),
        ({"service_request_id": f"{'0' * 32},x"}, []),
        ({"page_size": "2"}, [third, second]),
        ({"page_size": "2", "page": "2"}, [first]),
        ({"page_size": "2", "page": "3"}, []),
        ({"page_size": "1", "page": "2", "service_code": waste}, [first]),
        ({"jurisdiction_id": "linzhou.example"}, [third, second, first]),
    ):
        assert await _list(public, **filters) == expected, filters
    door.clock.advance(timedelta(days=91))
    assert await _list(public) == []


async def test_only_open311_is_listed_unless_the_city_says_otherwise(door: Door) -> None:
    """Who called the hotline didn't ask to be published."""
    client = await door.client(Role.REPORTER)
    await client.post("/v1/complaints", json=a_complaint(category="environment-waste"))
    assert await _list(client) == []


async def test_secret_complaints_are_never_published(dsn: str, secrets_file: FilePath) -> None:
    """Not even where every channel is; nor what the city doesn't offer over Open311."""
    async with open_city(dsn, secrets_file, a_city(lists_requests="all")) as door:
        client = await door.client(Role.REPORTER)
        secret = a_reporter(is_secret=True)
        for body in (
            a_complaint(category="environment-waste", reporter=secret),
            a_complaint(category="environment-waste", reporter=secret, channel="open311"),
            a_complaint(category="environment"),
            a_complaint(),
            a_complaint(category="environment-waste"),
        ):
            assert (await client.post("/v1/complaints", json=body)).status_code == 202
        assert len(await _list(client)) == 1
        assert await door.path.pool.fetchval("SELECT count(*) FROM intake.published_request") == 1


async def test_words_are_shown_only_where_the_city_says_so(
    dsn: str, secrets_file: FilePath
) -> None:
    """And then masked, as every service sees them."""
    async with open_city(dsn, secrets_file, a_city(shows_description=True)) as door:
        client = await door.client(Role.REPORTER)
        await reported(client, description="垃圾没人清，请打19000001234")
        shown = (await client.get(f"{V2}/requests.json")).json()[0]["description"]
        assert shown.startswith("垃圾没人清")
        assert "19000001234" not in shown


def _assisting() -> OrderDispatched:
    return dispatched(OTHER_AGENCY, UUID(int=502), role="assist")


async def test_a_request_tells_who_has_it_and_until_when(door: Door) -> None:
    """The office that returned an order is responsible no longer."""
    client = await door.client(Role.REPORTER)
    shown = await reported(client)
    complaint_id = await last_complaint(door)
    await door.track(complaint_id, opened(), dispatched(), _assisting())
    one = (await client.get(f"{V2}/requests/{shown}.json")).json()[0]
    assert one["agency_responsible"] == "河街街道办事处"
    assert one["expected_datetime"] == "2026-12-01T12:00:00+08:00"
    returned = OrderReturned(order_id=ORDER, agency=AGENCY, attempt=1, reason="不归我们管")
    await door.track(complaint_id, returned)
    one = (await client.get(f"{V2}/requests/{shown}.json")).json()[0]
    assert (one["agency_responsible"], one["expected_datetime"]) == (None, None)
    assert one["description"] == one["service_name"] == "垃圾清运"


async def test_a_withdrawn_request_is_closed_from_that_moment(door: Door) -> None:
    """`updated_datetime` of a closed request is when it closed (GeoReport v2)."""
    client = await door.client(Role.REPORTER)
    shown = await reported(client)
    complaint_id = await last_complaint(door)
    door.clock.advance(timedelta(hours=1))
    withdrawn = await client.post(f"/v1/complaints/{complaint_id}/withdrawal", json={})
    assert withdrawn.status_code == 202
    one = (await client.get(f"{V2}/requests/{shown}.json")).json()[0]
    assert (one["status"], one["updated_datetime"]) == ("closed", "2026-11-24T13:00:00+08:00")
