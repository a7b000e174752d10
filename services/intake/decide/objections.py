"""What can't be right about a request, told before anything is kept: cheap look-ups only."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from services.intake.decide.place import LEVELS, UnknownCode, settle_fields
from services.intake.decide.wording import normal_form

if TYPE_CHECKING:
    from services.intake.decide.acceptance import Lexicon, Request

#: A caller's clock may be this much ahead of ours.
CLOCK_SKEW_MAX = timedelta(minutes=5)

#: Found at the first letter of nearly every text, which spares it the normal form.
_SAYS_SOMETHING = re.compile(r"[^\W_]")

#: Nobody called before telephones had hotlines; some programs write an empty date as year 1.
_EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Refused:
    """A field that can't be right; the caller is told which and why."""

    field: str
    message: str


def objection(request: Request, lexicon: Lexicon, now: datetime) -> Refused | None:
    """Name the first field of a request that can't be right under the policy in force."""
    if not _SAYS_SOMETHING.search(request.text) and not normal_form(request.text):
        return Refused("text", "says nothing that anybody could see")
    if request.category is not None and request.category not in lexicon.policy.categories:
        return Refused("category", f"no category has the code {request.category!r}")
    if request.received_at is not None and request.received_at > now + CLOCK_SKEW_MAX:
        return Refused("received_at", "lies in the future")
    if request.received_at is not None and request.received_at < _EARLIEST:
        return Refused("received_at", "lies before 1970")
    if request.external_id is not None and request.origin is None:
        return Refused("origin", "is needed with external_id: ids of two systems may be equal")
    return _misplaced(request, lexicon)


def _misplaced(request: Request, lexicon: Lexicon) -> Refused | None:
    if (request.longitude is None) != (request.latitude is None):
        missing = "longitude" if request.longitude is None else "latitude"
        return Refused(f"place.{missing}", "is needed with the other coordinate")
    fields = {level: getattr(request, level) for level in LEVELS}
    found = settle_fields(lexicon.atlas.gazetteer, fields)
    if not isinstance(found, UnknownCode):
        return None
    if found.reason == "elsewhere":
        return Refused(f"place.{found.field}", f"{found.value!r} lies in another division")
    return Refused(f"place.{found.field}", f"no {found.field} has the code {found.value!r}")


def without_codes(request: Request) -> Request:
    """Give what a person said without the codes that went with it.

    For a request that was kept under one policy and is read under another: a code that is gone
    must not hold up somebody's words.
    """
    return replace(request, category=None, district=None, street=None, community=None)
