"""The examples that integrators copy work: run as they would run them, in each language."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from ipaddress import ip_network
from pathlib import Path
from uuid import UUID

import pytest

from services.events import Event, encode
from services.notifier.adapters.wire import Wire
from services.notifier.decide.signing import headers, secret_text
from services.runtime.address import Reach
from services.runtime.clock import SystemClock
from services.runtime.guard import Guard
from tests.notifier.examples import LANGUAGES, running_example
from tests.notifier.receivers import Receiver, a_receiver, answer
from tests.notifier.stories import ORDER, a_dispatch, a_tracked_event

KEY, NEW = bytes(32), bytes(range(32))
SECRETS = f"{secret_text(NEW)} {secret_text(KEY)}"
EVENT = a_tracked_event(a_dispatch(), 2)
#: Whatever it finds must still come through at the end, so that silence before it means something.
LAST = UUID("019ab3c4-5d6e-7f80-9123-0000000000ff")

pytestmark = pytest.mark.parametrize("language", LANGUAGES)


def signed(event: Event = EVENT, key: bytes = KEY, age_s: int = 0) -> list[tuple[str, str]]:
    # The examples check freshness by the machine's clock, as a real system does.
    now = int(SystemClock().now().timestamp())
    return list(headers((key,), str(event.id), now - age_s, encode(event)))


@pytest.fixture
async def wire() -> AsyncIterator[Wire]:
    """What webhooks are sent with."""
    made = Wire(Guard(Reach((ip_network("127.0.0.0/8"),))))
    yield made
    await made.close()


def reports(intake: Receiver) -> list[tuple[str, str]]:
    """What was reported, and on which order."""
    return [(r.path.split("/")[3], r.event["action"]) for r in intake.requests]


async def test_the_example_answers_an_order_once(language: str, tmp_path: Path, wire: Wire):
    """Signed, contacted, resolved with the agency's key; a repeated webhook changes nothing."""
    async with (
        a_receiver(answer(202)) as intake,
        running_example(language, tmp_path, SECRETS, intake.url.removesuffix("/in")) as example,
    ):
        for key in (KEY, NEW, KEY):
            assert (await wire.post(example.url, signed(key=key), encode(EVENT))).status == 204
        await asyncio.wait_for(intake.received(3), 10)
        await example.said("resolve: taken")
    said = [("sign", None), ("contact", None), ("resolve", "已到现场处理，恢复正常。")]
    assert [(r.event["action"], r.event.get("note")) for r in intake.requests] == said
    assert {r.path for r in intake.requests} == {f"/v1/orders/{ORDER}/actions"}
    assert {r.headers["authorization"] for r in intake.requests} == {"Bearer whk_agency"}
    keys = [r.headers["idempotency-key"] for r in intake.requests]
    assert keys == [f"{ORDER}/sign", f"{ORDER}/contact", f"{ORDER}/resolve"]


async def test_the_example_returns_what_is_not_its_own(language: str, tmp_path: Path, wire: Wire):
    """With the reason, and without having signed; a copy of another's order is left alone."""
    other = a_tracked_event(a_dispatch().model_copy(update={"agency": "city-housing"}), 3)
    mine = a_tracked_event(a_dispatch(category="environment-waste"), 4)
    url = "/in"
    async with (
        a_receiver(answer(202)) as intake,
        running_example(
            language,
            tmp_path,
            SECRETS,
            intake.url.removesuffix(url),
            RETURNS="traffic environment-waste",
        ) as example,
    ):
        for event in (other, mine):
            assert (await wire.post(example.url, signed(event), encode(event))).status == 204
        await asyncio.wait_for(intake.received(1), 10)
        await example.said("return: taken")
    assert reports(intake) == [(str(ORDER), "return")]
    assert intake.requests[0].event["note"] == "不属于我单位职责，请改派。"


FORGED = [
    lambda: signed(key=bytes(31) + b"x"),
    lambda: signed(age_s=400),
    lambda: signed(age_s=-400),
    lambda: [one for one in signed() if one[0] != "webhook-signature"],
    lambda: [one for one in signed() if one[0] != "webhook-id"],
    lambda: [*signed()[:-1], ("webhook-signature", "v1,äöü")],
    lambda: [*signed()[:-1], ("webhook-signature", "v1")],
    lambda: [*signed()[:-1], ("webhook-signature", "v1,AAA v2,AAAA v1a,AAAA ,")],
    lambda: [("webhook-signature", "v1,AAAA")],
    list,
]


async def test_the_example_refuses_what_is_not_from_the_city(
    language: str, tmp_path: Path, wire: Wire
):
    """A forged order must not move anybody, nor one that somebody recorded and sends again."""
    last = a_tracked_event(a_dispatch().model_copy(update={"order_id": LAST}), 3)
    async with (
        a_receiver(answer(202)) as intake,
        running_example(language, tmp_path, SECRETS, intake.url.removesuffix("/in")) as example,
    ):
        for forged in FORGED:
            assert (await wire.post(example.url, forged(), encode(EVENT))).status == 401
        changed = encode(EVENT).replace(b"street-990101001", b"street-990101002")
        assert (await wire.post(example.url, signed(), changed)).status == 401
        assert (await wire.post(example.url, signed(last), encode(last))).status == 204
        await example.said("resolve: taken")
    assert {order for order, _ in reports(intake)} == {str(LAST)}


async def test_what_was_answered_is_done_after_a_crash(language: str, tmp_path: Path, wire: Wire):
    """The 204 is a promise; and what is known is known after the crash as well."""
    async with a_receiver(answer(503)) as intake:
        url = intake.url.removesuffix("/in")
        async with running_example(language, tmp_path, SECRETS, url) as example:
            assert (await wire.post(example.url, signed(), encode(EVENT))).status == 204
            await asyncio.wait_for(intake.received(1), 10)
            await example.kill()
        intake.default = answer(202)
        intake.requests.clear()
        next_ones = [
            a_tracked_event(a_dispatch().model_copy(update={"order_id": UUID(int=n)}), n)
            for n in (3, 4)
        ]
        for event in next_ones:
            async with running_example(language, tmp_path, SECRETS, url) as example:
                for one in (EVENT, event):
                    found = await wire.post(example.url, signed(one), encode(one))
                    assert getattr(found, "status", found) == 204
                await example.said(f"order {event.data.order_id}")  # The first is settled.
                await example.said("resolve: taken")
    actions = ("sign", "contact", "resolve")
    orders = (ORDER, *(event.data.order_id for event in next_ones))
    # What it was killed between reporting and noting that, it reports under the same key again.
    said = [r.headers["idempotency-key"] for r in intake.requests]
    assert list(dict.fromkeys(said)) == [f"{order}/{one}" for order in orders for one in actions]
    assert said.count(f"{ORDER}/sign") == 1


async def test_the_example_waits_until_the_city_knows_its_order(
    language: str, tmp_path: Path, wire: Wire
):
    """A webhook may be faster than intake; what is refused for good holds nothing up."""
    bad = a_tracked_event(a_dispatch().model_copy(update={"order_id": LAST}), 3)
    async with a_receiver(answer(202)) as intake:
        intake.scripts = [answer(422, b"{}"), answer(404)]
        url = intake.url.removesuffix("/in")
        async with running_example(language, tmp_path, SECRETS, url) as example:
            for event in (bad, EVENT):
                assert (await wire.post(example.url, signed(event), encode(event))).status == 204
            await example.said("resolve: taken")
    first = [(str(LAST), "sign"), (str(ORDER), "sign")]
    assert reports(intake) == [*first, *((str(ORDER), a) for a in ("sign", "contact", "resolve"))]
