"""How often the door finds the district and the street, from title and text alone."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from services.cli.evaluation.records import FOLDS, folds_of
from services.cli.training import COLUMNS, record_of
from services.intake.decide.learning import Learner
from services.intake.decide.location import Atlas, Located, locate
from services.intake.decide.place import Gazetteer, UnknownCode, Where, settle_fields

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from services.intake.decide.learning import Record
    from services.intake.decide.place import Level
    from services.policy import Policy

_LEVELS: tuple[Level, ...] = ("district", "street")

#: Confidences for which precision and coverage are told.
THRESHOLDS = (0.3, 0.5, 0.7, 0.8, 0.9, 0.95)


@dataclass(frozen=True, slots=True)
class Answer:
    """What was said about one row, and what is known of it."""

    known: str  #: A division's code.
    best: str | None  #: The first candidate, however sure.
    confidence: float
    settled: str | None  #: What would stand in the event's place.


def evaluate_places(
    rows: Sequence[Mapping[str, str]], policy: Policy, step: Callable[[], None]
) -> dict[str, dict[str, Any]]:
    """Measure districts and streets, each row by a table learned from other folds.

    Args:
        rows: With the columns of `records.COLUMNS`; those with a known place are asked about.
        policy: The city's; its own landmarks count, too.
        step: Called after each fold.

    Returns:
        By level: see `summary`.
    """
    atlas = Atlas(policy)
    gazetteer = atlas.gazetteer
    known = [_known(gazetteer, row) for row in rows]
    folds = folds_of(rows)
    records = [record_of(row, COLUMNS) for row in rows]
    learned = [Learner(gazetteer).learn(record) for record in records]
    answers: dict[Level, list[Answer]] = {level: [] for level in _LEVELS}
    for fold in range(FOLDS):
        learner = Learner(gazetteer)
        for row_fold, one in zip(folds, learned, strict=True):
            if row_fold != fold:
                learner.add_learned(one)
        # The same rows that `whistle train places` would write, and nothing besides.
        table = (*policy.landmarks, *learner.rows())
        asked = Atlas(replace(policy, landmarks=table))
        for record, row_fold, place in zip(records, folds, known, strict=True):
            if row_fold == fold:
                _ask(asked, record, place, answers)
        step()
    return {level: summary(answers[level]) for level in _LEVELS}


def _known(gazetteer: Gazetteer, row: Mapping[str, str]) -> Where:
    found = settle_fields(gazetteer, {level: row[level] for level in _LEVELS})
    return Where() if isinstance(found, UnknownCode) else found


def _ask(atlas: Atlas, record: Record, known: Where, answers: Mapping[Level, list[Answer]]) -> None:
    if known.district is None:
        return
    # Title and text alone: every other column of the row knows the answer.
    found = locate(atlas, {}, title=record.title, text=record.text)
    if isinstance(found, UnknownCode):
        raise TypeError("a request without fields has no wrong field")
    for level in _LEVELS:
        code = getattr(known, level)
        if code is not None:
            answers[level].append(_answer(found, level, code))


def _answer(found: Located, level: Level, known: str) -> Answer:
    best = next((one for one in found.findings if one.kind == level), None)
    return Answer(
        known,
        best.value if best else None,
        best.confidence if best else 0.0,
        getattr(found.where, level),
    )


def summary(answers: Sequence[Answer]) -> dict[str, Any]:
    """Count answers of one level.

    Returns:
        `n` rows with a known answer; `accuracy` of the best candidate over all of them, a
        row without a candidate being wrong; `coverage`, the share with a candidate, and its
        `precision`; `settled`, the same for what would stand in the event's place; and
        `at`, the same for the best candidate from each confidence up. Shares are None
        where there is nothing to share.
    """
    number = len(answers)
    right = sum(one.best == one.known for one in answers)
    best = [one.best == one.known for one in answers if one.best]
    settled = [one.settled == one.known for one in answers if one.settled]
    return {
        "n": number,
        "accuracy": share(right, number),
        **_covered(best, number),
        "settled": _covered(settled, number),
        "at": [
            {
                "confidence": threshold,
                **_covered(
                    [
                        one.best == one.known
                        for one in answers
                        if one.best and one.confidence >= threshold
                    ],
                    number,
                ),
            }
            for threshold in THRESHOLDS
        ],
    }


def _covered(hits: Sequence[bool], number: int) -> dict[str, float | None]:
    return {"coverage": share(len(hits), number), "precision": share(sum(hits), len(hits))}


def share(part: int, whole: int) -> float | None:
    """Divide, to four places; None where there is nothing to divide by."""
    return round(part / whole, 4) if whole else None
