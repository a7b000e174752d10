"""The words of a notice, made at the moment of sending."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from services.policy.notices import written_instant

if TYPE_CHECKING:
    from services.notifier.decide import Notice
    from services.policy import Policy

#: Where an event has no words for what the template asks for.
_UNSAID = "—"


def words(policy: Policy, notice: Notice) -> str:
    """Say it in the person's language, or else in the city's.

    Args:
        policy: Holds the texts, and the names of agencies and reasons.
        notice: What to tell.
    """
    language = notice.language or policy.city.language
    values = {name: value or _UNSAID for name, value in notice.said.items()}
    values["number"] = notice.number
    if "agency" in values:
        agency = policy.agencies.get(values["agency"])
        values["agency"] = agency.name if agency else values["agency"]
    if "date" in values:
        at = datetime.fromisoformat(values["date"])
        values["date"] = written_instant(at, policy.city.time_zone, language)
    if notice.notice == "paused":
        reason = policy.relief.pause_reason(values["reason"])
        values["reason"] = reason.name if reason else values["reason"]
    return policy.notice(notice.notice, language, values)
