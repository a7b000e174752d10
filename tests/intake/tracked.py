"""What the tracker says about a complaint in tests."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from services.events import CallbackDue, CaseClosed, CaseOpened, OrderDispatched
from tests.builders import NOON, a_matter

ORDER = UUID(int=501)
CALLBACK = UUID(int=601)
AGENCY = "street-990101001"
OTHER_AGENCY = "street-990102001"
DUE_AT = NOON + timedelta(days=7)


def opened(outcome: Any = "routed") -> CaseOpened:
    """The tracker keeps a case."""
    return CaseOpened(number="LZ-1", outcome=outcome)


def dispatched(agency: str = AGENCY, order_id: UUID = ORDER, role: Any = "lead") -> OrderDispatched:
    """An agency has the order."""
    return OrderDispatched(
        order_id=order_id,
        agency=agency,
        role=role,
        round=1,
        attempt=1,
        scored=agency,
        standard="ordinary",
        sign_due_at=None,
        at_risk_at=DUE_AT - timedelta(days=1),
        due_at=DUE_AT,
        timeline=(),
        matter=a_matter(),
    )


def callback_due(lapses_at: datetime = NOON + timedelta(days=3)) -> CallbackDue:
    """The citizen is to be asked."""
    return CallbackDue(
        callback_id=CALLBACK,
        round=1,
        order_id=ORDER,
        agency=AGENCY,
        number="LZ-1",
        answer="垃圾已清运 <b>三次</b>",
        reporter="p-1",
        language="zh",
        lapses_at=lapses_at,
    )


def closed(reason: Any = "unconfirmed") -> CaseClosed:
    """Nothing more is due."""
    return CaseClosed(reason=reason)
