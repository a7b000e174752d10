"""Call-backs: one question, one answer, and a page for everybody."""

from __future__ import annotations

import asyncio
import hashlib
import re
from base64 import b64encode
from datetime import timedelta
from uuid import UUID

import pytest

from services.events import CallbackAnswered
from services.runtime.keys import Role
from services.runtime.tokens import sign_callback
from tests.builders import NOON
from tests.intake.callers import a_complaint
from tests.intake.conftest import Door
from tests.intake.tracked import CALLBACK, callback_due, closed, dispatched, opened

pytestmark = pytest.mark.postgres

FORM = {"is_contacted": "yes", "is_solved": "no", "satisfaction": "dissatisfied", "wish": "请复查"}
JSON = {"is_contacted": True, "is_solved": True, "satisfaction": "satisfied"}


async def _ask(door: Door, *, is_known: bool = True) -> tuple[UUID, str]:
    """A complaint whose citizen is asked; the path of the answer page."""
    client = await door.client(Role.REPORTER)
    answer = await client.post("/v1/complaints", json=a_complaint())
    complaint_id = UUID(answer.json()["complaint_id"])
    await door.track(complaint_id, opened(), dispatched())
    if is_known:
        await door.track(complaint_id, callback_due())
    secret = door.settings.secrets.callback_secret
    token = sign_callback(secret, complaint_id, CALLBACK, NOON + timedelta(days=3))
    return complaint_id, f"/v1/callbacks/{token}"


async def _answers(door: Door) -> list[CallbackAnswered]:
    facts = [event.data for event in await door.received()]
    return [fact for fact in facts if isinstance(fact, CallbackAnswered)]


async def test_a_citizen_answers_once(door: Door) -> None:
    """A second click must not change the rates."""
    _, path = await _ask(door)
    citizen = await door.client(None)
    first = await citizen.post(path, data=FORM)
    assert first.status_code == 200
    assert "谢谢" in first.text
    second = await citizen.post(path, data=FORM)
    assert second.status_code == 409
    assert "您已评价过" in second.text
    again = await citizen.post(path, json=JSON)
    assert (again.status_code, again.json()["code"]) == (409, "already-answered")
    assert "您已评价过" in (await citizen.get(path)).text
    (answer,) = await _answers(door)
    assert (answer.answered_by, answer.is_solved, answer.wish) == ("citizen", False, "请复查")


async def test_many_answers_at_the_same_time_count_once(door: Door) -> None:
    """Also when the tracker's fact hasn't arrived yet and there is no row to lock."""
    complaint_id, path = await _ask(door, is_known=False)
    citizen = await door.client(None)
    answers = await asyncio.gather(*(citizen.post(path, json=JSON) for _ in range(8)))
    assert sorted(answer.status_code for answer in answers) == [200] + [409] * 7
    assert len(await _answers(door)) == 1
    await door.track(complaint_id, callback_due())
    assert (await citizen.post(path, json=JSON)).status_code == 409


async def test_the_page_works_without_script_in_both_languages(door: Door) -> None:
    """Old telephones and screen readers must do."""
    _, path = await _ask(door)
    citizen = await door.client(None)
    page = await citizen.get(path)
    assert page.status_code == 200
    assert page.headers["content-type"].startswith("text/html")
    assert '<html lang="zh-CN">' in page.text
    assert "<script" not in page.text
    assert "LZ-1" in page.text
    assert "垃圾已清运 &lt;b&gt;三次&lt;/b&gt;" in page.text
    radios = re.findall(r'<label class="choice"><input type="radio" name="(\w+)"', page.text)
    assert radios == ["is_contacted"] * 2 + ["is_solved"] * 2 + ["satisfaction"] * 3
    assert page.text.count("<legend>") == 3
    english = await citizen.get(path, headers={"Accept-Language": "en-GB,en;q=0.9"})
    assert '<html lang="en">' in english.text
    assert (
        '<html lang="zh-CN">'
        in (await citizen.get(path + "?lang=zh", headers={"Accept-Language": "en"})).text
    )


async def test_the_page_lets_nothing_in_and_its_address_nowhere(door: Door) -> None:
    """The address is the key: no referrer, no cache, no frame, no foreign style."""
    _, path = await _ask(door)
    page = await (await door.client(None)).get(path)
    policy = page.headers["content-security-policy"]
    style = re.search(r"<style>(.*?)</style>", page.text, re.DOTALL)
    assert style is not None
    digest = b64encode(hashlib.sha256(style.group(1).encode()).digest()).decode()
    assert f"'sha256-{digest}'" in policy
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert page.headers["referrer-policy"] == "no-referrer"
    assert page.headers["cache-control"] == "no-store"


async def test_an_incomplete_form_is_shown_again(door: Door) -> None:
    """Nothing may be taken for an answer that wasn't given."""
    _, path = await _ask(door)
    citizen = await door.client(None)
    for form in ({}, {"is_contacted": "yes"}, FORM | {"satisfaction": "very"}):
        page = await citizen.post(path, data=form)
        assert page.status_code == 422
        assert 'role="alert"' in page.text
    bad = await citizen.post(path, json={"is_contacted": True, "is_solved": True})
    assert bad.json()["errors"][0]["field"] == "satisfaction"
    assert await _answers(door) == []


async def test_a_forged_or_expired_link_shows_nothing(door: Door) -> None:
    """Not even whether there is such a complaint."""
    complaint_id, path = await _ask(door)
    citizen = await door.client(None)
    forged = sign_callback(b"x" * 32, complaint_id, CALLBACK, NOON + timedelta(days=3))
    for token in (forged, "abc", "ü", path.rpartition("/")[2][:-3]):
        page = await citizen.get(f"/v1/callbacks/{token}")
        assert page.status_code == 404
        assert "LZ-" not in page.text
        assert (await citizen.post(f"/v1/callbacks/{token}", json=JSON)).status_code == 404
        assert (await citizen.post(f"/v1/callbacks/{token}", data=FORM)).status_code == 404
    door.clock.advance(timedelta(days=3))
    late = await citizen.get(path)
    assert late.status_code == 410
    assert "LZ-" not in late.text
    assert (await citizen.post(path, data=FORM)).status_code == 410
    assert (await citizen.post(path, json=JSON)).json()["code"] == "over"
    assert await _answers(door) == []


async def test_a_link_faster_than_the_trackers_fact_still_works(door: Door) -> None:
    """Two topics, one citizen: the question is shown without the answer's words."""
    complaint_id, path = await _ask(door, is_known=False)
    citizen = await door.client(None)
    assert "LZ-261124-000001" in (await citizen.get(path)).text
    assert (await citizen.post(path, data=FORM)).status_code == 200
    await door.track(complaint_id, callback_due())
    assert "您已评价过" in (await citizen.get(path)).text


async def test_a_closed_case_asks_no_more(door: Door) -> None:
    """The verdict would come too late for the case."""
    complaint_id, path = await _ask(door)
    await door.track(complaint_id, closed())
    citizen = await door.client(None)
    assert (await citizen.get(path)).status_code == 410
    assert (await citizen.post(path, data=FORM)).status_code == 410


async def test_an_operator_sees_open_questions_and_records_an_answer(door: Door) -> None:
    """Most people answer on the telephone."""
    complaint_id, _ = await _ask(door)
    operator = await door.client(Role.OPERATOR)
    (item,) = (await operator.get("/v1/callbacks")).json()["items"]
    assert item["callback_id"] == str(CALLBACK)
    assert item["complaint_id"] == str(complaint_id)
    assert (item["number"], item["reporter"]) == ("LZ-1", "p-1")
    path = f"/v1/callbacks/{CALLBACK}/result"
    assert (await operator.post(path, json=JSON)).status_code == 202
    assert (await operator.post(path, json=JSON)).status_code == 409
    assert (await operator.get("/v1/callbacks")).json()["items"] == []
    unknown = await operator.post(f"/v1/callbacks/{UUID(int=1)}/result", json=JSON)
    assert unknown.json()["code"] == "no-such-callback"
    (answer,) = await _answers(door)
    assert answer.answered_by == "operator"


async def test_an_agency_never_records_the_verdict_on_itself(door: Door) -> None:
    """Who handled it must not be the one who asks."""
    await _ask(door)
    agency = await door.client(Role.AGENCY, "street-990101001")
    answer = await agency.post(f"/v1/callbacks/{CALLBACK}/result", json=JSON)
    assert answer.status_code == 403
    assert (await agency.get("/v1/callbacks")).status_code == 403
