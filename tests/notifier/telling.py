"""A policy that tells people everything, and facts to tell, for the tests of notices."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from services.events import CaseOpened, CaseReopened, DeadlineExtended, Satisfaction
from services.policy import Policy
from tests.builders import NOON
from tests.notifier.stories import CALLBACK, ORDER, REPORTER
from tests.policies import NOTICES, a_policy

TEXTS = (
    NOTICES
    + """
[accepted]
zh = "已受理{number}"
en = "Accepted {number}"

[extended]
zh = "{number}延期至{date}，{agency}：{reason}"
en = "{number} until {date}, {agency}: {reason}"

[paused]
zh = "{number}暂停，{agency}：{reason}"

[deferred]
zh = "{number}挂账至{date}，{agency}：{plan}"

[reopened]
zh = "{number}重新办理"

[merged]
zh = "{number}并案办理"

[answered]
zh = "{number}：{reply}"

[diverted]
zh = "{number}转办：{reply}"

[closed]
zh = "{number}结案"
"""
)
NUMBER = "LZ-261124-000001"


def a_telling_policy(channels: str | None = None, **overrides: str | None) -> Policy:
    """The tiny policy with a text for every notice."""
    return a_policy(notices=TEXTS, channels=channels, **overrides)


def an_opening(**changes: Any) -> CaseOpened:
    """The tracker begins to keep a record."""
    fields: dict[str, Any] = {
        "number": NUMBER,
        "outcome": "routed",
        "reporter": REPORTER,
        "language": "zh",
    }
    return CaseOpened(**(fields | changes))


def an_extension(until: datetime = NOON + timedelta(days=9), **changes: Any) -> DeadlineExtended:
    """The street gets more time."""
    fields: dict[str, Any] = {
        "request_id": CALLBACK,
        "order_id": ORDER,
        "agency": "street-990101001",
        "role": "lead",
        "due_at": until,
        "at_risk_at": until - timedelta(days=1),
        "approved_by": "officer",
        "reason": "配件未到",
        "timeline": (),
    }
    return DeadlineExtended(**(fields | changes))


def a_reopening(round_: int = 2) -> CaseReopened:
    """The person isn't satisfied."""
    return CaseReopened(
        round=round_,
        callback_id=CALLBACK,
        is_solved=False,
        satisfaction=Satisfaction.DISSATISFIED,
    )
