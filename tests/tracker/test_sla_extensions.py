"""Golden due instants of clocks that were given more time (延期), each with its arithmetic.

Local time in Shanghai. A pause is written as its two instants, an extension as the instant it
was granted and the one it names.
"""

from __future__ import annotations

import pytest

from tests.tracker.calendars import CITY, OFFICE, counted, extensions, pauses, wall

EXTENDED = [
    # Seven days from 24 Nov: due 1 Dec 10:00.
    ([], [("2026-11-30 09:00", "2026-12-08 10:00")], "2026-12-08 10:00"),
    # Earlier than the promise: it stands.
    ([], [("2026-11-26 09:00", "2026-11-29 10:00")], "2026-12-01 10:00"),
    # Of two the latest; they don't add up.
    (
        [],
        [("2026-11-26 09:00", "2026-12-08 10:00"), ("2026-11-30 09:00", "2026-12-05 10:00")],
        "2026-12-08 10:00",
    ),
    # A pause before the grant was known to whoever granted.
    (
        [("2026-11-25 10:00", "2026-11-26 10:00")],
        [("2026-11-30 09:00", "2026-12-08 10:00")],
        "2026-12-08 10:00",
    ),
    # Granted in a pause: the 2 days of it that lie after the grant move 6 Dec to 8 Dec.
    (
        [("2026-11-26 10:00", "2026-11-30 10:00")],
        [("2026-11-28 10:00", "2026-12-06 10:00")],
        "2026-12-08 10:00",
    ),
    # Granted in a pause that moves the promise further: 1 Dec + 10 d = 11 Dec; 1 Dec + 9 d isn't.
    (
        [("2026-11-25 10:00", "2026-12-05 10:00")],
        [("2026-11-26 10:00", "2026-12-01 10:00")],
        "2026-12-11 10:00",
    ),
    # A pause after the grant, before the first due date: 8 Dec + 1 d.
    (
        [("2026-11-29 00:00", "2026-11-30 00:00")],
        [("2026-11-26 09:00", "2026-12-08 10:00")],
        "2026-12-09 10:00",
    ),
    # A pause over the extended date: 8 Dec + 3 d.
    (
        [("2026-12-07 10:00", "2026-12-10 10:00")],
        [("2026-11-30 09:00", "2026-12-08 10:00")],
        "2026-12-11 10:00",
    ),
    # A pause after it: too late.
    (
        [("2026-12-08 10:00", "2026-12-10 10:00")],
        [("2026-11-30 09:00", "2026-12-08 10:00")],
        "2026-12-08 10:00",
    ),
]


@pytest.mark.parametrize(("intervals", "granted", "expected"), EXTENDED)
def test_an_extension_holds_and_moves_by_what_of_a_pause_came_after_it(
    intervals, granted, expected
) -> None:
    """More time that a pause eats would be none."""
    ledger, more = pauses(*intervals), extensions(*granted)
    assert wall(counted("7d", "2026-11-24 10:00", CITY, ledger, more).at) == expected


@pytest.mark.parametrize(
    ("length", "starts", "calendar", "grant", "expected"),
    [
        # Mon 30 Nov 24:00, then Sat 5 Dec 00:00.
        (
            "5wd",
            "2026-11-23 10:00",
            CITY,
            ("2026-11-27 09:00", "2026-12-05 00:00"),
            "2026-12-05 00:00",
        ),
        # Wed 25 Nov 10:00, then Fri 27 Nov at closing.
        (
            "8wh",
            "2026-11-24 09:00",
            OFFICE,
            ("2026-11-24 15:00", "2026-11-27 17:30"),
            "2026-11-27 17:30",
        ),
        # 28-30 Sep 3; Thu 8 4 Fri 9 5: 10 Oct 00:00, then 15 Oct.
        (
            "5wd",
            "2026-09-24 10:00",
            CITY,
            ("2026-09-29 09:00", "2026-10-15 00:00"),
            "2026-10-15 00:00",
        ),
    ],
)
def test_an_extension_names_an_instant_whatever_the_promise_counts(
    length, starts, calendar, grant, expected
) -> None:
    """An officer says until when; nobody counts it again."""
    assert wall(counted(length, starts, calendar, (), extensions(grant)).at) == expected


def test_the_timeline_tells_pauses_and_more_time_apart() -> None:
    """What ran, what stood still and why, and what was granted on top."""
    ledger = pauses(
        ("2026-11-25 00:00", "2026-11-26 00:00"), ("2026-11-28 00:00", "2026-11-29 00:00")
    )
    granted = extensions(("2026-11-26 09:00", "2026-11-28 12:00"))
    found = counted("24h", "2026-11-24 10:00", CITY, ledger, granted)
    assert [(wall(step.starts_at)[5:], step.runs, step.why) for step in found.timeline] == [
        ("11-24 10:00", True, "24 hours without a break: nights, weekends and holidays count"),
        ("11-25 00:00", False, "the clock stands still: 材料待补"),
        ("11-26 00:00", True, "the clock goes on"),
        ("11-26 10:00", True, "more time was granted: 等待检测"),
        ("11-28 00:00", False, "the clock stands still: 材料待补"),
        ("11-29 00:00", True, "the clock goes on"),
    ]
    assert wall(found.at) == "2026-11-29 12:00"
