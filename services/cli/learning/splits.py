"""Which orders are learned from, and which are held out: by group, and by time."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING
from zlib import crc32

if TYPE_CHECKING:
    from collections.abc import Sequence

    from services.cli.learning.orders import Order

_FOLDS = 5
#: The last month must hold at least one in so many orders, or earlier ones are added.
_LAST_PART = 20


@dataclass(frozen=True, slots=True)
class Split:
    """Orders on both sides; no group has orders on both."""

    learned: tuple[Order, ...]
    held_out: tuple[Order, ...]
    since: str = ""  #: Of a split by time: ISO date of the first day held out.


def by_group(orders: Sequence[Order]) -> Split:
    """Hold out a fifth of the groups; the same ones for the same file."""
    parts: tuple[list[Order], list[Order]] = ([], [])
    for order in orders:
        parts[crc32(f"held out:{order.example.group}".encode()) % _FOLDS == 0].append(order)
    return Split(tuple(parts[0]), tuple(parts[1]))


def by_time(orders: Sequence[Order]) -> Split | None:
    """Hold out the last calendar month of a file.

    An earlier order of a group that also has later ones is on neither side: it would be a
    hint that the future gives.

    Returns:
        None if the dated orders lie in one month.
    """
    since = _last_months(orders)
    if since is None:
        return None
    later = [order for order in orders if order.example.date >= since]
    groups = {order.example.group for order in later}
    earlier = tuple(
        order
        for order in orders
        if "" < order.example.date < since and order.example.group not in groups
    )
    return Split(earlier, tuple(later), since)


def _last_months(orders: Sequence[Order]) -> str | None:
    months = Counter(order.example.date[:7] for order in orders if order.example.date)
    found, since = 0, None
    for month in sorted(months, reverse=True)[:-1]:
        found, since = found + months[month], f"{month}-01"
        if found * _LAST_PART >= months.total():
            break
    return since
