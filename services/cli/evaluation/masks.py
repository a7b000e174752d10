"""How many planted identities the door masks, and how much it masks that it should leave."""

from __future__ import annotations

import re
from random import Random
from typing import TYPE_CHECKING, Any

from services.cli.evaluation.places import share
from services.cli.evaluation.planting import IDENTITIES, LURES, Plant, draw
from services.intake.decide.masking import MASKS, mask

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

#: Plants of each kind: enough for a rate to about two hundredths.
PLANTS = 300
#: Texts without a plant that are masked.
_UNPLANTED_MAX = 4000
_SEED = 12345

#: So many characters of a number in a row would give it away.
_LEAK_LENGTH = 5

#: Where a phrase may stand: at either end, or behind a stop.
_STOP = re.compile(r"[，。；！？,;!?]|^|$")


def evaluate_masking(rows: Sequence[Mapping[str, str]]) -> dict[str, Any]:
    """Plant identities and lures into rows' texts and see what is left of them.

    Args:
        rows: With `text_stripped`.

    Returns:
        `recall` over identities, `false_rate` over lures, both per kind too, with the
        numbers planted; and `unplanted_per_1000`: masks in a thousand texts into which
        nothing was planted (some hide real identities that are still in the file).
    """
    random = Random(_SEED)  # noqa: S311 - repeatable on purpose
    texts = [row["text_stripped"] for row in rows if row["text_stripped"].strip()]
    masked = {kind: _masked(kind, texts, random) for kind in (*IDENTITIES, *LURES)}
    found = {kind: masked[kind] for kind in IDENTITIES}
    lured = {kind: masked[kind] for kind in LURES}
    number = PLANTS if texts else 0
    return {
        "n": number * len(found),
        "recall": share(sum(found.values()), number * len(found)),
        "false_rate": share(sum(lured.values()), number * len(lured)),
        "lures": number * len(lured),
        "recall_by_kind": {kind: share(count, number) for kind, count in found.items()},
        "false_rate_by_kind": {kind: share(count, number) for kind, count in lured.items()},
        "unplanted_per_1000": _unplanted(texts, random),
    }


def _masked(kind: str, texts: Sequence[str], random: Random) -> int:
    """Count how many of a kind's plants are masked."""
    if not texts:
        return 0
    count = 0
    for _ in range(PLANTS):
        text = random.choice(texts)
        if kind in IDENTITIES:
            plant = draw(kind, IDENTITIES[kind], random)
            count += is_hidden(plant, text, mask(planted(text, plant, random)))
        else:
            plant = draw(kind, LURES[kind], random)
            shown = mask(planted(text, plant, random))
            count += shown.count(plant.core) <= text.count(plant.core)
    return count


def planted(text: str, plant: Plant, random: Random) -> str:
    """Put a phrase into a text, at an end of it or behind a stop."""
    at = random.choice([match.end() for match in _STOP.finditer(text)])
    return text[:at] + plant.words + text[at:]


def is_hidden(plant: Plant, text: str, shown: str) -> bool:
    """Tell whether nothing of an identity is left that would give it away.

    Args:
        plant: What was put in.
        text: The text before.
        shown: The text with the plant, masked.
    """
    core = plant.core
    length = min(_LEAK_LENGTH, len(core))
    pieces = {core[at : at + length] for at in range(len(core) - length + 1)}
    return all(shown.count(piece) <= text.count(piece) for piece in pieces)


def _unplanted(texts: Sequence[str], random: Random) -> float | None:
    chosen = random.sample(texts, min(len(texts), _UNPLANTED_MAX))
    extra = sum(
        max(0, sum(shown.count(sign) - text.count(sign) for sign in MASKS))
        for text in chosen
        for shown in (mask(text),)
    )
    per_text = share(extra, len(chosen))
    return None if per_text is None else round(1000 * per_text, 1)
