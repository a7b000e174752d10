"""Who is told by place, kind and filter, and that an endpoint never widens what is its own."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import orjson
import pytest

from services.events import CaseClosed, CaseOpened, OrderAtRisk, WhistleBlown, WhistleClosed
from services.events.whistles import Whistle
from services.notifier.decide import About, Directory, watch
from services.notifier.decide.filtering import Filter
from services.notifier.decide.payload import Forms
from services.notifier.decide.responses import without_contacts
from services.notifier.http.bodies import KNOWN_TYPES, NewEndpoint, ReplayMany
from services.policy import load
from services.policy.folder import read
from services.runtime import telemetry
from services.runtime.ids import new_id
from services.runtime.keys import Role
from tests.builders import NOON, a_matter
from tests.notifier.receivers import a_receiver, answer
from tests.notifier.stories import COMPLAINT, ORDER, a_dispatch, a_tracked_event, an_endpoint
from tests.notifier.test_watch import Open
from tests.policies import CATEGORIES, a_policy

STREET, OTHER = "street-990101001", "street-990102001"
POLICY = a_policy()
ROOT = Path(__file__).parents[2]
DOC = (ROOT / "docs" / "subscriptions.md").read_text(encoding="utf-8")
EXAMPLES = [orjson.loads(found) for found in re.findall(r"```json\n(.*?)```", DOC, re.DOTALL)]


def is_told(fact, about=None, policy=POLICY, **wish):
    """Whether an endpoint with these wishes is told a fact."""
    endpoint = an_endpoint(1, None, event_types=frozenset(KNOWN_TYPES), **wish)
    state = None
    if about is not None:
        state = watch(a_tracked_event(a_opening(about), 1), None, Directory(), Open(), NOON).state
    event = a_tracked_event(fact, 2)
    step = watch(event, state, Directory([endpoint], policy), Open(), NOON)
    return bool(step.state.planned)


def a_opening(about):
    """A case about this."""
    return CaseOpened(
        number=about.number or "LZ-1",
        outcome="routed",
        category=about.category,
        district=about.district,
        street=about.street,
    )


@pytest.mark.parametrize(
    ("codes", "expected"),
    [
        ({"990101"}, True),
        ({"990101001"}, True),
        ({"990102", "990101001"}, True),
        ({"990102"}, False),
        ({"990101002"}, False),
        ({"9901"}, True),
    ],
)
def test_an_endpoint_limited_to_places_is_told_of_complaints_there(codes, expected):
    """A district stands for its streets, a street not for its neighbours."""
    assert is_told(a_dispatch(), divisions=frozenset(codes)) is expected


def test_a_district_is_told_where_only_the_street_is_known():
    """The gazetteer knows in which district a street lies."""
    fact = CaseOpened(number="LZ-1", outcome="held", street="990101002")
    assert is_told(fact, divisions=frozenset({"990101"}))
    assert not is_told(fact, policy=None, divisions=frozenset({"990101"}))


@pytest.mark.parametrize(
    ("codes", "expected"),
    [
        ({"environment"}, True),
        ({"environment-waste"}, True),
        ({"environment-stall"}, False),
        ({"utilities", "environment"}, True),
        ({"utilities"}, False),
    ],
)
def test_a_category_stands_for_those_below_it(codes, expected):
    """Not for those beside it."""
    fact = a_dispatch(category="environment-waste")
    assert is_told(fact, categories=frozenset(codes)) is expected


def test_a_renamed_category_and_its_newer_code_stand_for_each_other():
    """Whoever subscribed before the renaming goes on being told, and the other way round."""
    head, *kinds = CATEGORIES.splitlines()
    kinds = [f"{row}," for row in kinds] + ["old-waste,垃圾,,,,environment-waste", ""]
    rows = "\n".join([f"{head},same_as", *kinds])
    policy = a_policy(categories=rows)
    new, old = a_dispatch(category="environment-waste"), a_dispatch(category="old-waste")
    assert is_told(new, policy=policy, categories=frozenset({"old-waste"}))
    assert is_told(old, policy=policy, categories=frozenset({"environment"}))
    assert is_told(old, policy=policy, categories=frozenset({"old-waste"}))


def test_later_events_are_told_by_what_the_earlier_said():
    """An order at risk says neither place nor kind; its complaint has said it."""
    fact = OrderAtRisk(order_id=ORDER, agency=STREET, due_at=NOON)
    about = About(category="utilities-water", district="990101", street="990101001")
    wish = {"divisions": frozenset({"990101"}), "categories": frozenset({"utilities"})}
    assert is_told(fact, about, **wish)
    assert not is_told(fact, replace(about, district="990102", street="990102001"), **wish)
    assert not is_told(fact, replace(about, category="traffic"), **wish)
    assert not is_told(fact, **wish)


def test_a_whistle_about_no_complaint_is_told_by_its_own_place():
    """Also when it ends, which says neither."""
    whistle = Whistle(
        whistle_id=COMPLAINT,
        kind="daily",
        raised_by=STREET,
        raised_at=NOON,
        text="河道边有人倾倒渣土",
        category="environment-waste",
        place=a_matter().place,
    )
    blown = WhistleBlown(
        whistle_id=COMPLAINT, kind="daily", raised_by=STREET, summons=(), whistle=whistle
    )
    closed = WhistleClosed(
        whistle_id=COMPLAINT, raised_by=STREET, targets=(OTHER,), because="street"
    )
    endpoint = an_endpoint(1, STREET, divisions=frozenset({"990101"}))
    directory, state = Directory([endpoint], POLICY), None
    for sequence, fact in enumerate((blown, closed), 1):
        event = a_tracked_event(fact, sequence)
        state = watch(event, state, directory, Open(), NOON).state
    assert [one.event_type for one in state.planned] == ["WhistleBlown", "WhistleClosed"]


def test_places_and_kinds_only_narrow_what_is_an_agencys_own():
    """A division doesn't open the events of everybody in it."""
    mine = an_endpoint(1, OTHER, divisions=frozenset({"990101"}))
    step = watch(a_tracked_event(a_dispatch(), 2), None, Directory([mine], POLICY), Open(), NOON)
    assert step.state.planned == ()


def test_five_hundred_endpoints_are_looked_up_by_type_and_agency_first():
    """Only those are asked by place and filter whose agency and type it is."""
    asked = []

    class Watched(frozenset):
        def __bool__(self):
            asked.append(1)
            return len(self) > 0

    others = [an_endpoint(n, f"street-{n}", divisions=Watched({"990101"})) for n in range(2, 502)]
    mine = an_endpoint(1, STREET, divisions=frozenset({"990101"}))
    directory = Directory([mine, *others], POLICY)
    step = watch(a_tracked_event(a_dispatch(), 2), None, directory, Open(), NOON)
    assert [one.endpoint_id for one in step.state.planned] == [mine.endpoint_id]
    assert asked == []


@pytest.mark.postgres
async def test_a_filter_chooses_among_the_events_of_an_agency(door):
    """One that raises is counted and tells nobody; the others are told as ever."""
    errors = telemetry.HOOK_FILTER_ERRORS._value
    before = errors.get()
    async with a_receiver() as told, a_receiver() as untold, a_receiver() as wrong:
        await door.add_endpoint(told.url, filter="contains(data.matter.text, '暖气')")
        await door.add_endpoint(untold.url, filter="data.role == 'assist'")
        await door.add_endpoint(wrong.url, filter="contains(data.no_such_field, 'x')")
        await door.track(a_dispatch())
        counts = [len(one.requests) for one in (told, untold, wrong)]
    assert counts == [1, 0, 0]
    assert errors.get() - before == 1


@pytest.mark.postgres
async def test_a_policys_categories_hold_from_the_moment_it_is_in_force(door):
    """The copy in memory is made anew when the policy changes, not only when an endpoint does."""
    async with a_receiver() as receiver:
        await door.add_endpoint(receiver.url, categories=["utilities"])
        await door.track(a_dispatch(category="environment-waste"))
        assert receiver.requests == []
        rows = CATEGORIES.replace("垃圾清运,environment,", "垃圾清运,utilities,")
        moved = a_policy(categories=rows)
        door.path.running["notifier"].policies._take(moved)
        await door.parts.book.refresh()
        await door.track(a_dispatch(category="environment-waste"), complaint_id=new_id())
        assert len(receiver.requests) == 1


@pytest.mark.postgres
async def test_a_thin_event_leads_to_the_full_one_and_only_for_who_was_told(door):
    """The link is no way around who gets what."""
    async with a_receiver() as thin, a_receiver() as open311:
        await door.add_endpoint(thin.url, agency=STREET, payload="thin")
        await door.add_endpoint(open311.url, payload="open311")
        (event,) = await door.track(a_dispatch())
        link = thin.requests[0].event["link"]
        (request,) = open311.requests[0].event
    assert "暖气" not in thin.requests[0].body.decode()
    assert (request["service_request_id"], request["status"]) == (str(COMPLAINT), "open")
    assert thin.ids == open311.ids == [str(event.id)]
    found = await (await door.client(Role.AGENCY, STREET)).get(link)
    assert found.headers["content-type"] == "application/json"
    assert found.json()["data"]["matter"]["text"] == event.data.matter.text
    for caller in (Role.AGENCY, OTHER), (Role.AGENCY, "street-990101002"):
        refused = await (await door.client(*caller)).get(link)
        assert (refused.status_code, refused.json()["code"]) == (404, "no-such-event")
    assert (await (await door.client(Role.REPORTER)).get(link)).status_code == 403
    assert (await (await door.client()).get(link)).status_code == 200
    assert sorted({row["payload"] for row in await door.rows()}) == ["open311", "thin"]
    db = door.path.running["notifier"].db
    assert await db.fetchval("SELECT count(*) FROM event") == 3


@pytest.mark.postgres
async def test_a_retried_delivery_has_the_form_it_was_planned_in(door):
    """Also from the database, and though the endpoint wants another form by now."""
    async with a_receiver() as receiver:
        receiver.scripts = [answer(500)]
        endpoint = await door.add_endpoint(receiver.url, payload="thin")
        await door.track(a_dispatch())
        path = f"/v1/endpoints/{endpoint['endpoint_id']}"
        changed = await (await door.client()).patch(path, json={"payload": "full"})
        assert changed.json()["payload"] == "full"
        door.clock.advance(timedelta(minutes=1))
        await door.settle()
        await door.track(CaseClosed(reason="confirmed"))
    first, again, last = receiver.requests
    assert first.body == again.body
    assert "link" in again.event
    assert "data" in last.event


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("call 13812345678 please", "call *** please"),
        ("电话：010-6512 3456。", "电话：***。"),
        ("身份证11010519491231002X", "身份证***"),
        ('{"phone": "+86 138 1234 5678"}', '{"phone": "***"}'),
        ("tel-13812345678,010-65123456", "tel-***,***"),
        ("mail wang.li@mail.example now", "mail *** now"),
        ("order 4711 refused, code 500", "order 4711 refused, code 500"),
        ("019ab3c4-5d6e-7f80-9123-456789abcdef", "019ab3c4-5d6e-7f80-9123-456789abcdef"),
        ("2026-11-24T04:00:00Z", "2026-11-24T04:00:00Z"),
    ],
)
def test_what_could_be_a_persons_number_isnt_kept_of_an_answer(said, kept):
    """A receiver may say what it has from elsewhere."""
    assert without_contacts(said) == kept


@pytest.mark.postgres
async def test_an_answers_number_is_neither_stored_nor_shown(door):
    """Of every attempt there is what helps to find the fault."""
    async with a_receiver() as receiver:
        receiver.scripts = [answer(422, "王先生 13812345678 不存在".encode())]
        await door.add_endpoint(receiver.url)
        await door.track(a_dispatch())
    (item,) = (await (await door.client()).get("/v1/deliveries")).json()["items"]
    (attempt,) = item["history"]
    assert set(attempt) == {"attempt", "at", "ms", "status", "response"}
    assert (attempt["status"], attempt["response"]) == (422, "王先生 *** 不存在")


def test_the_examples_of_the_documentation_are_accepted():
    """Whoever copies them gets what they promise: real codes, filters that pass the check."""
    city = load(read(ROOT / "policy" / "beijing"))
    bodies = [NewEndpoint.model_validate(one) for one in EXAMPLES if "url" in one]
    assert len(bodies) == 2
    assert set(bodies[0].divisions) <= set(city.divisions)
    assert set(bodies[0].categories) <= set(city.categories)
    replays = [one for one in EXAMPLES if "is_dry_run" in one]
    assert ReplayMany.model_validate(replays[0]).is_dry_run


def test_the_forms_of_the_documentation_are_what_is_sent():
    """Field by field, in the same order."""
    city = load(read(ROOT / "policy" / "beijing"))
    (thin,) = [one for one in EXAMPLES if "link" in one]
    ((item,),) = [one for one in EXAMPLES if isinstance(one, list)]
    about = About(category="heating-cold", district="110105", street="110105001")
    fact = a_dispatch().model_copy(update={"agency": "street-110105001"})
    event = a_tracked_event(fact, 2).model_copy(update={"id": thin["id"]})
    forms = Forms(event, about, city)
    written = orjson.loads(forms.of("thin"))
    assert list(written.items()) == list((thin | {"time": written["time"]}).items())
    (sent,) = orjson.loads(forms.of("open311"))
    assert list(sent) == list(item)
    for field in ("service_request_id", "status_notes", "service_code", "service_name"):
        assert sent[field] == item[field]
    assert sent["agency_responsible"] == item["agency_responsible"]


def test_the_filters_of_the_documentation_tell_what_it_says():
    """The last row of the table is a mistake on purpose, and is refused."""
    rows = re.findall(r"^\| `(.*?)` \| (.*?) \|$", DOC.partition("## Filters")[2], re.MULTILINE)
    *right, wrong = [row[0] for row in rows]
    event = orjson.loads(Forms(a_tracked_event(a_dispatch(), 2), About(), None).of("full"))
    assert [Filter(text).matches(event) for text in right] == [True, False, True]
    with pytest.raises(ValueError, match="builds a list"):
        Filter(wrong)
