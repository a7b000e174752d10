"""What apps are told over Open311 GeoReport v2: services, their questions, requests.

Plain values under the standard's own names, in its order; how they are written, as JSON or as
XML, is decided elsewhere.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from services.events import Channel
from services.policy.open311 import Lists
from services.policy.open311_services import LISTED

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime, tzinfo
    from uuid import UUID

    from services.events import Matter
    from services.policy import Policy
    from services.policy.open311 import Open311Rules
    from services.policy.open311_services import AttributeRule, ServiceRule, Texts

#: Characters of a description (GeoReport v2, POST Service Request).
DESCRIPTION_MAX = 4_000


class Publication(NamedTuple):
    """What of a complaint the public may see, from the moment it is accepted."""

    is_open311: bool
    service_code: str
    requested_at: datetime
    latitude: float | None
    longitude: float | None
    district: str | None
    street: str | None
    description: str | None


def publication(matter: Matter, rules: Open311Rules | None) -> Publication | None:
    """Say what is published of a complaint; None: nothing.

    A secret complaint never is, nor one whose kind the city doesn't offer over Open311.
    """
    category = matter.category
    if rules is None or matter.is_secret or category is None or category not in rules.services:
        return None
    is_open311 = matter.channel is Channel.OPEN311
    if not is_open311 and rules.lists is not Lists.ALL:
        return None
    point = matter.place.point
    return Publication(
        is_open311,
        category,
        matter.received_at,
        point.latitude if point else None,
        point.longitude if point else None,
        matter.place.district,
        matter.place.street,
        matter.text[:DESCRIPTION_MAX] if rules.shows_description else None,
    )


@dataclass(frozen=True, slots=True)
class Speech:
    """How to write to one caller."""

    policy: Policy
    rules: Open311Rules
    language: str
    zone: tzinfo

    def text(self, texts: Texts) -> str | None:
        """A text in the caller's language, else in the city's."""
        return texts.get(self.language) or texts.get(self.rules.language)

    def instant(self, at: datetime | None) -> str | None:
        """An instant as W3C writes it, in the city's time."""
        return at.astimezone(self.zone).isoformat(timespec="seconds") if at else None


def services(speech: Speech) -> list[dict[str, Any]]:
    """List what can be reported."""
    return [_service(rule, speech) for rule in speech.rules.services.values()]


def _service(rule: ServiceRule, speech: Speech) -> dict[str, Any]:
    return {
        "service_code": rule.code,
        "service_name": speech.text(rule.name),
        "description": speech.text(rule.description),
        "metadata": bool(rule.attributes),
        "type": "batch" if speech.rules.returns_token else "realtime",
        "keywords": ", ".join(rule.keywords),
        "group": speech.text(rule.group),
    }


def definition(rule: ServiceRule, speech: Speech) -> dict[str, Any]:
    """List what a service asks."""
    asked = [_attribute(one, order, speech) for order, one in enumerate(rule.attributes, 1)]
    return {"service_code": rule.code, "attributes": asked}


def _attribute(rule: AttributeRule, order: int, speech: Speech) -> dict[str, Any]:
    told: dict[str, Any] = {
        "variable": rule.is_question,
        "code": rule.code,
        "datatype": rule.datatype.value,
        "required": rule.is_required,
        "datatype_description": speech.text(rule.hint),
        "order": order,
        "description": speech.text(rule.description),
    }
    if rule.datatype in LISTED:
        told["values"] = [
            {"key": choice.key, "name": speech.text(choice.name)} for choice in rule.choices
        ]
    return told


def discovery(rules: Open311Rules, url: str) -> dict[str, Any]:
    """Say where the interface is and who answers for it.

    Args:
        rules: The city's.
        url: Of the interface, without a slash at the end.
    """
    endpoint = {
        "specification": "http://wiki.open311.org/GeoReport_v2",
        "url": url,
        "changeset": rules.changeset,
        "type": rules.endpoint,
        "formats": ["text/xml", "application/json"],
    }
    return {
        "changeset": rules.changeset,
        "contact": rules.contact,
        "key_service": rules.key_service,
        "endpoints": [endpoint],
    }


@dataclass(frozen=True, slots=True)
class Published:
    """A published complaint as it stands now."""

    complaint_id: UUID
    service_code: str
    requested_at: datetime
    changed_at: datetime
    is_closed: bool
    latitude: float | None
    longitude: float | None
    district: str | None
    street: str | None
    description: str | None
    status: str | None  #: Of the public view; None: nothing has happened yet.
    expected_at: datetime | None
    timeline: Sequence[Mapping[str, str]]


def request(found: Published, shown_id: str, note: str, speech: Speech) -> dict[str, Any]:
    """Tell how a published complaint stands.

    Args:
        found: As stored.
        shown_id: What the public calls it.
        note: The status in words.
        speech: How to write to the caller.
    """
    name = _service_name(found.service_code, speech)
    words = found.description if speech.rules.shows_description else None
    return {
        "service_request_id": shown_id,
        "status": "closed" if found.is_closed else "open",
        "status_notes": note,
        "service_name": name,
        "service_code": found.service_code,
        "description": words or name,
        "agency_responsible": _agency(_lead(found.timeline), speech.policy),
        "service_notice": None,
        "requested_datetime": speech.instant(found.requested_at),
        "updated_datetime": speech.instant(found.changed_at),
        "expected_datetime": speech.instant(found.expected_at),
        "address": _address((found.street, found.district), speech.policy),
        "address_id": None,
        "zipcode": None,
        "lat": found.latitude,
        "long": found.longitude,
        "media_url": None,
    }


def _service_name(code: str, speech: Speech) -> str:
    """Name a service, also one that is offered no more."""
    rule = speech.rules.services.get(code)
    if rule:
        return speech.text(rule.name) or code
    kind = speech.policy.categories.get(code)
    return kind.name if kind else code


def _lead(timeline: Iterable[Mapping[str, str]]) -> str | None:
    """Find who leads now: the last one it was passed on to and hasn't returned it."""
    lead = None
    for moment in timeline:
        if moment["what"] == "dispatched":
            lead = moment.get("agency")
        elif moment["what"] == "returned" and moment.get("agency") == lead:
            lead = None
    return lead


def _agency(code: str | None, policy: Policy) -> str | None:
    found = policy.agencies.get(code or "")
    return found.name if found else code


def _address(codes: tuple[str | None, ...], policy: Policy) -> str | None:
    """Name the place no closer than its street, narrow before wide as the standard asks."""
    names = [policy.divisions[code].name for code in codes if code and code in policy.divisions]
    return ", ".join([*names, policy.city.name]) if names else None
