"""How often a street whistles (吹哨率), and whether that is too little or too much.

Too much means that the everyday mechanism is broken, too little that a street carries alone what
it should call for. Neither is a fault by itself: a flag asks for a look. So one whistle more or
less is no habit: a street is flagged only where it would be outside the policy's limits even
with one whistle more, or one less. A street with few orders can't be too low.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from services.tracker.decide.rates import Rate

if TYPE_CHECKING:
    from services.policy.whistles import WhistleRate

Flag = Literal["too-low", "too-high"]

_PER = 1000


def per_1000(whistles: int, orders: int) -> float | None:
    """Whistles per 1,000 orders that a street led, two decimals; None without an order."""
    return round(whistles * _PER / orders, 2) if orders else None


def flag(whistles: int, orders: int, limits: WhistleRate | None) -> Flag | None:
    """Say that a street whistles too rarely or too often; None where it doesn't, or nobody can say.

    Args:
        whistles: That it blew and that stood, in a period.
        orders: That it led, dispatched in the same period.
        limits: The policy's; None: no street is flagged.
    """
    if limits is None or not orders:
        return None
    if (whistles + 1) * _PER < limits.low_per_1000 * orders:
        return "too-low"
    return "too-high" if (whistles - 1) * _PER > limits.high_per_1000 * orders else None


def punctual(done: int, late: int, undone: int) -> Rate:
    """How many kept an instant, of those whose instant is decided.

    Args:
        done: Did it, late or not.
        late: Of these, after their instant.
        undone: Let their instant pass and haven't done it.
    """
    return Rate(done - late, done + undone)
