"""When something happened or happens, as a text says it: a pure function of text and arrival.

`昨晚十点` and `since Monday` mean an instant or an interval only together with the day on which
they were said. Rules of this package:

1. A value is ISO 8601 in the city's zone: an instant, an interval `start/end` (the end is
   excluded), or for what recurs `R/start/period`.
2. Complaints look back: a day without a year, a weekday, an hour alone mean the last one
   before the call, unless the text says 明天 or the day is near ahead.
3. What could be several times gives a low confidence; what could be anything gives nothing.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from services.intake.decide.masking import outside_masks
from services.intake.decide.times.chinese import chinese_times
from services.intake.decide.times.english import english_times
from services.intake.decide.times.moments import Said

if TYPE_CHECKING:
    from datetime import datetime
    from zoneinfo import ZoneInfo

__all__ = ["Said", "times_in"]

_CHINESE = re.compile(r"[\u4e00-\u9fff]")


def times_in(text: str, received_at: datetime, zone: ZoneInfo) -> list[Said]:
    """Find the times that a text names.

    Args:
        text: In normal form.
        received_at: When it was said.
        zone: The city's.

    Returns:
        At most eight, in order, none overlapping another.
    """
    now = received_at.astimezone(zone)
    reader = chinese_times if _CHINESE.search(outside_masks(text)) else english_times
    return reader(text, now)
