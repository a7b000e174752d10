"""What `whistle evaluate router` measures: suggestions for orders that nothing learned from.

Without a model, one is trained on part of the file and asked about the rest, twice: by
group and by time. With a model, it is asked about every order of the file whose id, group
and words its card doesn't mark as seen.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from services.cli.evaluation.ceiling import ceiling
from services.cli.learning.asking import askable, category_figures, judged
from services.cli.learning.command import trained
from services.cli.learning.splits import by_group, by_time
from services.learning.measures import figures
from services.learning.orders import has_any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from services.cli.learning.orders import Order, Orders
    from services.learning import Model
    from services.learning.measures import Judged
    from services.policy import Policy

#: What was tried on real orders is told in docs/learning.md; these are what measured best.
FAMILIES = ("linear support vectors", "complement naive Bayes", "small network", "joined")


def evaluate_split(orders: Orders, policy: Policy, step: Callable[[], None]) -> dict[str, Any]:
    """Train on part of a file and measure on the rest.

    Returns:
        The figures by group; by time under `time` (None if all orders lie in one month).
    """
    split = by_group(orders.rows)
    model = trained(split.learned, policy, step)
    found = _figures(model, split.held_out, split.learned)
    by_month = by_time(orders.rows)
    found["time"] = None
    if by_month is not None:
        model = trained(by_month.learned, policy, step)
        later = _figures(model, by_month.held_out, by_month.learned)
        found["time"] = {"since": by_month.since, **later}
    found["ceiling"] = ceiling([order.example for order in orders.rows])
    return {**found, **_counts(orders)}


def evaluate_model(orders: Orders, model: Model) -> dict[str, Any]:
    """Measure a model on the orders of a file that it hasn't seen.

    Returns:
        The figures over all of them; over those later than its window under `time`.
    """
    fresh = [order for order in orders.rows if not has_any(model.seen, order.marks)]
    last = (model.card.get("window") or {}).get("last", "")
    later = [order for order in fresh if order.example.date > last] if last else []
    found = _figures(model, fresh, ())
    found["time"] = {"since": last, **_figures(model, later, ())} if later else None
    found["ceiling"] = ceiling([order.example for order in orders.rows])
    return {**found, **_counts(orders), "seen": len(orders.rows) - len(fresh)}


def _counts(orders: Orders) -> dict[str, Any]:
    return {
        "rows": len(orders.rows) + orders.unlabelled,
        "bad_rows": orders.bad,
        "unlabelled": orders.unlabelled,
        "families": FAMILIES,
    }


def _figures(model: Model, held_out: Sequence[Order], learned: Sequence[Order]) -> dict[str, Any]:
    asked = askable(model, held_out)
    answers = judged(model, asked)
    return {
        **figures(answers),
        "learned": model.card["orders"],
        "too_rare": len(held_out) - len(asked),
        "one_office": _one_office(answers, learned or held_out),
        "category": category_figures(model, held_out),
    }


def _one_office(answers: Sequence[Judged], orders: Sequence[Order]) -> dict[str, Any]:
    """Measure again with names of one office counted as one.

    Records may spell a department in two ways for the very same offices. A name is an alias
    if most of its orders went to offices that more often have the other name.
    """
    names = aliases(orders)

    def known(label: str) -> str:
        return names.get(label, label)

    joined = [
        replace(one, truth=known(one.truth), said=tuple(dict.fromkeys(map(known, one.said))))
        for one in answers
    ]
    kept = ("top1", "top3", "macro_f1", "coverage_at_98")
    found = figures(joined)
    return {**{name: found[name] for name in kept}, "aliases": names}


def aliases(orders: Sequence[Order]) -> Mapping[str, str]:
    """Find departments that another name stands for, by the offices that had the orders."""
    names: dict[str, Counter[str]] = defaultdict(Counter)
    for order in orders:
        if order.example.unit:
            names[order.example.unit][order.example.label] += 1
    usual = {unit: _commonest(counts) for unit, counts in names.items()}
    under: dict[str, Counter[str]] = defaultdict(Counter)
    for unit, counts in names.items():
        for label, count in counts.items():
            under[label][usual[unit]] += count
    found = {label: _commonest(counts) for label, counts in under.items()}
    return {label: name for label, name in found.items() if label != name == found.get(name)}


def _commonest(counts: Counter[str]) -> str:
    """Name the commonest; of two equal ones always the same."""
    return max(sorted(counts), key=lambda name: counts[name])
