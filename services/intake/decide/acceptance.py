"""From a request to what is told about it: normalised, masked, placed, rated."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from services.events import Channel, ComplaintReceived, Matter, Nature, Place, Point, Urgency
from services.intake.decide.language import language_of
from services.intake.decide.masking import mask
from services.intake.decide.nature import nature_of
from services.intake.decide.person import calling_code, normal_phone, person_token
from services.intake.decide.place import Gazetteer, UnknownCode, settle_fields, settle_text
from services.intake.decide.repeats import Trace, fingerprint
from services.intake.decide.urgency import UrgencyScale

if TYPE_CHECKING:
    from datetime import date, datetime
    from uuid import UUID

    from services.policy import Policy

#: A caller's clock may be this much ahead of ours.
CLOCK_SKEW_MAX = timedelta(minutes=5)

#: Decimals of a degree that a position keeps: about 100 m, a block and not a door.
_POINT_DECIMALS = 3

_NUMBER_DIGITS = 6


@dataclass(frozen=True, slots=True)
class Request:
    """What somebody asks to be taken in; every length has been checked at the edge."""

    channel: Channel
    text: str
    title: str | None = None
    nature: Nature | None = None
    category: str | None = None
    urgency: Urgency = Urgency.NORMAL
    language: str | None = None
    received_at: datetime | None = None
    district: str | None = None
    street: str | None = None
    community: str | None = None
    address: str | None = None
    longitude: float | None = None
    latitude: float | None = None
    name: str | None = None
    phone: str | None = None
    is_secret: bool = False
    origin: str | None = None
    external_id: str | None = None


@dataclass(frozen=True, slots=True)
class Refused:
    """A field that can't be right; the caller is told which and why."""

    field: str
    message: str


@dataclass(frozen=True, slots=True, repr=False)
class Identity:
    """What goes into the vault and nowhere else; without a `repr`, so that no log shows it."""

    name: str | None
    phone: str | None
    address: str | None


@dataclass(frozen=True, slots=True)
class Prepared:
    """All that can be decided before the database is asked."""

    matter: Matter  #: Without its number yet.
    identity: Identity | None
    fingerprint: bytes
    origin: str | None
    external_id: str | None
    local_date: date  #: Day of acceptance in the city, for the number.
    number_prefix: str
    policy: str

    def trace(self, complaint_id: UUID) -> Trace:
        """Give what repeats are told by."""
        return Trace(
            complaint_id,
            self.matter.reporter,
            self.fingerprint,
            self.matter.category,
            self.matter.place.street,
            self.matter.received_at,
            urgency=self.matter.urgency,
        )


class Lexicon:
    """A policy as the door needs it: automata built once, then shared by all requests."""

    def __init__(self, policy: Policy) -> None:
        """Build from a policy; about 0.2 s for a city of 8,000 divisions."""
        self.policy = policy
        self.gazetteer = Gazetteer(policy.divisions)
        self.urgency = UrgencyScale(policy.urgency)
        self.zone = ZoneInfo(policy.city.time_zone)
        self.country = calling_code(policy.city.time_zone)


def prepare(
    request: Request, lexicon: Lexicon, token_key: bytes, now: datetime
) -> Prepared | Refused:
    """Decide everything about a request that needs no database.

    Args:
        request: As received.
        lexicon: Of the policy in force.
        token_key: For the reporter's token.
        now: The instant of acceptance.

    Returns:
        What to store and tell, or the field that is wrong.
    """
    place = _place(request, lexicon)
    if isinstance(place, Refused):
        return place
    refused = _refusal(request, lexicon, now)
    if refused:
        return refused
    phone = normal_phone(request.phone, lexicon.country)
    words = f"{request.title or ''}\n{request.text}"
    matter = Matter(
        number="",
        channel=request.channel,
        received_at=request.received_at or now,
        nature=request.nature or nature_of(request.title, request.text),
        urgency=lexicon.urgency.rate(words, request.urgency),
        language=request.language or language_of(request.text, lexicon.policy.city.language),
        title=mask(request.title, request.name) if request.title else None,
        text=mask(request.text, request.name),
        category=request.category,
        place=place,
        reporter=person_token(token_key, phone),
        is_secret=request.is_secret,
    )
    return Prepared(
        matter=matter,
        identity=_identity(request, phone),
        fingerprint=fingerprint(request.text),
        origin=request.origin,
        external_id=request.external_id,
        local_date=now.astimezone(lexicon.zone).date(),
        number_prefix=lexicon.policy.city.number_prefix,
        policy=lexicon.policy.hash,
    )


def _refusal(request: Request, lexicon: Lexicon, now: datetime) -> Refused | None:
    if request.category is not None and request.category not in lexicon.policy.categories:
        return Refused("category", f"no category has the code {request.category!r}")
    if request.received_at is not None and request.received_at > now + CLOCK_SKEW_MAX:
        return Refused("received_at", "lies in the future")
    if request.external_id is not None and request.origin is None:
        return Refused("origin", "is needed with external_id: ids of two systems may be equal")
    return None


def _place(request: Request, lexicon: Lexicon) -> Place | Refused:
    if (request.longitude is None) != (request.latitude is None):
        missing = "longitude" if request.longitude is None else "latitude"
        return Refused(f"place.{missing}", "is needed with the other coordinate")
    where = settle_fields(
        lexicon.gazetteer,
        {
            "district": request.district,
            "street": request.street,
            "community": request.community,
        },
    )
    if isinstance(where, UnknownCode):
        if where.reason == "elsewhere":
            return Refused(f"place.{where.field}", f"{where.value!r} lies in another division")
        return Refused(f"place.{where.field}", f"no {where.field} has the code {where.value!r}")
    # Names that no field may hold for sure still say something as words.
    said = " ".join(filter(None, (request.district, request.street, request.community)))
    for words in (said, request.address, f"{request.title or ''} {request.text}"):
        where = settle_text(lexicon.gazetteer, where, words)
    return Place(
        district=where.district,
        street=where.street,
        community=where.community,
        point=_point(request),
    )


def _point(request: Request) -> Point | None:
    if request.longitude is None or request.latitude is None:
        return None
    return Point(
        longitude=round(request.longitude, _POINT_DECIMALS),
        latitude=round(request.latitude, _POINT_DECIMALS),
    )


def _identity(request: Request, phone: str | None) -> Identity | None:
    if not (request.name or request.phone or request.address):
        return None
    # What isn't a number is kept as typed: it may still help a person to call back.
    return Identity(request.name, phone or request.phone, request.address)


def complaint_number(prefix: str, day: date, drawn: int, digits: int = _NUMBER_DIGITS) -> str:
    """Write the number that people quote: `BJ-261124-000042`.

    Args:
        prefix: The city's.
        day: Of acceptance, in the city.
        drawn: From the sequence; only its last digits are shown.
        digits: More than six only on a day with more than a million complaints.
    """
    return f"{prefix}-{day:%y%m%d}-{drawn % 10**digits:0{digits}d}"


def received(prepared: Prepared, number: str, repeat_of: UUID | None) -> ComplaintReceived:
    """Make the fact that is told."""
    matter = prepared.matter.model_copy(update={"number": number, "repeat_of": repeat_of})
    return ComplaintReceived(
        matter=matter, origin=prepared.origin, external_id=prepared.external_id
    )
