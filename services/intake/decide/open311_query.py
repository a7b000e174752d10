"""What an app asks of the list of requests (GeoReport v2, GET Service Requests)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Literal

from services.intake.decide.open311_faults import Wrong, several, single

if TYPE_CHECKING:
    from services.intake.decide.open311_faults import Fields

#: "Default query limit is a span of 90 days or first 1000 requests" (Response Volume).
SPAN_MAX = timedelta(days=90)
PAGE_SIZE_MAX = 1_000

#: Rows that are passed over for a page, times the services asked for: what bounds the work.
REACH_MAX = 50_000

_IDS_MAX = 1_000
_YEARS = range(1970, 3000)

#: An unescaped `+08:00` in an address arrives with a blank.
_BLANK_ZONE = re.compile(r" (\d\d:?\d\d)$")


@dataclass(frozen=True, slots=True)
class Filter:
    """A checked question."""

    ids: tuple[str, ...] = ()  #: If any, nothing else counts.
    codes: tuple[str, ...] = ()  #: None given: every service.
    states: tuple[bool, ...] = (False, True)  #: Whether closed.
    by: Literal["requested", "changed"] = "requested"
    since: datetime | None = None
    until: datetime | None = None
    offset: int = 0
    limit: int = PAGE_SIZE_MAX


def read_filter(fields: Fields, now: datetime) -> Filter | tuple[Wrong, ...]:
    """Read a query.

    Args:
        fields: The address's parameters; unknown ones mean nothing.
        now: For the default span.

    Returns:
        The filter, or everything that is wrong.
    """
    ids = several(fields, "service_request_id")
    if len(ids) > _IDS_MAX:
        return (Wrong(f"service_request_id: {_IDS_MAX} at the most"),)
    if ids:
        return Filter(ids=ids)
    wrong: list[Wrong] = []
    codes = several(fields, "service_code")
    states = _states(fields, wrong)
    by, since, until = _span(fields, now, wrong)
    page = _whole(fields, "page", 1, REACH_MAX, wrong)
    size = _whole(fields, "page_size", PAGE_SIZE_MAX, PAGE_SIZE_MAX, wrong)
    if page * size * max(len(codes), 1) > REACH_MAX:
        wrong.append(
            Wrong(
                f"page: page x page_size x service codes is more than {REACH_MAX};"
                " ask for a shorter time instead"
            )
        )
    if wrong:
        return tuple(wrong)
    return Filter((), codes, states, by, since, until, (page - 1) * size, size)


def _states(fields: Fields, wrong: list[Wrong]) -> tuple[bool, ...]:
    asked = several(fields, "status")
    unknown = [word for word in asked if word not in ("open", "closed")]
    if unknown:
        wrong.append(Wrong(f"status: must be open or closed, not {unknown[0][:50]!r}"))
    return tuple(word == "closed" for word in asked) or (False, True)


def _span(
    fields: Fields, now: datetime, wrong: list[Wrong]
) -> tuple[Literal["requested", "changed"], datetime, datetime]:
    requested = _instants(fields, ("start_date", "end_date"), wrong)
    changed = _instants(fields, ("updated_after", "updated_before"), wrong)
    if any(requested) and any(changed):
        wrong.append(Wrong("updated_after: give either dates of request or dates of update"))
    names = ("updated_after", "updated_before") if any(changed) else ("start_date", "end_date")
    since, until = changed if any(changed) else requested
    if since is None and until is None:
        until = now
    since = since or (until or now) - SPAN_MAX
    until = until or since + SPAN_MAX
    if since > until:
        wrong.append(Wrong(f"{names[0]}: lies after {names[1]}"))
    elif until - since > SPAN_MAX:
        wrong.append(Wrong(f"{names[0]}: the span is longer than {SPAN_MAX.days} days"))
    return "changed" if any(changed) else "requested", since, until


def _instants(
    fields: Fields, names: tuple[str, str], wrong: list[Wrong]
) -> tuple[datetime | None, datetime | None]:
    first, second = (_instant(fields, name, wrong) for name in names)
    return first, second


def _instant(fields: Fields, name: str, wrong: list[Wrong]) -> datetime | None:
    written = single(fields, name)
    if written is None:
        return None
    try:
        at = datetime.fromisoformat(_BLANK_ZONE.sub(r"+\1", written))
    except ValueError:
        at = None
    if at is None or at.tzinfo is None or at.year not in _YEARS:
        wrong.append(Wrong(f"{name}: must be like 2026-01-31T00:00:00Z, with Z or an offset"))
        return None
    return at


def _whole(fields: Fields, name: str, default: int, most: int, wrong: list[Wrong]) -> int:
    written = single(fields, name)
    if written is None:
        return default
    is_number = written.isascii() and written.isdecimal() and len(written) <= 9  # noqa: PLR2004
    if not is_number or not 1 <= int(written) <= most:
        wrong.append(Wrong(f"{name}: must be a whole number from 1 to {most}"))
        return default
    return int(written)
