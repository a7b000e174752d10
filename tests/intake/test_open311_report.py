"""Reports over HTTP: taken once, kept private, and every mistake in the standard's format."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path as FilePath
from xml.etree.ElementTree import fromstring

import pytest

from services.events import Attribute, Channel, ComplaintReceived
from services.runtime.keys import Role
from services.runtime.limits import Limits, RateLimiter
from tests.intake.callers import NAME, PHONE
from tests.intake.conftest import Door
from tests.intake.open311.city import V2, a_city, a_form, faults, open_city, send
from tests.policies import a_policy

pytestmark = pytest.mark.postgres

WATER = {"service_code": "utilities-water", "attribute[WHISPAWN]": "123"}


async def test_a_report_becomes_one_clean_event(door: Door) -> None:
    """Who it is goes to the vault; answers go along, without what tells who it is."""
    client = await door.client(Role.REPORTER)
    form = a_form(
        **WATER,
        **{"attribute[WHISDORN]": f"请打{PHONE}"},
        first_name=NAME[1:],
        last_name=NAME[0],
        phone=PHONE,
        address_string="河街街道3号楼502室",
    )
    answer = await send(client, form)
    assert answer.status_code == 200
    assert "LZ-261124-000001" in answer.json()[0]["service_notice"]
    fact = (await door.received())[0].data
    assert isinstance(fact, ComplaintReceived)
    matter = fact.matter
    assert (matter.channel, matter.category) == (Channel.OPEN311, "utilities-water")
    assert matter.attributes[0] == Attribute(code="WHISPAWN", values=("123",))
    assert PHONE not in matter.model_dump_json()
    assert NAME not in matter.model_dump_json()
    assert "502" not in matter.model_dump_json()
    assert matter.place.street == "990101001"
    assert await door.path.pool.fetchval("SELECT count(*) FROM identity.contact") == 1


async def test_the_same_report_sent_again_is_the_same_request(door: Door) -> None:
    """A phone that lost the answer sends again; with an Idempotency-Key that is no second one."""
    client = await door.client(Role.REPORTER)
    first = await send(client, a_form(), **{"Idempotency-Key": "k1"})
    again = await send(client, a_form(), "xml", **{"Idempotency-Key": "k1"})
    shown = fromstring(again.content).findtext("request/service_request_id")  # noqa: S314
    assert shown == first.json()[0]["service_request_id"]
    assert len(await door.received()) == 1
    other = await send(client, a_form(description="别的"), **{"Idempotency-Key": "k1"})
    assert other.status_code == 400
    assert other.json()[0]["code"] == 409


async def test_a_key_comes_in_the_form_the_address_or_the_header(door: Door) -> None:
    """The standard's way is `api_key`; the other is that of our own interface."""
    key = await door.path.key(Role.REPORTER)
    nobody = await door.client(None)
    assert (await send(nobody, a_form(api_key=key))).status_code == 200
    by_address = await nobody.post(f"{V2}/requests.json?api_key={key}", data=a_form())
    assert by_address.status_code == 200
    assert (await send(nobody, a_form(), Authorization=f"Bearer {key}")).status_code == 200
    for form in (a_form(), a_form(api_key="whk_x"), a_form(api_key=await _agency_key(door))):
        refused = await send(nobody, form)
        assert refused.status_code == 403
        assert faults(refused) == [(403, "api_key")]


async def _agency_key(door: Door) -> str:
    return await door.path.key(Role.AGENCY, "water-company")


async def test_every_mistake_is_answered_in_the_standards_format(door: Door) -> None:
    """Clients parse errors as they parse answers; uReport #162 tells what happens else."""
    client = await door.client(Role.REPORTER)
    key = {"Idempotency-Key": "k" * 256}
    long = {"content": b"description=" + b"a" * 100_001}
    for wrong, status, told in (
        (await send(client, a_form(service_code="x")), 404, [(404, "service_code")]),
        (await send(client, a_form(service_code=None)), 400, [(400, "service_code")]),
        (await send(client, a_form(lat=None, long=None)), 400, [(400, "lat")]),
        (await send(client, a_form(jurisdiction_id="x.gov")), 404, [(404, "jurisdiction_id")]),
        (await client.post(f"{V2}/requests.json", json=a_form()), 400, [(415, "Content-Type")]),
        (await client.post(f"{V2}/requests.json", **long), 400, [(413, None)]),
        (await client.post(f"{V2}/requests.json", content=b"description=%ff"), 400, [(400, None)]),
        (await client.post(f"{V2}/requests.json", content=b"&a=b" * 300), 400, [(400, None)]),
        (
            await send(client, a_form(), **key),
            400,
            [(400, "Idempotency-Key")],
        ),
        (await client.put(f"{V2}/requests.json"), 405, [(405, None)]),
        (await client.get(f"{V2}/nothing.json"), 404, [(404, None)]),
        (await client.get(f"{V2}/services/x.json"), 404, [(404, "service_code")]),
        (await client.get(f"{V2}/requests/x.json"), 404, [(404, "service_request_id")]),
        (await client.get(f"{V2}/tokens/x.json"), 404, [(404, "token")]),
        (await client.get(f"{V2}/requests.json?status=x"), 400, [(400, "status")]),
        (await client.get(f"{V2}/requests.json?page=%00"), 200, []),
    ):
        assert wrong.status_code == status, wrong.text
        for (code, field), (found_code, found) in zip(told, faults(wrong), strict=True):
            assert code == found_code
            assert field is None or field == found
    assert (await door.received()) == []


async def test_a_path_without_a_format_is_told_which_there_are(door: Door) -> None:
    """In XML, which every client of the standard reads."""
    client = await door.client(None)
    for path in ("services", "requests.html", "requests", "services/environment-waste"):
        answer = await client.get(f"{V2}/{path}")
        assert answer.status_code == 400
        error = fromstring(answer.content).findtext("error/description")  # noqa: S314
        assert error is not None
        assert error.startswith("format: ")


async def test_words_and_charset_are_as_the_caller_and_the_city_ask(
    dsn: str, secrets_file: FilePath
) -> None:
    """Validators disagree on the charset: the standard's way unless the city says otherwise."""
    async with open_city(dsn, secrets_file, a_city(names_charset=False)) as door:
        client = await door.client(None)
        zh = await client.get(f"{V2}/services.json", headers={"Accept-Language": "zh-CN"})
        en = await client.get(f"{V2}/services.json", headers={"Accept-Language": "en-GB"})
        assert zh.headers["content-type"] == "application/json"
        assert (zh.json()[0]["service_name"], en.json()[0]["service_name"]) == (
            "垃圾清运",
            "Waste not collected",
        )
        xml = await client.get(f"{V2}/requests.xml?status=x")
        assert xml.headers["content-type"] == "text/xml"


async def test_a_city_without_open311_says_so(dsn: str, secrets_file: FilePath) -> None:
    """And takes nothing."""
    async with open_city(dsn, secrets_file, a_policy(open311=None)) as door:
        client = await door.client(Role.REPORTER)
        answer = await send(client, a_form())
        assert answer.status_code == 404
        assert answer.json()[0]["code"] == 404


async def test_guessing_keys_is_limited_and_told_in_the_standards_format(door: Door) -> None:
    """Whoever has a key has its own rate, however much others guess from the same address."""
    app = door.path.running["intake"].service.app
    app.state.limits = Limits({"anonymous": 0.5, "reporter": 0.75}, RateLimiter(lambda: 100.0))
    key, nobody = await door.path.key(Role.REPORTER), await door.client(None)
    good = [(await send(nobody, a_form(api_key=key))).status_code for _ in range(4)]
    assert good == [200, 200, 200, 429]
    guesses = [await send(nobody, a_form(api_key=f"whk_{n}")) for n in range(3)]
    assert [one.status_code for one in guesses] == [403, 403, 429]
    assert guesses[2].json()[0]["code"] == 429
    assert int(guesses[2].headers["retry-after"]) >= 1


async def test_a_form_without_an_end_is_refused_in_the_standards_format(door: Door) -> None:
    """Before it is asked who sends it, and before it fills the memory."""
    read = 0

    async def content() -> AsyncIterator[bytes]:
        nonlocal read
        for _ in range(500):
            read += 100_000
            yield b"x" * 100_000

    kind = {"content-type": "application/x-www-form-urlencoded"}
    nobody = await door.client(None)
    answer = await nobody.post(f"{V2}/requests.json", content=content(), headers=kind)
    assert (answer.status_code, answer.json()[0]["code"]) == (400, 413)
    assert read <= 1_100_000
