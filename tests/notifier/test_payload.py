"""The forms of an event: nothing that the full one doesn't say, nothing guessed."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import orjson
import pytest

from services.events import (
    CaseClosed,
    CaseOpened,
    CaseReopened,
    DeadlineRecomputed,
    OrderBreached,
    OrderDeferred,
    OrderReturned,
    SupervisionOpened,
)
from services.notifier.decide import About, Directory, for_outside, watch
from services.notifier.decide.payload import OPEN311_TYPES, Forms, render_test
from services.notifier.http.bodies import DEFAULT_TYPES, KNOWN_TYPES
from tests.builders import NOON
from tests.notifier.stories import (
    CALLBACK,
    COMPLAINT,
    ORDER,
    REPORTER,
    a_callback_due,
    a_dispatch,
    a_tracked_event,
    an_endpoint,
)
from tests.notifier.test_watch import Open
from tests.policies import a_policy

POLICY = a_policy()
STREET = "street-990101001"
ABOUT = About("LZ-261124-000001", "environment-waste", "990101", "990101001", REPORTER, "zh")


def a_form(payload, fact, about=ABOUT, policy=POLICY):
    """What a fact is told as."""
    event = for_outside(a_tracked_event(fact, 3))
    return orjson.loads(Forms(event, about, policy).of(payload))


def test_a_thin_event_says_that_it_happened_and_where_the_rest_is():
    """No word of the matter is in it."""
    event = a_tracked_event(a_dispatch(), 3)
    told = orjson.loads(Forms(event, ABOUT, POLICY).of("thin"))
    assert told == {
        "id": str(event.id),
        "type": "whistle.OrderDispatched",
        "time": event.model_dump(mode="json")["time"],
        "complaintid": str(COMPLAINT),
        "sequence": 3,
        "order_id": str(ORDER),
        "link": f"/v1/events/{COMPLAINT}/3",
    }


def test_a_thin_event_names_what_else_it_is_about():
    """A call-back's event names the call-back, a supervision's the supervision."""
    asked = a_form("thin", a_callback_due())
    assert (asked["callback_id"], asked["order_id"]) == (str(CALLBACK), str(ORDER))
    seen = SupervisionOpened(
        supervision_id=UUID(int=7), because="urged", level=1, raised_to="government-990101"
    )
    told = a_form("thin", seen)
    assert told["supervision_id"] == str(UUID(int=7))
    assert "order_id" not in told


def test_a_request_of_open311_has_what_the_event_says():
    """Names in the city's language, instants in its time, as GeoReport v2 writes them."""
    assert a_form("open311", a_dispatch()) == [
        {
            "service_request_id": str(COMPLAINT),
            "status": "open",
            "status_notes": "已派单",
            "service_name": "垃圾清运",
            "service_code": "environment-waste",
            "agency_responsible": POLICY.agencies[STREET].name,
            "updated_datetime": _local(NOON),
            "expected_datetime": _local(NOON + timedelta(days=7)),
        }
    ]


def _local(at):
    assert POLICY.city.time_zone == "Asia/Shanghai"
    local = at + timedelta(hours=8)
    return local.strftime("%Y-%m-%dT%H:%M:%S+08:00")


@pytest.mark.parametrize(
    ("fact", "expected"),
    [
        (CaseClosed(reason="confirmed"), ("closed", "已办结", None)),
        (
            CaseReopened(
                round=2, callback_id=CALLBACK, is_solved=False, satisfaction="dissatisfied"
            ),
            ("open", "重新办理", None),
        ),
        (CaseOpened(number="LZ-1", outcome="held"), ("open", "已受理", None)),
        (
            OrderReturned(order_id=ORDER, agency=STREET, attempt=1, reason="不是我们的"),
            ("open", "已退回，将另行派单", None),
        ),
    ],
)
def test_a_status_of_open311_follows_from_the_fact(fact, expected):
    """Who has returned it isn't responsible any more; no due instant is made up."""
    (told,) = a_form("open311", fact)
    assert (told["status"], told["status_notes"], told["agency_responsible"]) == expected
    assert told["expected_datetime"] is None


def test_the_expected_instant_is_the_matters_not_the_signatures():
    """A missed signature says nothing about when the matter is done."""
    missed = {"order_id": ORDER, "agency": STREET, "due_at": NOON}
    (sign,) = a_form("open311", OrderBreached(clock="sign", **missed))
    (handle,) = a_form("open311", OrderBreached(clock="handle", **missed))
    assert (sign["expected_datetime"], handle["expected_datetime"]) == (None, _local(NOON))
    moved = {
        "order_id": ORDER,
        "agency": STREET,
        "role": "lead",
        "approved_by": "duty",
    }
    plan = OrderDeferred(
        request_id=UUID(int=5), plan="明年换管", planned_at=NOON + timedelta(days=90), **moved
    )
    assert a_form("open311", plan)[0]["expected_datetime"] == _local(NOON + timedelta(days=90))
    again = DeadlineRecomputed(
        was_due_at=NOON, due_at=NOON, at_risk_at=NOON, is_still=True, timeline=(), **moved
    )
    assert a_form("open311", again)[0]["expected_datetime"] is None


def test_what_is_unknown_is_null_and_codes_stand_for_unknown_names():
    """An event of another policy, or of a complaint of before anything was kept of it."""
    (told,) = a_form("open311", a_dispatch(), About())
    assert (told["service_code"], told["service_name"]) == (None, None)
    (told,) = a_form("open311", a_dispatch(), About(category="old-kind"), None)
    assert (told["service_name"], told["agency_responsible"]) == ("old-kind", STREET)
    assert told["updated_datetime"] == NOON.isoformat(timespec="seconds")


@pytest.mark.parametrize("payload", ["full", "thin", "open311"])
def test_no_form_says_who_complained_or_in_whose_words(payload):
    """Not by token; and words only in full."""
    fact = a_dispatch(reporter=REPORTER, title="暖气不热", repeat_of=UUID(int=9))
    text = orjson.dumps(a_form(payload, fact)).decode()
    assert REPORTER not in text
    assert str(UUID(int=9)) not in text
    assert ("暖气" in text) is (payload == "full")


def test_a_form_is_written_once_however_many_get_it():
    """Five hundred endpoints cost one body of each form, not five hundred."""
    payloads = ("full", "thin", "open311")
    endpoints = [an_endpoint(n, None, payload=payloads[n % 3]) for n in range(1, 500)]
    event = a_tracked_event(a_dispatch(), 2)
    step = watch(event, None, Directory(endpoints, POLICY), Open(), NOON)
    planned = step.state.planned
    assert len(planned) == 499
    assert {(one.payload, id(one.body)) for one in planned} == {
        (payload, id(next(one.body for one in planned if one.payload == payload)))
        for payload in payloads
    }
    assert len({id(one.full) for one in planned}) == 1


def test_a_fact_that_open311_has_no_word_for_is_told_all_the_same():
    """An endpoint of before must not stop the events of everybody."""
    seen = SupervisionOpened(
        supervision_id=UUID(int=7), because="urged", level=1, raised_to="government-990101"
    )
    assert a_form("open311", seen)[0]["status_notes"] == "有新进展"


def test_open311_tells_only_facts_that_there_are():
    """A renamed fact would silently be told to nobody."""
    assert set(OPEN311_TYPES) <= set(KNOWN_TYPES)
    assert {"OrderDispatched", "CaseClosed"} <= set(OPEN311_TYPES) & set(DEFAULT_TYPES)


@pytest.mark.parametrize("payload", ["full", "thin", "open311"])
def test_a_test_has_the_form_of_what_will_come(payload):
    """Whoever sets a receiver up sees whether it can read it."""
    told = orjson.loads(render_test(payload, UUID(int=1), UUID(int=2), NOON, POLICY))
    real = a_form(payload, a_dispatch())
    if payload == "open311":
        assert [set(one) for one in told] == [set(one) for one in real]
    else:
        assert told["type"] == "whistle.EndpointTested"
        assert {"id", "type", "time"} <= set(told) & set(real)
