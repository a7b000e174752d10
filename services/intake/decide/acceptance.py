"""From a request to what is told about it: normalised, masked, placed, rated."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from services.events import (
    Attribute,
    Channel,
    ComplaintReceived,
    Matter,
    Nature,
    Place,
    Point,
    Urgency,
)
from services.intake.decide import findings
from services.intake.decide.commands import Veil
from services.intake.decide.language import language_of
from services.intake.decide.likeness import Sketch, sketch
from services.intake.decide.location import Atlas, Located, locate
from services.intake.decide.nature import NatureScale
from services.intake.decide.objections import Refused, objection
from services.intake.decide.open311 import Publication, publication
from services.intake.decide.person import calling_code, normal_phone, person_token
from services.intake.decide.place import LEVELS
from services.intake.decide.repeats import Trace, cited_in, fingerprint
from services.intake.decide.urgency import UrgencyScale, highest
from services.intake.decide.wording import normal_form

if TYPE_CHECKING:
    from datetime import date, datetime
    from uuid import UUID

    from services.events import Cluster
    from services.intake.decide.repeats import Repeat
    from services.policy import Policy

#: Decimals of a degree that a position keeps: about 100 m, a block and not a door.
_POINT_DECIMALS = 3

#: Digits of a complaint's number, and those on a day that has used them up.
NUMBER_DIGITS, LONG_NUMBER_DIGITS = 6, 9


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
    email: str | None = None
    push: str | None = None
    is_secret: bool = False
    origin: str | None = None
    external_id: str | None = None
    media_urls: tuple[str, ...] = ()  #: Pictures to fetch, unchecked.
    attributes: tuple[Attribute, ...] = ()  #: Checked against the category's questions.


@dataclass(frozen=True, slots=True, repr=False)
class Identity:
    """What goes into the vault and nowhere else; without a `repr`, so that no log shows it."""

    name: str | None
    phone: str | None
    address: str | None
    email: str | None = None
    push: str | None = None  #: What an app's push service knows them by.


@dataclass(frozen=True, slots=True)
class Prepared:
    """All that can be decided before the database is asked."""

    matter: Matter  #: Without its number yet.
    identity: Identity | None
    fingerprint: bytes
    sketch: Sketch  #: Of the masked words.
    cited: frozenset[str]  #: What may be numbers of complaints.
    sure_from: float  #: The score from which a repeat gets no order.
    origin: str | None
    external_id: str | None
    local_date: date  #: Day of acceptance in the city, for the number.
    number_prefix: str
    policy: str
    publication: Publication | None = None  #: What the public may see of it; None: nothing.

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
            community=self.matter.place.community,
            sketch=self.sketch,
            origin=self.origin,
            cited=self.cited,
        )


class Lexicon:
    """A policy as the door needs it: automata built once, then shared by all requests."""

    def __init__(self, policy: Policy) -> None:
        """Build from a policy; about 0.2 s for a city of 8,000 divisions."""
        self.policy = policy
        self.atlas = Atlas(policy)
        self.urgency = UrgencyScale(policy.urgency)
        self.nature = NatureScale(policy.natures)
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
    if refused := objection(request, lexicon, now):
        return refused
    words = normal_form(request.text)
    phone = normal_phone(request.phone, lexicon.country)
    matter = _matter(request, words, lexicon, now, person_token(token_key, phone))
    return Prepared(
        matter=matter,
        identity=_identity(request, phone),
        fingerprint=fingerprint(words),
        sketch=sketch(matter.text),
        cited=cited_in(request.text),
        sure_from=lexicon.policy.routing.repeat_score_min,
        origin=request.origin,
        external_id=request.external_id,
        local_date=now.astimezone(lexicon.zone).date(),
        number_prefix=lexicon.policy.city.number_prefix,
        policy=lexicon.policy.hash,
        publication=publication(matter, lexicon.policy.open311),
    )


def _matter(
    request: Request, words: str, lexicon: Lexicon, now: datetime, reporter: str | None
) -> Matter:
    """Put together what is told, its number excepted."""
    veil = Veil(request.name, request.is_secret)
    title = (veil.over(request.title) or None) if request.title else None
    text = veil.hide(words)
    located = _located(request, title, text, lexicon)
    received_at = request.received_at or now
    heard = lexicon.urgency.hear(f"{title or ''}\n{text}")
    shown = lexicon.nature.show(title, text)
    return Matter(
        number="",
        channel=request.channel,
        received_at=received_at,
        nature=request.nature or (shown.nature if shown else Nature.UNKNOWN),
        urgency=highest((one.urgency for one in heard), request.urgency),
        language=request.language or language_of(words, lexicon.policy.city.language),
        title=title,
        text=text,
        category=request.category,
        place=_place(request, located),
        reporter=reporter,
        is_secret=request.is_secret,
        attributes=_masked(request, veil),
        findings=findings.in_order(
            located.findings,
            findings.of_matters(text),
            findings.of_nature(shown),
            findings.of_times(title, text, received_at, lexicon.zone),
            findings.of_urgency(heard, len(title or "")),
        ),
    )


def _masked(request: Request, veil: Veil) -> tuple[Attribute, ...]:
    return tuple(
        Attribute(code=attribute.code, values=tuple(map(veil.over, attribute.values)))
        for attribute in request.attributes
    )


def _located(request: Request, title: str | None, text: str, lexicon: Lexicon) -> Located:
    point = None
    if request.longitude is not None and request.latitude is not None:
        point = (request.longitude, request.latitude)
    found = locate(
        lexicon.atlas,
        {level: getattr(request, level) for level in LEVELS},
        address=normal_form(request.address) if request.address else None,
        title=title,
        text=text,
        point=point,
    )
    assert isinstance(found, Located)  # noqa: S101 - `objection` has looked at every code
    return found


def _place(request: Request, located: Located) -> Place:
    where = located.where
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
    reached = request.phone or request.email or request.push
    if not (request.name or request.address or reached):
        return None
    # What isn't a number is kept as typed: it may still help a person to call back.
    number = phone or request.phone
    return Identity(request.name, number, request.address, request.email, request.push)


def complaint_number(prefix: str, day: date, drawn: int, digits: int = NUMBER_DIGITS) -> str:
    """Write the number that people quote: `BJ-261124-000042`.

    Args:
        prefix: The city's.
        day: Of acceptance, in the city.
        drawn: From the sequence; only its last digits are shown.
        digits: More than six only on a day with more than a million complaints.
    """
    return f"{_of_day(prefix, day)}{drawn % 10**digits:0{digits}d}"


@lru_cache(maxsize=8)
def _of_day(prefix: str, day: date) -> str:
    return f"{prefix}-{day:%y%m%d}-"  # To write a date takes longer than all the rest.


def received(
    prepared: Prepared, number: str, repeat: Repeat | None = None, cluster: Cluster | None = None
) -> ComplaintReceived:
    """Make the fact that is told."""
    changes: dict[str, object] = {"number": number, "cluster": cluster}
    if repeat is not None:
        changes |= {"repeat_of": repeat.complaint_id, "repeat_score": repeat.score}
    matter = prepared.matter.model_copy(update=changes)
    return ComplaintReceived(
        matter=matter, origin=prepared.origin, external_id=prepared.external_id
    )
