"""A model's file: a ZIP of `card.json` and plain number arrays (`.npy`). Never a pickle.

Reading one runs no code of its writer. A file is refused, with the reason, if it is damaged,
of another kind or version, or if the policy no longer means what it can say.
"""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
import zlib
from typing import TYPE_CHECKING, Any

import numpy as np

from services.learning.confidence import Confidence
from services.learning.features import Vocabulary
from services.learning.model import Classes, Model
from services.learning.neighbours import Past
from services.learning.taxonomy import differences, fingerprint, taxonomy_of
from services.learning.weights import Weights

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from services.policy import Policy

    Floats = NDArray[np.float32]

FORMAT = "whistle-model-2"
_CARD = "card.json"
#: No honest model is larger; a file that unpacks to more is an attack or a mistake.
_BYTES_MAX = 2_000_000_000
_SHOWN_MAX = 3


#: What reading a damaged file can raise: of the ZIP, of its compression, of what lies in it.
_BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    NotImplementedError,
    RuntimeError,
    KeyError,
    TypeError,
    ValueError,
)


class ModelError(ValueError):
    """The file is no model that can be used; the message says why."""


def save(model: Model, path: Path) -> None:
    """Write a model; an older file is replaced only by a whole new one.

    Raises:
        OSError: It can't be written.
    """
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as file:
        card = {**model.card, "classes": _classes(model.classes), "past": _past(model)}
        file.writestr(_CARD, json.dumps(card, ensure_ascii=False, indent=1))
        for name, array in _arrays(model).items():
            written = io.BytesIO()
            np.save(written, np.ascontiguousarray(array), allow_pickle=False)
            file.writestr(f"{name}.npy", written.getvalue())
    beside = path.with_name(path.name + ".part")
    beside.write_bytes(content.getvalue())
    beside.replace(path)


def load(path: Path, policy: Policy) -> Model:
    """Read a model for a policy.

    Args:
        path: Written by `save`.
        policy: The city's, as it is now.

    Raises:
        ModelError: The file is damaged or no model, or was trained for another taxonomy.
        OSError: It can't be opened.
    """
    content = path.read_bytes()
    try:
        card, arrays = _unpacked(content)
        classes = Classes(
            labels=tuple(card["classes"]["labels"]),
            offices=tuple(card["classes"]["offices"]),
            categories=tuple(card["classes"]["categories"]),
            offices_of=tuple(tuple(of) for of in card["classes"]["offices_of"]),
        )
        weights = _weights(card, arrays)
        _check_shapes(weights, classes)
        trained = dict(card["taxonomy"]["meant"])
        seen = arrays["seen"]
    except _BROKEN as error:
        raise ModelError(f"{path}: not a whole model: {error}") from error
    _check_taxonomy(path, trained, policy, classes)
    digest = hashlib.sha256(content).hexdigest()
    return Model(weights, classes, card=card, seen=seen, policy=policy, digest=digest)


def _unpacked(content: bytes) -> tuple[dict[str, Any], dict[str, Any]]:
    with zipfile.ZipFile(io.BytesIO(content)) as file:
        if sum(part.file_size for part in file.infolist()) > _BYTES_MAX:
            raise ModelError(f"the file would unpack to more than {_BYTES_MAX:,} bytes")
        card = json.loads(file.read(_CARD))
        arrays = {
            name.removesuffix(".npy"): np.load(io.BytesIO(file.read(name)), allow_pickle=False)
            for name in file.namelist()
            if name.endswith(".npy")
        }
    if not isinstance(card, dict) or card.get("format") != FORMAT:
        raise ModelError(f"its card names no format {FORMAT}")
    return card, arrays


def _check_taxonomy(
    path: Path, trained: Mapping[str, str], policy: Policy, classes: Classes
) -> None:
    now = taxonomy_of(policy, classes.offices or classes.labels, classes.categories)
    if fingerprint(now) == fingerprint(trained):
        return
    other = differences(trained, now) or ["its card names other classes than it has"]
    more = f" and {len(other) - _SHOWN_MAX} more" if len(other) > _SHOWN_MAX else ""
    raise ModelError(
        f"{path}: trained for another taxonomy: {'; '.join(other[:_SHOWN_MAX])}{more}."
        " Train it again with this policy"
    )


def _check_shapes(weights: Weights, classes: Classes) -> None:
    size, hidden = len(classes.labels), len(weights.hidden_bias)
    sizes = (size, len(classes.offices), len(classes.categories))
    is_sound = (
        weights.pieces.shape == (len(weights.vocabulary.keys), 2 * size + hidden)
        and len(weights.vocabulary.rarity) == len(weights.vocabulary.keys) > 0
        and len(weights.linear_bias) == len(weights.plenty) == len(classes.offices_of) == size
        and all(
            head.shape == (hidden, n) for (head, _), n in zip(weights.heads, sizes, strict=True)
        )
        and all(len(bias) == n for (_, bias), n in zip(weights.heads, sizes, strict=True))
        and weights.past.hidden.shape == (len(weights.past.classes), hidden)
        and len(weights.past.classes) == len(weights.past.order_ids) == len(weights.past.dates)
        and all(0 <= office < sizes[1] for of in classes.offices_of for office in of)
    )
    if not is_sound:
        raise ModelError("its arrays don't fit together")


def _classes(classes: Classes) -> dict[str, Any]:
    return {
        "labels": classes.labels,
        "offices": classes.offices,
        "categories": classes.categories,
        "offices_of": classes.offices_of,
    }


def _past(model: Model) -> dict[str, Any]:
    past = model.weights.past
    return {"order_ids": past.order_ids, "dates": past.dates}


_CONFIDENCES = ("confidence", "category_confidence")
_HEADS = ("label", "office", "category")


def _arrays(model: Model) -> dict[str, Any]:
    weights = model.weights
    arrays: dict[str, Any] = {
        "keys": weights.vocabulary.keys,
        "rarity": weights.vocabulary.rarity,
        "pieces": weights.pieces,
        "linear_bias": weights.linear_bias,
        "hidden_bias": weights.hidden_bias,
        "plenty": weights.plenty,
        "past": weights.past.hidden.astype(np.float16),
        "past_classes": weights.past.classes,
        "seen": model.seen,
    }
    for name, (head, bias) in zip(_HEADS, weights.heads, strict=True):
        arrays[f"{name}_head"], arrays[f"{name}_head_bias"] = head, bias
    for name, sure in zip(
        _CONFIDENCES, (weights.confidence, weights.category_confidence), strict=True
    ):
        if sure is not None:
            arrays[name] = np.stack(
                (np.append(sure.mean, 0), np.append(sure.spread, 1), sure.weights)
            )
    return arrays


def _weights(card: Mapping[str, Any], arrays: Mapping[str, Any]) -> Weights:
    past = card["past"]
    return Weights(
        vocabulary=Vocabulary(arrays["keys"], arrays["rarity"]),
        pieces=arrays["pieces"],
        linear_bias=arrays["linear_bias"],
        hidden_bias=arrays["hidden_bias"],
        heads=tuple((arrays[f"{name}_head"], arrays[f"{name}_head_bias"]) for name in _HEADS),
        plenty=arrays["plenty"],
        past=Past(
            arrays["past"].astype(np.float32),
            arrays["past_classes"],
            tuple(past["order_ids"]),
            tuple(past["dates"]),
        ),
        confidence=_confidence(arrays.get("confidence")),
        category_confidence=_confidence(arrays.get("category_confidence")),
    )


def _confidence(array: Floats | None) -> Confidence | None:
    if array is None:
        return None
    return Confidence(array[0, :-1], array[1, :-1], array[2])
