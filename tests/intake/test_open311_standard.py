"""The examples of the GeoReport v2 standard, request by request, as JSON and as XML."""

from __future__ import annotations

from pathlib import Path as FilePath

import httpx
import pytest

from services.runtime.keys import Role
from tests.intake.conftest import Door
from tests.intake.open311.city import V2, last_complaint, open_city
from tests.intake.open311.standard import GOLDEN, differences, the_city
from tests.intake.tracked import closed, dispatched, opened

pytestmark = pytest.mark.postgres

FORMATS = ("json", "xml")


class App:
    """An app that sends the standard's own requests."""

    def __init__(self, client: httpx.AsyncClient, key: str) -> None:
        """Send with a key that may report."""
        self._client = client
        self._key = key

    async def ask(self, name: str, fmt: str, **named: str) -> httpx.Response:
        """Send an example; capital words in it stand for what only this city knows."""
        line, _, body = (GOLDEN / f"{name}.request").read_text().partition("\n")
        for word, value in {"FORMAT": fmt, "KEY": self._key, **named}.items():
            line, body = line.replace(word, value), body.replace(word, value)
        method, path = line.split(" ")
        headers = {"Accept-Language": "en"}
        if method == "GET":
            return await self._client.get(path, headers=headers)
        headers["Content-Type"] = "application/x-www-form-urlencoded; charset=utf-8"
        return await self._client.post(path, content=body.strip(), headers=headers)


async def _app(door: Door) -> App:
    return App(await door.client(None), await door.path.key(Role.REPORTER))


@pytest.mark.parametrize(
    ("settings", "names"),
    [
        ('without = ["006", "DMV66"]', ("services",)),
        ("", ("discovery", "service-definition", "post-request", "wrong-key")),
    ],
)
async def test_the_examples_of_the_standard_are_answered_as_it_says(
    dsn: str, secrets_file: FilePath, settings: str, names: tuple[str, ...]
) -> None:
    """Apps written for any city must work here as they are."""
    async with open_city(dsn, secrets_file, the_city(settings)) as door:
        app = await _app(door)
        for name in names:
            for fmt in FORMATS:
                answer = await app.ask(name, fmt)
                assert answer.status_code == (403 if name == "wrong-key" else 200)
                assert differences(fmt, answer.content, name) == []
                type_of = {"json": "application/json", "xml": "text/xml"}[fmt]
                assert answer.headers["content-type"] == f"{type_of}; charset=utf-8"


async def test_the_examples_of_requests_are_answered_as_the_standard_says(
    dsn: str, secrets_file: FilePath
) -> None:
    """One request that is closed, one that an office has; then one of them alone."""
    async with open_city(dsn, secrets_file, the_city()) as door:
        app, client = await _app(door), await door.client(Role.REPORTER)
        for facts in ((opened(), dispatched(), closed()), (opened(), dispatched())):
            form = {"service_code": "006", "lat": "37.762221815", "long": "-122.4651145"}
            answer = await client.post(f"{V2}/requests.json", data=form)
            await door.track(await last_complaint(door), *facts)
        del answer
        shown = (await client.get(f"{V2}/requests.json")).json()[1]["service_request_id"]
        for fmt in FORMATS:
            for name in ("requests", "request"):
                answer = await app.ask(name, fmt, CLOSED=shown)
                assert answer.status_code == 200
                assert differences(fmt, answer.content, name) == []


async def test_the_example_of_a_token_is_answered_as_the_standard_says(
    dsn: str, secrets_file: FilePath
) -> None:
    """Where a city answers with a token, it leads to the request's id, and that to the request."""
    async with open_city(dsn, secrets_file, the_city("returns_token = true")) as door:
        app, client = await _app(door), await door.client(None)
        for fmt in FORMATS:
            answer = await app.ask("post-token", fmt)
            assert differences(fmt, answer.content, "post-token") == []
        token = (await app.ask("post-token", "json")).json()[0]["token"]
        for fmt in FORMATS:
            answer = await app.ask("token", fmt, TOKEN=token)
            assert differences(fmt, answer.content, "token") == []
        shown = (await app.ask("token", "json", TOKEN=token)).json()[0]["service_request_id"]
        assert (await client.get(f"{V2}/requests/{shown}.json")).status_code == 200
        assert (await client.get(f"{V2}/requests/{token}.json")).status_code == 404
