"""What may follow what, for a case and for a work order.

Rules of this file
------------------

Rule 1: everything that decides whether a case or an order may change lives here. As much
as possible stands in the tables; the few bits that don't fit (`return_refusal`) are
functions below them, and nowhere else.

Rule 2: a pair that isn't in a table is not an error. Agencies, citizens and services act
at the same time and learn of each other late, so what doesn't fit any more is answered
with `Ignored` and a reason, and nothing changes. The reason names the trigger and the
state, so that a count of reasons shows which habit or fault is behind them.

Rule 3: a trigger is what happened, as a past participle; a state is where things stand.
Nothing but a trigger changes a state.

Rule 4: time is a trigger like any other. Every state that isn't final has a deadline or
waits for somebody who can be named; `CASE_WAITS_FOR` and `ORDER_WAITS_FOR` say which, and
a test holds them to that.

How the two machines fit together
---------------------------------

A case has one order for the lead and one for each assisting agency. Only the lead's order
moves the case: when the lead returns it nobody has the case, which is the same as being
held, and the case waits for the router (which routes anew at once) or, when the router
can't, for an operator. So ROUTED is legal there and after an answer only, and a routing that
comes twice or late meets HANDLING and is ignored without any further check.

A question that is settled by an answer is closed as soon as it is told. It has a state of its
own, because what the citizen says next reopens it: then an agency gets an order after all.

Where agencies dispute whose a case is, a person decides (会商, then 指定办理), and whoever had it
first goes on handling it meanwhile (先办后议, 首接负责: 接诉即办工作条例 art. 14). Such a case is
HANDLING, and `held_because` is set; only then a designation or a dismissal is legal.

A case that was merged (并单) has no open order and no clock of its own. It follows another case:
what resolves that one resolves it, and its own caller is asked; where that one ends without an
answer, it goes on by itself. See `merging`.

An assist's order lives and ends by itself. When a case closes, for whatever reason, the
orders still open are recalled, so no clock ticks on a closed case.

An order whose clock stands still (PAUSED, DEFERRED) was SIGNED and goes back to SIGNED; the case
stays HANDLING, because its agency still has it. Returning and pausing exclude each other.

A breach moves nothing: the agency still has to do the work. It is a self-loop, written
down so that a breach on a state without that loop is seen to be too late.

`docs/lifecycle.md` is generated from the tables by `lifecycle_chart`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from services.runtime.step import Ignored
from services.tracker.decide.case import CaseState, Order, OrderState

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime


class CaseTrigger(StrEnum):
    """What can happen to a case."""

    ROUTED = "routed"  #: The router or an operator named an agency.
    HELD = "held"  #: The router could not.
    CONSULTED = "consulted"  #: Agencies dispute it; the first of them goes on meanwhile.
    DESIGNATED = "designated"  #: A person settled the dispute.
    DISMISSED = "dismissed"  #: A person found in a dispute that no order is due.
    DIVERTED = "diverted"  #: The statute names another way.
    ANSWERED = "answered"  #: The question is answered; no order is due.
    RETURNED = "returned"  #: The lead said it isn't theirs.
    RESOLVED = "resolved"  #: The lead said it is done.
    ASKED = "asked"  #: The delay is over, the citizen is being asked.
    CONFIRMED = "confirmed"  #: The citizen says it is solved.
    REOPENED = "reopened"  #: The citizen isn't satisfied, and a round is left.
    UNSATISFIED = "unsatisfied"  #: The citizen isn't satisfied, and no round is left.
    LAPSED = "lapsed"  #: Nobody answered, or nobody could be asked.
    SUPPLEMENTED = "supplemented"  #: More facts, or an urge (催办).
    WITHDRAWN = "withdrawn"  #: The citizen no longer asks for anything.
    BREACHED = "breached"  #: An order's due instant passed.
    UNASSIGNED = "unassigned"  #: Nobody has named an agency for too long.
    MERGED = "merged"  #: An officer had it handled together with a like complaint.
    FOLLOWED = "followed"  #: What it was merged into is resolved.
    PARTED = "parted"  #: What it was merged into ended without an answer: an order of its own.
    LEFT = "left"  #: The same, and nobody knows an agency for it.


class OrderTrigger(StrEnum):
    """What can happen to a work order."""

    SIGNED = "signed"
    CONTACTED = "contacted"  #: The agency has spoken to the citizen.
    PROGRESSED = "progressed"
    REQUESTED = "requested"  #: The agency asked for relief; `relief` says what is refused.
    EXTENDED = "extended"  #: More time was granted (延期).
    PAUSED = "paused"  #: A clock that stands still was granted.
    DEFERRED = "deferred"  #: 挂账 was granted.
    CONTINUED = "continued"  #: By the agency, an officer, or the deadline `resume`.
    RETURNED = "returned"
    RESOLVED = "resolved"
    RECALLED = "recalled"
    SIGN_DUE = "sign-due"
    AT_RISK = "at-risk"
    DUE = "due"
    CONTACT_DUE = "contact-due"
    UNSIGNED = "unsigned"  #: The time to sign has passed long ago.
    OVERDUE = "overdue"  #: The due instant has: the next level of the ladder.


#: None is "no case yet".
CASE: Final[Mapping[tuple[CaseState | None, CaseTrigger], CaseState]] = {
    (None, CaseTrigger.ROUTED): CaseState.HANDLING,
    (None, CaseTrigger.HELD): CaseState.HELD,
    (None, CaseTrigger.DIVERTED): CaseState.CLOSED,
    (None, CaseTrigger.ANSWERED): CaseState.ANSWERED,
    (CaseState.HELD, CaseTrigger.ROUTED): CaseState.HANDLING,
    (CaseState.HELD, CaseTrigger.HELD): CaseState.HELD,
    (CaseState.HELD, CaseTrigger.DIVERTED): CaseState.CLOSED,
    (CaseState.HELD, CaseTrigger.ANSWERED): CaseState.ANSWERED,
    (CaseState.HELD, CaseTrigger.SUPPLEMENTED): CaseState.HELD,
    (CaseState.HELD, CaseTrigger.BREACHED): CaseState.HELD,  # An assist's order runs on.
    (CaseState.HELD, CaseTrigger.WITHDRAWN): CaseState.CLOSED,
    (CaseState.HELD, CaseTrigger.CONSULTED): CaseState.HANDLING,
    (CaseState.HELD, CaseTrigger.UNASSIGNED): CaseState.HELD,
    (CaseState.HANDLING, CaseTrigger.DESIGNATED): CaseState.HANDLING,
    (CaseState.HANDLING, CaseTrigger.DISMISSED): CaseState.CLOSED,
    (CaseState.HANDLING, CaseTrigger.RETURNED): CaseState.HELD,
    (CaseState.HANDLING, CaseTrigger.RESOLVED): CaseState.RESOLVED,
    (CaseState.HANDLING, CaseTrigger.SUPPLEMENTED): CaseState.HANDLING,
    (CaseState.HANDLING, CaseTrigger.BREACHED): CaseState.HANDLING,
    (CaseState.HANDLING, CaseTrigger.WITHDRAWN): CaseState.CLOSED,
    (CaseState.RESOLVED, CaseTrigger.DESIGNATED): CaseState.RESOLVED,  # For the next round.
    (CaseState.RESOLVED, CaseTrigger.DISMISSED): CaseState.CLOSED,
    (CaseState.RESOLVED, CaseTrigger.ASKED): CaseState.RESOLVED,
    (CaseState.RESOLVED, CaseTrigger.CONFIRMED): CaseState.CLOSED,
    (CaseState.RESOLVED, CaseTrigger.REOPENED): CaseState.HANDLING,
    (CaseState.RESOLVED, CaseTrigger.UNSATISFIED): CaseState.CLOSED,
    (CaseState.RESOLVED, CaseTrigger.LAPSED): CaseState.CLOSED,
    (CaseState.RESOLVED, CaseTrigger.SUPPLEMENTED): CaseState.RESOLVED,
    (CaseState.RESOLVED, CaseTrigger.BREACHED): CaseState.RESOLVED,  # An assist's.
    (CaseState.RESOLVED, CaseTrigger.WITHDRAWN): CaseState.CLOSED,
    (CaseState.HELD, CaseTrigger.MERGED): CaseState.MERGED,
    (CaseState.HANDLING, CaseTrigger.MERGED): CaseState.MERGED,
    (CaseState.MERGED, CaseTrigger.ROUTED): CaseState.MERGED,  # For when it parts.
    (CaseState.MERGED, CaseTrigger.SUPPLEMENTED): CaseState.MERGED,
    (CaseState.MERGED, CaseTrigger.WITHDRAWN): CaseState.CLOSED,
    (CaseState.MERGED, CaseTrigger.FOLLOWED): CaseState.RESOLVED,
    (CaseState.MERGED, CaseTrigger.PARTED): CaseState.HANDLING,
    (CaseState.MERGED, CaseTrigger.LEFT): CaseState.HELD,
    # Whoever says more about what was answered says that it isn't: the router asks an agency.
    (CaseState.ANSWERED, CaseTrigger.SUPPLEMENTED): CaseState.ANSWERED,
    (CaseState.ANSWERED, CaseTrigger.WITHDRAWN): CaseState.CLOSED,
    (CaseState.ANSWERED, CaseTrigger.ROUTED): CaseState.HANDLING,
    (CaseState.ANSWERED, CaseTrigger.HELD): CaseState.HELD,
    (CaseState.ANSWERED, CaseTrigger.DIVERTED): CaseState.CLOSED,
}

#: None is "not dispatched yet"; dispatching is what makes an order.
ORDER: Final[Mapping[tuple[OrderState, OrderTrigger], OrderState]] = {
    (OrderState.DISPATCHED, OrderTrigger.SIGNED): OrderState.SIGNED,
    (OrderState.DISPATCHED, OrderTrigger.CONTACTED): OrderState.DISPATCHED,
    (OrderState.DISPATCHED, OrderTrigger.PROGRESSED): OrderState.DISPATCHED,
    (OrderState.DISPATCHED, OrderTrigger.REQUESTED): OrderState.DISPATCHED,
    (OrderState.DISPATCHED, OrderTrigger.RETURNED): OrderState.RETURNED,
    # Doing the work without signing first is accepting it.
    (OrderState.DISPATCHED, OrderTrigger.RESOLVED): OrderState.RESOLVED,
    (OrderState.DISPATCHED, OrderTrigger.RECALLED): OrderState.RECALLED,
    (OrderState.DISPATCHED, OrderTrigger.SIGN_DUE): OrderState.DISPATCHED,
    (OrderState.DISPATCHED, OrderTrigger.AT_RISK): OrderState.DISPATCHED,
    (OrderState.DISPATCHED, OrderTrigger.DUE): OrderState.DISPATCHED,
    (OrderState.DISPATCHED, OrderTrigger.CONTACT_DUE): OrderState.DISPATCHED,
    (OrderState.DISPATCHED, OrderTrigger.UNSIGNED): OrderState.DISPATCHED,
    (OrderState.DISPATCHED, OrderTrigger.OVERDUE): OrderState.DISPATCHED,
    (OrderState.SIGNED, OrderTrigger.CONTACTED): OrderState.SIGNED,
    (OrderState.SIGNED, OrderTrigger.PROGRESSED): OrderState.SIGNED,
    (OrderState.SIGNED, OrderTrigger.REQUESTED): OrderState.SIGNED,
    (OrderState.SIGNED, OrderTrigger.EXTENDED): OrderState.SIGNED,
    (OrderState.SIGNED, OrderTrigger.PAUSED): OrderState.PAUSED,
    (OrderState.SIGNED, OrderTrigger.DEFERRED): OrderState.DEFERRED,
    (OrderState.SIGNED, OrderTrigger.RETURNED): OrderState.RETURNED,
    (OrderState.SIGNED, OrderTrigger.RESOLVED): OrderState.RESOLVED,
    (OrderState.SIGNED, OrderTrigger.RECALLED): OrderState.RECALLED,
    (OrderState.SIGNED, OrderTrigger.AT_RISK): OrderState.SIGNED,
    (OrderState.SIGNED, OrderTrigger.DUE): OrderState.SIGNED,
    (OrderState.SIGNED, OrderTrigger.OVERDUE): OrderState.SIGNED,
    (OrderState.SIGNED, OrderTrigger.CONTACT_DUE): OrderState.SIGNED,
    # Whoever asked that the clock stand still has accepted the matter: no return from here.
    (OrderState.PAUSED, OrderTrigger.CONTACTED): OrderState.PAUSED,
    (OrderState.PAUSED, OrderTrigger.PROGRESSED): OrderState.PAUSED,
    (OrderState.PAUSED, OrderTrigger.REQUESTED): OrderState.PAUSED,
    (OrderState.PAUSED, OrderTrigger.EXTENDED): OrderState.PAUSED,
    (OrderState.PAUSED, OrderTrigger.CONTINUED): OrderState.SIGNED,
    (OrderState.PAUSED, OrderTrigger.RESOLVED): OrderState.RESOLVED,
    (OrderState.PAUSED, OrderTrigger.RECALLED): OrderState.RECALLED,
    (OrderState.PAUSED, OrderTrigger.CONTACT_DUE): OrderState.PAUSED,
    (OrderState.DEFERRED, OrderTrigger.CONTACTED): OrderState.DEFERRED,
    (OrderState.DEFERRED, OrderTrigger.PROGRESSED): OrderState.DEFERRED,
    (OrderState.DEFERRED, OrderTrigger.REQUESTED): OrderState.DEFERRED,
    (OrderState.DEFERRED, OrderTrigger.EXTENDED): OrderState.DEFERRED,
    (OrderState.DEFERRED, OrderTrigger.CONTINUED): OrderState.SIGNED,
    (OrderState.DEFERRED, OrderTrigger.RESOLVED): OrderState.RESOLVED,
    (OrderState.DEFERRED, OrderTrigger.RECALLED): OrderState.RECALLED,
    (OrderState.DEFERRED, OrderTrigger.CONTACT_DUE): OrderState.DEFERRED,
}

CASE_FINAL: Final = frozenset({CaseState.CLOSED})
ORDER_FINAL: Final = frozenset({OrderState.RESOLVED, OrderState.RETURNED, OrderState.RECALLED})
#: The order's clock stands still.
ORDER_STILL: Final = frozenset({OrderState.PAUSED, OrderState.DEFERRED})

#: Rule 4: who or what ends each state; nothing waits for nobody. Two tables, because equal
#: words of two enumerations are equal keys.
CASE_WAITS_FOR: Final[Mapping[CaseState, tuple[str, ...]]] = {
    CaseState.HELD: (
        "deadline `unassigned`",
        "the router, which routes a returned case anew",
        "an operator in triage",
    ),
    CaseState.HANDLING: ("deadline `due` of the lead's order", "the lead agency"),
    CaseState.RESOLVED: ("deadline `callback`", "the citizen", "the notifier's lapse"),
    CaseState.MERGED: ("the case it was merged into, whose end tells it", "the citizen"),
    CaseState.ANSWERED: ("nobody: it counts as closed, and the citizen may ask on",),
}
ORDER_WAITS_FOR: Final[Mapping[OrderState, tuple[str, ...]]] = {
    OrderState.DISPATCHED: ("deadlines `sign`, `contact`, `at-risk`, `due`", "the agency"),
    OrderState.SIGNED: ("deadlines `contact`, `at-risk`, `due`", "the agency"),
    OrderState.PAUSED: ("deadline `resume`", "the agency", "an officer"),
    OrderState.DEFERRED: ("deadline `resume`", "the agency", "who supervises it"),
}


def next_case(state: CaseState | None, trigger: CaseTrigger) -> CaseState | Ignored:
    """Look up where a case goes; a pair that isn't in the table is ignored."""
    following = CASE.get((state, trigger))
    return following if following is not None else Ignored(f"case-{state or 'new'}-not-{trigger}")


def next_order(state: OrderState, trigger: OrderTrigger) -> OrderState | Ignored:
    """Look up where an order goes; a pair that isn't in the table is ignored."""
    following = ORDER.get((state, trigger))
    return following if following is not None else Ignored(f"order-{state}-not-{trigger}")


@dataclass(frozen=True, slots=True)
class ReturnRefusal:
    """Why a return doesn't count, as `OrderReturnRefused` says it."""

    refused_as: str
    why: str


_HEARD: Final[Mapping[str, str]] = {
    "designated": "You were designated after a consultation.",
    "meanwhile": "You handle it until the consultation has decided.",
}


def return_refusal(
    order: Order, reported_at: datetime, returnable_until: datetime | None
) -> ReturnRefusal | None:
    """Say why an order may not be returned, or None where it may.

    An assisting agency was asked for its part, not for the case; it resolves its order
    with the reason instead. An agency that has answered once may not find out in the
    second round that the matter was never its own (首接负责, 接诉即办工作条例 art. 14). Who was
    designated after a dispute (指定办理), or goes on meanwhile (先办后议), has been heard.

    Args:
        order: The order.
        reported_at: When the agency said so.
        returnable_until: The policy's limit; None where it has none.
    """
    if order.role != "lead":
        why = "An assisting agency doesn't return an order: report your part, or why there is none."
        return ReturnRefusal("assists", why)
    if order.round > 1:
        return ReturnRefusal("reopened", "You have answered this matter before, so it is yours.")
    if order.tenure in _HEARD:
        return ReturnRefusal(order.tenure, _HEARD[order.tenure])
    if returnable_until is not None and reported_at > returnable_until:
        return ReturnRefusal(
            "too-late", f"It could be returned until {returnable_until:%F %H:%MZ}."
        )
    return None
