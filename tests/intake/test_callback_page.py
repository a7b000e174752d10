"""The answer page: one click that a machine can't make, and a link that opens nothing else."""

from __future__ import annotations

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import timedelta
from uuid import UUID

import pytest
from httpx import AsyncClient

from services.events import CallbackAnswered
from services.intake.http.bodies import WISH_MAX
from services.runtime.keys import Role
from services.runtime.tokens import sign_callback
from tests.builders import NOON
from tests.intake.callers import ADDRESS, NAME, PHONE, a_complaint, a_reporter
from tests.intake.conftest import Door
from tests.intake.tracked import CALLBACK, callback_due, closed, dispatched, opened

pytestmark = pytest.mark.postgres

CHOSEN = "?contacted=yes&solved=yes&satisfaction=basically"
FORM = {"is_contacted": "yes", "is_solved": "yes", "satisfaction": "basically"}


async def asked(door: Door) -> tuple[UUID, str]:
    """A complaint of a person whom the vault knows; the path of their answer page."""
    client = await door.client(Role.REPORTER)
    body = a_complaint(reporter=a_reporter(), text=f"我是{NAME}，住{ADDRESS}，垃圾没人清。")
    answer = await client.post("/v1/complaints", json=body)
    assert answer.status_code == 202, answer.text
    complaint_id = UUID(answer.json()["complaint_id"])
    await door.track(complaint_id, opened(), dispatched(), callback_due())
    return complaint_id, path_of(door, complaint_id)


def path_of(door: Door, complaint_id: UUID, callback_id: UUID = CALLBACK) -> str:
    """The page that a link of ours opens."""
    secret = door.settings.secrets.callback_secret
    expires_at = NOON + timedelta(days=3)
    return f"/v1/callbacks/{sign_callback(secret, complaint_id, callback_id, expires_at)}"


async def answers(door: Door) -> list[CallbackAnswered]:
    """What intake has said that citizens answered."""
    facts = [event.data for event in await door.received()]
    return [fact for fact in facts if isinstance(fact, CallbackAnswered)]


def checked(text: str) -> list[tuple[str, str]]:
    """The choices that the page opens with."""
    return re.findall(r'name="(\w+)" value="(\w+)" required checked', text)


async def test_a_link_preselects_and_one_button_sends(door: Door) -> None:
    """What the form then sends is a whole answer."""
    _, path = await asked(door)
    citizen = await door.client(None)
    page = await citizen.get(path + CHOSEN)
    assert dict(checked(page.text)) == FORM
    assert page.text.count("<button") == 1
    assert "提交" in page.text
    assert (await citizen.post(path, data=FORM)).status_code == 200
    (answer,) = await answers(door)
    assert (answer.is_solved, answer.satisfaction) == (True, "basically")


async def test_looking_never_answers_and_selects_only_what_the_form_offers(door: Door) -> None:
    """Scanners of mail open every link before a person does, by GET and by HEAD."""
    _, path = await asked(door)
    citizen = await door.client(None)
    for _ in range(3):
        assert (await citizen.get(path + CHOSEN)).status_code == 200
        await citizen.head(path + CHOSEN)
        await citizen.get(path + "?is_contacted=yes&is_solved=yes&satisfaction=satisfied")
    # Anybody can write an address; only what the form offers comes back in the page.
    page = await citizen.get(path + "?solved=maybe&satisfaction=%22%3E%3Cb%3E&wish=x-y-z&solved=no")
    assert checked(page.text) == [("is_solved", "no")]
    assert "x-y-z" not in page.text
    assert "<b>" not in page.text
    bare = await citizen.get(path)
    assert checked(bare.text) == []
    assert await answers(door) == []


async def test_the_other_language_keeps_what_was_chosen(door: Door) -> None:
    """Nobody should choose twice because of a language."""
    _, path = await asked(door)
    citizen = await door.client(None)
    page = await citizen.get(path + CHOSEN)
    (link,) = re.findall(r'<a href="(\?[^"]+)" lang="en"', page.text)
    english = await citizen.get(path + link.replace("&amp;", "&"))
    assert '<html lang="en">' in english.text
    assert dict(checked(english.text)) == FORM


async def test_an_incomplete_form_keeps_what_was_given_and_marks_what_is_open(door: Door) -> None:
    """A long wish must not be lost for a forgotten tick."""
    _, path = await asked(door)
    citizen = await door.client(None)
    given = {"is_contacted": "no", "is_solved": "no", "wish": "请<再>来一次"}
    page = await citizen.post(path, data=given)
    assert page.status_code == 422
    assert checked(page.text) == [("is_contacted", "no"), ("is_solved", "no")]
    assert page.text.count('aria-describedby="missing"') == 1
    assert "请&lt;再&gt;来一次</textarea>" in page.text


async def test_a_wish_as_long_as_the_page_allows_is_taken_and_a_longer_one_marked(
    door: Door,
) -> None:
    """A browser sends a line break as two characters, and its field counts one."""
    _, path = await asked(door)
    citizen = await door.client(None)
    page = await citizen.post(path, data=FORM | {"wish": "很" * (WISH_MAX + 1)})
    assert page.status_code == 422
    assert "最多 2000 字" in page.text
    assert "全部三个问题" not in page.text
    assert 'aria-invalid="true" aria-describedby="too-long"' in page.text
    assert dict(checked(page.text)) == FORM
    both = await citizen.post(path, data={"wish": "很" * (WISH_MAX + 1)})
    assert both.text.count('role="alert"') == 2
    assert await answers(door) == []
    lines = "\r\n".join(["还是漏水"] * 400)
    assert len(lines) > len(lines.replace("\r", "")) == WISH_MAX - 1
    page = await citizen.post(path, data=FORM | {"wish": lines, "utm": "x"})
    assert page.status_code == 200
    (answer,) = await answers(door)
    assert answer.wish == lines.replace("\r", "")


async def test_the_page_says_nothing_of_the_person(door: Door) -> None:
    """Whoever finds the link learns a number and what the office says it did."""
    complaint_id, path = await asked(door)
    citizen = await door.client(None)
    pages = [await citizen.get(path), await citizen.post(path, data={}), await citizen.get("/nix")]
    pages.append(await citizen.post(path, data=FORM))
    pages.append(await citizen.get(path))
    for page in pages:
        said = page.text + str(page.headers)
        for secret in (NAME, PHONE, ADDRESS, "p-1", str(complaint_id), str(CALLBACK), "没人清"):
            assert secret not in said


async def test_a_token_opens_nothing_but_its_own_question(door: Door) -> None:
    """Neither as a key, nor as a complaint's, nor as another call-back's."""
    complaint_id, path = await asked(door)
    token = path.rpartition("/")[2]
    citizen = await door.client(None)
    bearer = {"Authorization": f"Bearer {token}"}
    for address in (
        "/v1/callbacks",
        "/v1/identities/accesses",
        f"/v1/callbacks/{token}/result",
    ):
        refused = await citizen.get(address, headers=bearer)
        assert refused.status_code in {401, 403, 404, 405}
        assert "LZ-" not in refused.text
    reveal = await citizen.post(
        f"/v1/identities/p-{'a1' * 15}/reveal", json={"purpose": "x"}, headers=bearer
    )
    assert reveal.status_code in {401, 403}
    result = await citizen.post(
        f"/v1/callbacks/{CALLBACK}/result",
        json={"is_contacted": True, "is_solved": True, "satisfaction": "satisfied"},
        headers=bearer,
    )
    assert result.status_code in {401, 403}
    assert await answers(door) == []
    assert complaint_id is not None


async def status_of(citizen: AsyncClient, token: str) -> int:
    """How a token is received."""
    page = await citizen.get(f"/v1/callbacks/{token}")
    assert "LZ-" not in page.text or page.status_code == 200
    return page.status_code


async def test_no_bit_of_a_token_can_be_changed(door: Door) -> None:
    """Neither what it is for, nor until when, nor its 128 bits of signature."""
    _, path = await asked(door)
    token = path.rpartition("/")[2]
    raw = bytearray(urlsafe_b64decode(token + "=" * (-len(token) % 4)))
    assert len(raw) == 16 + 16 + 4 + 16
    citizen = await door.client(None)
    for byte in range(len(raw)):
        forged = bytearray(raw)
        forged[byte] ^= 1 << (byte % 8)
        changed = urlsafe_b64encode(forged).decode().rstrip("=")
        assert await status_of(citizen, changed) == 404
    for wrong in (raw[:-1], raw + b"\0", raw[:36], raw[:36] + bytes(16)):
        changed = urlsafe_b64encode(bytes(wrong)).decode().rstrip("=")
        assert await status_of(citizen, changed) == 404


async def test_a_token_is_worth_nothing_after_its_time(door: Door) -> None:
    """Not the question, not an answer, not even by an incomplete form."""
    _, path = await asked(door)
    citizen = await door.client(None)
    door.clock.advance(timedelta(days=3))
    for page in (
        await citizen.get(path + CHOSEN),
        await citizen.post(path, data=FORM),
        await citizen.post(path, data={"is_solved": "no"}),
    ):
        assert page.status_code == 410
        assert "LZ-" not in page.text
        assert "垃圾已清运" not in page.text
    assert await answers(door) == []


async def test_a_token_is_worth_nothing_after_the_answer_or_the_end(door: Door) -> None:
    """Whoever finds the message later reads nothing of the matter."""
    complaint_id, path = await asked(door)
    citizen = await door.client(None)
    assert (await citizen.post(path, data=FORM)).status_code == 200
    assert (await citizen.post(path, data=FORM)).status_code == 409
    for page in (await citizen.get(path + CHOSEN), await citizen.post(path, data={})):
        assert "LZ-" not in page.text
        assert "垃圾已清运" not in page.text
        assert "<form" not in page.text
    await door.track(complaint_id, closed())
    assert "<form" not in (await citizen.get(path)).text
    assert len(await answers(door)) == 1


async def test_a_closed_case_is_not_called_an_expired_link(door: Door) -> None:
    """The link would be good for days; the matter is over."""
    complaint_id, path = await asked(door)
    await door.track(complaint_id, closed())
    citizen = await door.client(None)
    for page in (await citizen.get(path), await citizen.post(path, data=FORM)):
        assert page.status_code == 410
        assert "已办结" in page.text
        assert "过期" not in page.text
    door.clock.advance(timedelta(days=3))
    for late in (await citizen.get(path), await citizen.post(path, data=FORM)):
        assert "过期" in late.text
