"""Filters of the list: what they mean, and what they may not ask."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from services.intake.decide.open311_query import SPAN_MAX, Filter, read_filter
from tests.builders import NOON

NEW_YEAR = "2026-01-01T00:00:00Z"


def _filter(**fields: list[str]) -> Filter:
    found = read_filter(fields, NOON)
    assert isinstance(found, Filter), found
    return found


def test_without_filters_it_is_the_last_90_days_and_1000_requests() -> None:
    """GeoReport v2, Response Volume."""
    assert _filter() == Filter(since=NOON - timedelta(days=90), until=NOON, limit=1000)


def test_an_empty_parameter_is_a_missing_one() -> None:
    """GeoReport v2, Optional Arguments."""
    empty = {"service_request_id": [""], "status": [" "], "page": [""], "start_date": [""]}
    assert _filter(**empty) == _filter()


def test_ids_override_everything_else() -> None:
    """Even what would be wrong by itself (GeoReport v2, service_request_id)."""
    assert _filter(service_request_id=["a,b", "c"], status=["x"]) == Filter(ids=("a", "b", "c"))


def test_lists_come_by_comma_or_repeated() -> None:
    """GeoReport v2 allows both."""
    found = _filter(service_code=["a, b", "c"], status=["closed"])
    assert (found.codes, found.states) == (("a", "b", "c"), (True,))


def test_one_date_alone_spans_90_days() -> None:
    """A span is never longer, whichever end is missing."""
    start = datetime.fromisoformat("2026-01-01T00:00:00+08:00")
    assert _filter(start_date=["2026-01-01T00:00:00+08:00"]).until == start + SPAN_MAX
    assert _filter(end_date=["2026-01-01T00:00:00+08:00"]).since == start - SPAN_MAX


def test_a_plus_that_wasnt_escaped_is_still_a_zone() -> None:
    """Many clients put an instant into the address as it is; its plus arrives as a blank."""
    assert _filter(start_date=["2026-01-01T00:00:00 08:00"]) == _filter(
        start_date=["2025-12-31T16:00:00Z"]
    )


def test_dates_of_update_are_a_span_of_their_own() -> None:
    """Clients that poll ask for what changed since they last asked."""
    found = _filter(updated_after=["2026-11-23T04:00:00Z"])
    assert (found.by, found.since) == ("changed", NOON - timedelta(days=1))


def test_pages_begin_at_one() -> None:
    """The extension of Chicago, Boston and others."""
    found = _filter(page=["3"], page_size=["50"])
    assert (found.offset, found.limit) == (100, 50)


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"status": ["open,done"]}, "status"),
        ({"start_date": ["2026-01-01T00:00:00"]}, "start_date"),
        ({"start_date": ["soon"]}, "start_date"),
        ({"end_date": ["9999-12-31T23:59:59-14:00"]}, "end_date"),
        ({"start_date": [NEW_YEAR], "end_date": ["2026-06-01T00:00:00Z"]}, "start_date"),
        ({"start_date": ["2026-01-02T00:00:00Z"], "end_date": [NEW_YEAR]}, "start_date"),
        ({"start_date": [NEW_YEAR], "updated_after": [NEW_YEAR]}, "updated_after"),
        ({"page": ["0"]}, "page"),
        ({"page": ["²"]}, "page"),
        ({"page_size": ["1001"]}, "page_size"),
        ({"page": ["51"]}, "page"),
        ({"service_code": [",".join(map(str, range(51)))]}, "page"),
        ({"service_request_id": [",".join(map(str, range(1001)))]}, "service_request_id"),
    ],
)
def test_what_cant_be_asked_is_named(fields: dict[str, list[str]], field: str) -> None:
    """The list is open to everybody: it must stay cheap."""
    found = read_filter(fields, NOON)
    assert isinstance(found, tuple)
    assert [one.description.partition(":")[0] for one in found] == [field]
