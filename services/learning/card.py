"""A model's card: what it is, what it was learned from, how good it was, what it holds."""

from __future__ import annotations

from collections import Counter
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from services.learning.storage import FORMAT
from services.learning.taxonomy import fingerprint, taxonomy_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from services.learning.example import Example
    from services.learning.model import Model
    from services.policy import Policy

#: What a reader of the file finds in it.
HOLDS = (
    "Weights of pieces of one to three characters and of alphabetic words, each held by at"
    " least three orders; names of departments, offices and categories; of the latest orders"
    " the id, the date and a vector; marks (cut SHA-256) of every order's id, group and words."
    " No text of any order. Weights of rare pieces and vectors still say something about those"
    " orders: treat the file like the records."
)
LIBRARIES = ("numpy", "scipy", "scikit-learn")


def card_of(
    model: Model,
    examples: Sequence[Example],
    policy: Policy,
    *,
    source: str,
    scores: Mapping[str, Any],
) -> dict[str, Any]:
    """Write a model's card.

    Args:
        model: Just trained.
        examples: What it was trained on.
        policy: The city's.
        source: Name of the records' file.
        scores: Of a model like it on orders that it hasn't seen.
    """
    classes = model.classes
    meant = taxonomy_of(policy, classes.offices or classes.labels, classes.categories)
    dates = sorted(one.date for one in examples if one.date)
    return {
        "format": FORMAT,
        "target": "department",
        "city": policy.city.code,
        "source": source,
        "orders": len(examples),
        "window": {"first": dates[0], "last": dates[-1]} if dates else None,
        "departments": dict(Counter(one.label for one in examples).most_common()),
        "scores": dict(scores),
        "taxonomy": {"fingerprint": fingerprint(meant), "policy": policy.hash, "meant": meant},
        "libraries": {name: version(name) for name in LIBRARIES},
        "holds": HOLDS,
    }
