"""Where a complaint is, with the evidence for it: fields, a position, an address, words.

One pure function, `locate`. Who speaks earlier in this row wins: the fields of the request,
the position, the address, title and text. A later witness may make the place deeper, never
change it; where two contradict each other both stand among the findings, the later one with
less confidence. What isn't sure enough to settle is a finding and nothing more.

Confidence is an estimate of the chance to be right. Where the city has a table of landmarks
it is the share that landmarks.py gives, and `SURE` of it settles a place; docs/places.md says
how often that is right. Without a table it is one of the constants in candidates.py.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from services.intake.decide.boundaries import Boundaries
from services.intake.decide.candidates import (
    Source,
    Words,
    by_field,
    by_landmarks,
    by_names,
    by_point,
    in_order,
)
from services.intake.decide.landmarks import Landmarks
from services.intake.decide.place import (
    Gazetteer,
    Level,
    UnknownCode,
    Where,
    lies_in,
    settle_fields,
    settle_mentions,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from services.events import Finding
    from services.intake.decide.landmarks import Shares
    from services.intake.decide.place import Mention
    from services.policy import Policy

#: The share of a landmark table that settles a district, or a street within its district.
SURE: Mapping[Level, float] = {"district": 0.9, "street": 0.9}
#: A name in the words doesn't settle what the table thinks less likely than this.
_DOUBTED = 0.2


@dataclass(frozen=True, slots=True)
class Located:
    """Where a complaint is as far as that is sure, and everything that speaks for a place."""

    where: Where
    findings: tuple[Finding, ...]  #: At most three a level, the settled one first.


class Atlas:
    """What a policy knows of places, built once: names, landmarks, polygons."""

    def __init__(self, policy: Policy) -> None:
        """Build from a policy."""
        self.gazetteer = Gazetteer(policy.divisions)
        self.landmarks = Landmarks(policy.divisions, policy.landmarks)
        self.boundaries = Boundaries(policy.divisions, policy.boundaries)


def locate(
    atlas: Atlas,
    fields: Mapping[Level, str | None],
    *,
    address: str | None = None,
    title: str | None = None,
    text: str,
    point: tuple[float, float] | None = None,
) -> Located | UnknownCode:
    """Find out where a complaint is.

    Args:
        atlas: The city's.
        fields: What the request says, by level: codes or names.
        address: As given; never shown, so findings in it have no span.
        title: As it will be shown: spans of findings point into it.
        text: As it will be shown.
        point: Longitude and latitude in WGS 84, as exact as they came.

    Returns:
        The place and its evidence, or the field whose code can't be right.
    """
    gazetteer = atlas.gazetteer
    told = settle_fields(gazetteer, fields)
    if isinstance(told, UnknownCode):
        return told
    # Names that no field may hold for sure still say something as words.
    said = " ".join(value for value in (*fields.values(), address) if value)
    texts: list[tuple[Source, str | None]] = [("address", said), ("title", title), ("text", text)]
    heard = [Words(source, words, gazetteer.mentions(words)) for source, words in texts if words]
    pinned = _pinned(atlas, point)
    shares = None
    if not atlas.landmarks.is_empty:
        shares = atlas.landmarks.weigh("\n".join(words.text for words in heard))
    known = _merged(told, pinned)
    known = settle_mentions(gazetteer, known, _mentions(heard, {"address"}))
    # A table that somebody wrote by hand doesn't know how likely the other names are.
    measured = shares if atlas.landmarks.is_measured else None
    where = settle_mentions(gazetteer, known, _mentions(heard, {"title", "text"}))
    if measured is not None:
        where = _undoubted(known, where, measured)
    if shares is not None:
        where = _by_shares(gazetteer, where, shares)
    candidates = [*by_field(told), *by_point(pinned, told)]
    candidates += by_names(gazetteer, heard, measured)
    candidates += by_landmarks(heard, shares)
    firm = _merged(told, pinned)
    return Located(where, tuple(in_order(gazetteer, candidates, firm, where)))


def _pinned(atlas: Atlas, point: tuple[float, float] | None) -> Where:
    code = atlas.boundaries.at(*point) if point else None
    return atlas.gazetteer.where(code) if code else Where()


def _merged(known: Where, more: Where) -> Where:
    """Add what a later witness says, if it contradicts nothing."""
    if lies_in(more, known):
        return more
    return known


def _mentions(heard: Iterable[Words], sources: set[Source]) -> list[Mention]:
    return [mention for words in heard if words.source in sources for mention in words.mentions]


def _by_shares(gazetteer: Gazetteer, where: Where, shares: Shares) -> Where:
    """Settle what the landmarks are sure of, where nothing else has."""
    if where.district is None:
        code, share = _best(shares.districts)
        if share >= SURE["district"] and code in shares.voices:
            where = Where(code)
    if where.district is None or where.street is not None:
        return where
    inside = {
        code: share
        for code, share in shares.streets.items()
        if gazetteer.where(code).district == where.district
    }
    code, share = _best(inside)
    is_sure = share >= SURE["street"] * shares.districts.get(where.district, 1.0)
    if is_sure and code in shares.voices:
        return replace(where, street=code)
    return where


def _undoubted(known: Where, where: Where, shares: Shares) -> Where:
    """Take back what the table of landmarks thinks unlikely."""
    district, street = where.district, where.street
    if known.district is None and district and shares.districts[district] < _DOUBTED:
        return known
    if known.street is None and street and district:
        within = shares.districts[district]
        if shares.streets.get(street, 0.0) < _DOUBTED * within:
            return replace(where, street=None, community=None)
    return where


def _best(shares: Mapping[str, float]) -> tuple[str, float]:
    code = max(shares, key=shares.__getitem__, default="")
    return code, shares.get(code, 0.0)
