"""A city that speaks Open311, as apps meet it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path as FilePath
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

import httpx

from services.intake.__main__ import IntakeSettings, build
from services.policy import Policy
from services.runtime.clock import ManualClock
from tests.builders import NOON
from tests.harness import running
from tests.intake.conftest import Door
from tests.policies import OPEN311, a_policy

V2 = "/open311/v2"


def a_city(**settings: Any) -> Policy:
    """The tiny policy, with other settings at the head of `open311.toml`."""
    told = {True: "true", False: "false"}
    lines = [f"{name} = {told.get(value) or repr(value)}" for name, value in settings.items()]
    return a_policy(open311="\n".join([*lines, OPEN311]))


@asynccontextmanager
async def open_city(dsn: str, secrets_file: FilePath, policy: Policy) -> AsyncIterator[Door]:
    """Run intake under a policy."""
    clock = ManualClock(NOON)
    settings = IntakeSettings(secrets_file=secrets_file)
    async with running(dsn, clock, policy, {"intake": build}, {"intake": settings}) as path:
        yield Door(path, clock, settings, {})


def a_form(**changes: str | None) -> dict[str, str]:
    """A report of uncollected waste, unless changed; None leaves a field out."""
    form: dict[str, str | None] = {
        "service_code": "environment-waste",
        "lat": "39.9051",
        "long": "116.3912",
        "description": "河街路口的垃圾桶满了三天没人清。",
    }
    return {name: value for name, value in (form | changes).items() if value is not None}


async def send(
    client: httpx.AsyncClient, form: Any, fmt: str = "json", **headers: str
) -> httpx.Response:
    """Send a form as apps do."""
    told = {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8", **headers}
    return await client.post(f"{V2}/requests.{fmt}", content=urlencode(form), headers=told)


async def reported(client: httpx.AsyncClient, **changes: str | None) -> str:
    """Report something and give its public id."""
    answer = await send(client, a_form(**changes))
    assert answer.status_code == 200, answer.text
    shown: str = answer.json()[0]["service_request_id"]
    return shown


async def last_complaint(door: Door) -> UUID:
    """The complaint that was taken in last."""
    complaint_id: UUID = await door.path.pool.fetchval(
        "SELECT complaint_id FROM intake.complaint ORDER BY number DESC LIMIT 1"
    )
    return complaint_id


def faults(answer: httpx.Response) -> list[tuple[int, str]]:
    """The field that each error of a JSON answer begins with, and its code."""
    return [(one["code"], one["description"].partition(":")[0]) for one in answer.json()]
