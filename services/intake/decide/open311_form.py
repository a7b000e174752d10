"""A report that an app sends (GeoReport v2, POST Service Request), as the door takes it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from services.events import Channel
from services.intake.decide.acceptance import Request
from services.intake.decide.open311 import DESCRIPTION_MAX
from services.intake.decide.open311_answers import read_attributes
from services.intake.decide.open311_faults import Wrong, single

if TYPE_CHECKING:
    from services.intake.decide.open311_faults import Fields
    from services.policy.open311 import Open311Rules
    from services.policy.open311_services import ServiceRule

#: Characters of each field that is kept; what we don't keep may be as long as it likes.
_LONGEST = {
    "description": DESCRIPTION_MAX,
    "address_string": 500,
    "first_name": 50,
    "last_name": 50,
    "phone": 40,
    "email": 254,
}
_URL_MAX = 2_000

_PLACE_FIELDS = ("lat", "long", "address_string")


#: Pictures of one report; a client may name several.
_PICTURES_MAX = 5


def read_report(fields: Fields, rules: Open311Rules) -> Request | tuple[Wrong, ...]:
    """Read a form.

    Args:
        fields: Decoded; an unknown field, or an attribute nobody asked for, means nothing.
        rules: The city's.

    Returns:
        The request, or everything that is wrong with it.
    """
    wrong: list[Wrong] = [
        Wrong(f"{name}: {most} characters at the most")
        for name, most in _LONGEST.items()
        if len(single(fields, name) or "") > most
    ]
    service = _service(fields, rules, wrong)
    point = _point(fields, wrong)
    if point is None and not any(single(fields, name) for name in _PLACE_FIELDS):
        wrong.append(Wrong(_no_place(fields)))
    attributes = read_attributes(fields, service.attributes if service else (), wrong)
    pictures = _pictures(fields, wrong)
    if wrong or service is None:
        return tuple(wrong)
    address = single(fields, "address_string")
    return Request(
        channel=Channel.OPEN311,
        text=single(fields, "description") or _words(service, rules.language, point, address),
        category=service.code,
        address=address,
        latitude=point[0] if point else None,
        longitude=point[1] if point else None,
        name=_name(single(fields, "first_name"), single(fields, "last_name")),
        phone=single(fields, "phone"),
        email=single(fields, "email"),
        attributes=attributes,
        media_urls=pictures,
    )


def _pictures(fields: Fields, wrong: list[Wrong]) -> tuple[str, ...]:
    urls = tuple(dict.fromkeys(u.strip() for u in fields.get("media_url", ()) if u.strip()))
    if any(len(url) > _URL_MAX for url in urls):
        wrong.append(Wrong(f"media_url: {_URL_MAX} characters at the most"))
    if not all(url.lower().startswith(("http://", "https://")) for url in urls):
        wrong.append(Wrong("media_url: must begin with https:// or http://"))
    return urls[:_PICTURES_MAX]


def _service(fields: Fields, rules: Open311Rules, wrong: list[Wrong]) -> ServiceRule | None:
    code = single(fields, "service_code")
    if code is None:
        wrong.append(Wrong("service_code: is missing"))
        return None
    service = rules.services.get(code)
    if service is None:
        wrong.append(Wrong(f"service_code: {code[:100]!r} was not found", 404))
    return service


def _no_place(fields: Fields) -> str:
    if single(fields, "address_id"):
        return "address_id: no register of addresses is kept; send lat and long or address_string"
    return "lat: lat and long, or address_string, are needed"


def _point(fields: Fields, wrong: list[Wrong]) -> tuple[float, float] | None:
    latitude = _degrees(fields, "lat", 90, wrong)
    longitude = _degrees(fields, "long", 180, wrong)
    for name, other in (("lat", "long"), ("long", "lat")):
        if single(fields, name) is None and single(fields, other) is not None:
            wrong.append(Wrong(f"{name}: is needed with {other}"))
    return None if latitude is None or longitude is None else (latitude, longitude)


def _degrees(fields: Fields, name: str, most: int, wrong: list[Wrong]) -> float | None:
    written = single(fields, name)
    if written is None:
        return None
    try:
        degrees = float(written)
    except ValueError:
        degrees = math.nan
    if not -most <= degrees <= most:
        wrong.append(Wrong(f"{name}: must be a number from -{most} to {most}"))
        return None
    return degrees


def _words(
    service: ServiceRule, language: str, point: tuple[float, float] | None, address: str | None
) -> str:
    """Say what is reported where nothing was written: the kind, and where.

    Without the place, two reports of the same kind by one person would pass for a repeat.
    """
    where = f"{point[0]:.3f}, {point[1]:.3f}" if point else address
    return f"{service.name[language]}（{where}）"


def _name(first: str | None, last: str | None) -> str | None:
    """Put a name together: family name first where it is written in Chinese."""
    if first and last and not (first + last).isascii():
        return f"{last}{first}"
    return " ".join(filter(None, (first, last))) or None
