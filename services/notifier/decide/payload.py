"""In which form an endpoint is told of an event.

Rules of this file:
Rule 1. `full` is the CloudEvents envelope; the other forms say no more than it does.
Rule 2. `thin` says that something happened and where to get the rest, which is given only to
whoever was told. For receivers that keep bodies where others can read them.
Rule 3. `open311` is for older systems: a list with one request as GeoReport v2 writes it, JSON by
its Spark convention. It is made of what the event and those before it said, so what this one
doesn't say is null rather than guessed. Its id is the complaint's: the enciphered ids of
the public's list belong to intake, and whoever is told may act on the complaint anyway.
"""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import orjson

from services.events import (
    CallbackDue,
    CaseClosed,
    CaseEscalated,
    CaseFollowed,
    CaseMerged,
    CaseOpened,
    CaseReopened,
    CaseResumed,
    ClockPaused,
    ClockResumed,
    DeadlineExtended,
    DeadlineRecomputed,
    Fact,
    OrderAtRisk,
    OrderBreached,
    OrderDeferred,
    OrderDispatched,
    OrderRecalled,
    OrderResolved,
    OrderReturned,
    OrderSigned,
    encode,
)

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from services.events import Event
    from services.notifier.decide.about import About
    from services.notifier.decide.directory import Payload
    from services.policy import Policy

#: Ids that a thin event names, where its fact has them.
_IDS = (
    "order_id",
    "callback_id",
    "whistle_id",
    "proactive_id",
    "supervision_id",
    "request_id",
)

#: `status_notes` by what happened, Chinese and English; what isn't here isn't told as Open311.
_NOTES: dict[type[Fact], tuple[str, str]] = {
    CaseOpened: ("已受理", "Received"),
    OrderDispatched: ("已派单", "Passed on to the office in charge"),
    OrderSigned: ("办理中", "Being handled"),
    OrderReturned: ("已退回，将另行派单", "Returned; another office will be chosen"),
    OrderRecalled: ("已改派", "Passed on to another office"),
    OrderAtRisk: ("即将到期", "Due soon"),
    OrderBreached: ("已超时", "Late"),
    CaseEscalated: ("已提级督办", "Raised to the next level"),
    DeadlineExtended: ("办理时限已延长", "More time was given"),
    DeadlineRecomputed: ("办理时限已重新计算", "The time was counted anew"),
    ClockPaused: ("办理计时暂停", "The time stands still"),
    ClockResumed: ("办理计时恢复", "The time runs again"),
    OrderDeferred: ("暂时无法解决，已制定计划", "Put off to a date, by a plan"),
    OrderResolved: ("已答复，待回访", "Answered; the person will be asked whether it is solved"),
    CaseMerged: ("与同类诉求合并办理", "Handled together with a like matter"),
    CaseFollowed: ("已答复，待回访", "Answered; the person will be asked whether it is solved"),
    CaseReopened: ("重新办理", "Being handled again"),
    CaseResumed: ("重新办理", "Being handled again"),
    CaseClosed: ("已办结", "Closed"),
}

#: Facts that can be told as Open311: those a public status follows from.
OPEN311_TYPES = tuple(fact.__name__ for fact in _NOTES)

#: After these the agency that they name has nothing to do with it any more.
_LET_GO = OrderReturned | OrderRecalled

_TEST_NOTES = ("测试推送", "A test")

#: For a fact that an endpoint of before this list was written asked for.
_OTHER_NOTES = ("有新进展", "Something happened")


#: Fields of a matter that stay inside.
_LINKS = ("reporter", "repeat_of", "repeat_score", "cluster")


def for_outside(event: Event) -> Event:
    """Take out what links complaints to each other: token, repeat, cluster, merge.

    A secret reporter (保密) must not be recognisable to the agency at all, also not by a later
    complaint that names an earlier one. Nobody outside can do anything rightful with either.
    """
    fact = event.data
    update: dict[str, object]
    if isinstance(fact, OrderDispatched):
        update = {"matter": fact.matter.model_copy(update=dict.fromkeys(_LINKS))}
    elif isinstance(fact, CallbackDue | CaseOpened) and fact.reporter is not None:
        update = {"reporter": None}
    elif isinstance(fact, CaseMerged):
        update = {"into": None}
    else:
        return event
    return event.model_copy(update={"data": fact.model_copy(update=update)})


class Forms:
    """One event in every form, each written once however many get it."""

    def __init__(self, event: Event, about: About, policy: Policy | None) -> None:
        """Write nothing yet.

        Args:
            event: As those outside may see it.
            about: What is known of its complaint.
            policy: The one in force, for names and the city's time; None: codes, UTC.
        """
        self.event = event
        self._about = about
        self._policy = policy
        self._written: dict[Payload, bytes] = {}

    def of(self, payload: Payload) -> bytes:
        """Give one form."""
        if payload not in self._written:
            self._written[payload] = _render(payload, self.event, self._about, self._policy)
        return self._written[payload]


def _render(payload: Payload, event: Event, about: About, policy: Policy | None) -> bytes:
    if payload == "thin":
        return orjson.dumps(_thin(event), option=orjson.OPT_UTC_Z)
    if payload == "open311":
        return orjson.dumps([_request(event, about, policy)])
    return encode(event)


def render_test(
    payload: Payload, endpoint_id: UUID, event_id: UUID, now: datetime, policy: Policy | None
) -> bytes:
    """Write the event of a test, which is about no complaint."""
    if payload == "open311":
        note = _TEST_NOTES[_language_index(policy)]
        return orjson.dumps([_item(str(event_id), note, now, policy)])
    named = {"id": event_id, "type": "whistle.EndpointTested", "time": now}
    if payload == "thin":
        return orjson.dumps(named | {"endpoint_id": endpoint_id}, option=orjson.OPT_UTC_Z)
    return orjson.dumps(
        {
            "specversion": "1.0",
            "source": "notifier",
            "datacontenttype": "application/json",
            **named,
            "data": {"endpoint_id": endpoint_id},
        },
        option=orjson.OPT_UTC_Z,
    )


def link_of(complaint_id: UUID, sequence: int) -> str:
    """Name where the full event is had, below the notifier's address."""
    return f"/v1/events/{complaint_id}/{sequence}"


def _thin(event: Event) -> dict[str, Any]:
    ids = {name: getattr(event.data, name, None) for name in _IDS}
    return {
        "id": event.id,
        "type": event.type,
        "time": event.time,
        "complaintid": event.complaintid,
        "sequence": event.sequence,
        **{name: found for name, found in ids.items() if found is not None},
        "link": link_of(event.complaintid, event.sequence),
    }


def _request(event: Event, about: About, policy: Policy | None) -> dict[str, Any]:
    fact = event.data
    note = _NOTES.get(type(fact), _OTHER_NOTES)[_language_index(policy)]
    item = _item(str(event.complaintid), note, event.time, policy)
    return item | {
        "status": "closed" if isinstance(fact, CaseClosed) else "open",
        "service_name": _service_name(about.category, policy),
        "service_code": about.category,
        "agency_responsible": _agency_name(fact, policy),
        "expected_datetime": _instant(_expected_at(fact), policy),
    }


def _item(shown_id: str, note: str, at: datetime, policy: Policy | None) -> dict[str, Any]:
    """Write a request of which nothing but its id and an instant is known."""
    return {
        "service_request_id": shown_id,
        "status": "open",
        "status_notes": note,
        "service_name": None,
        "service_code": None,
        "agency_responsible": None,
        "updated_datetime": _instant(at, policy),
        "expected_datetime": None,
    }


def _expected_at(fact: Fact) -> datetime | None:
    """Say by when it is meant to be done, where this event does."""
    match fact:
        case OrderBreached(clock="handle") | OrderAtRisk() | OrderDispatched():
            return fact.due_at
        case DeadlineExtended() | ClockResumed():
            return fact.due_at
        case DeadlineRecomputed(is_still=False):
            return fact.due_at
        case OrderDeferred():
            return fact.planned_at
    return None


def _agency_name(fact: Fact, policy: Policy | None) -> str | None:
    code: str | None = None if isinstance(fact, _LET_GO) else getattr(fact, "agency", None)
    found = policy.agencies.get(code or "") if policy else None
    return found.name if found else code


def _service_name(code: str | None, policy: Policy | None) -> str | None:
    if policy is None or code is None:
        return code
    rule = policy.open311.services.get(code) if policy.open311 else None
    kind = policy.categories.get(code)
    name = rule.name.get(policy.city.language) if rule else None
    return name or (kind.name if kind else code)


def _instant(at: datetime | None, policy: Policy | None) -> str | None:
    zone = ZoneInfo(policy.city.time_zone) if policy else UTC
    return at.astimezone(zone).isoformat(timespec="seconds") if at else None


def _language_index(policy: Policy | None) -> int:
    return 1 if policy is not None and policy.city.language == "en" else 0
