"""What may follow what, for a call-back (回访).

Rules of this file:
Rule 1. Everything that decides whether a call-back may change is in this table.
Rule 2. A pair that isn't in it is not an error: citizens, operators, clocks and the tracker act
at the same time and learn of each other late. It is ignored, with a reason, and changes nothing.
Rule 3. Every state that isn't final has a deadline, at the latest `lapse`: each one ends.

`docs/lifecycle.md` is generated from the table.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Final

from services.runtime.step import Ignored

if TYPE_CHECKING:
    from collections.abc import Mapping


class CallbackState(StrEnum):
    """Where a call-back stands."""

    WAITING = "waiting"  #: For the next attempt, or for the answer.
    DUE = "due"  #: The vault is asked now; then a message is sent, or a call opened.
    CALLABLE = "callable"  #: An operator is to call now.
    LAPSED = "lapsed"  #: Nobody could be asked, or nobody answered, or it wasn't drawn.
    CANCELLED = "cancelled"  #: The answer came, or the case went on without it.


class CallbackTrigger(StrEnum):
    """What can happen to a call-back."""

    ATTEMPT_DUE = "attempt-due"  #: An attempt's instant has come.
    CALL_DUE = "call-due"  #: The vault knows a number, and the person may be called.
    PUT_OFF = "put-off"  #: Not now: the hours are over, or our vault was silent.
    MESSAGED = "messaged"  #: A message was sent, or its channel failed.
    CLAIMED = "claimed"  #: An operator takes the call on.
    CALLED = "called"  #: The operator called, and nobody answered the questions.
    ORDERED = "ordered"  #: A supervisor orders one more call (再次回访).
    UNREACHABLE = "unreachable"  #: Nobody is known who could be asked.
    NOT_DRAWN = "not-drawn"  #: The policy asks a sample only.
    TIMED_OUT = "timed-out"  #: No answer counts any more.
    SETTLED = "settled"  #: The tracker has the verdict, or closed the case.


_S, _T = CallbackState, CallbackTrigger

#: None is "not asked for yet".
CALLBACK: Final[Mapping[tuple[CallbackState | None, CallbackTrigger], CallbackState]] = {
    (None, _T.ATTEMPT_DUE): _S.DUE,
    (None, _T.PUT_OFF): _S.WAITING,
    (None, _T.UNREACHABLE): _S.LAPSED,
    (None, _T.NOT_DRAWN): _S.LAPSED,
    (_S.WAITING, _T.ATTEMPT_DUE): _S.DUE,
    (_S.WAITING, _T.PUT_OFF): _S.WAITING,
    (_S.WAITING, _T.ORDERED): _S.WAITING,
    (_S.WAITING, _T.TIMED_OUT): _S.LAPSED,
    (_S.WAITING, _T.SETTLED): _S.CANCELLED,
    (_S.DUE, _T.MESSAGED): _S.WAITING,
    (_S.DUE, _T.CALL_DUE): _S.CALLABLE,
    (_S.DUE, _T.PUT_OFF): _S.WAITING,
    (_S.DUE, _T.UNREACHABLE): _S.LAPSED,
    (_S.DUE, _T.TIMED_OUT): _S.LAPSED,
    (_S.DUE, _T.SETTLED): _S.CANCELLED,
    (_S.CALLABLE, _T.CLAIMED): _S.CALLABLE,
    (_S.CALLABLE, _T.CALLED): _S.WAITING,
    (_S.CALLABLE, _T.PUT_OFF): _S.WAITING,
    (_S.CALLABLE, _T.TIMED_OUT): _S.LAPSED,
    (_S.CALLABLE, _T.SETTLED): _S.CANCELLED,
    # A message that was on its way when it ended: the person did get it, so it is told.
    (_S.LAPSED, _T.MESSAGED): _S.LAPSED,
    (_S.CANCELLED, _T.MESSAGED): _S.CANCELLED,
}

CALLBACK_FINAL: Final = frozenset({CallbackState.LAPSED, CallbackState.CANCELLED})

#: Rule 3: who or what ends each state.
CALLBACK_WAITS_FOR: Final[Mapping[CallbackState, tuple[str, ...]]] = {
    CallbackState.WAITING: ("deadlines `attempt`, `lapse`", "the citizen's answer"),
    CallbackState.DUE: ("the notifier, which asks the vault and sends", "deadline `lapse`"),
    CallbackState.CALLABLE: (
        "an operator",
        "deadlines `attempt` (the end of the hours), `lapse`",
        "the citizen's answer",
    ),
}


def next_callback(state: CallbackState | None, trigger: CallbackTrigger) -> CallbackState | Ignored:
    """Look up where a call-back goes; a pair that isn't in the table is ignored."""
    following = CALLBACK.get((state, trigger))
    if following is not None:
        return following
    return Ignored(f"callback-{state or 'new'}-not-{trigger}")
