"""Say of rules that fit why each did or didn't decide."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.router.decide.decision import Trial, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator

    from services.router.decide.catalogue import Match


def trials_of_best(best: tuple[Match, ...], leading: Match | None = None) -> Iterator[Trial]:
    """Say what became of the deciding rules; `leading` goes before others' leads, if any does."""
    is_conflict = len({match.lead for match in best}) > 1
    for match in best:
        if leading is match:
            verdict, why = Verdict.CHOSEN, "duties overlap, and its lead is the city's"
        elif leading is not None and match.lead != leading.lead:
            verdict, why = Verdict.LESS_SPECIFIC, f"duties overlap: the lead of {leading.rule.id}"
        elif leading is not None:
            verdict, why = Verdict.AGREES, f"as specific as {leading.rule.id}, and the same lead"
        elif is_conflict:
            rivals = ", ".join(other.rule.id for other in best if other.lead != match.lead)
            verdict, why = Verdict.CONFLICT, f"as specific as {rivals}, which names another lead"
        elif match is best[0]:
            verdict, why = Verdict.CHOSEN, "the most specific rule that matches"
        else:
            verdict, why = Verdict.AGREES, f"as specific as {best[0].rule.id}, and the same lead"
        yield Trial(match.rule.id, verdict, why, match.specificity, match.lead)


def trials_of_others(others: tuple[Match, ...], best: tuple[Match, ...]) -> Iterator[Trial]:
    """Say why each of the other matches lost."""
    for match in others:
        why = f"less specific than {best[0].rule.id}: {_difference(match, best[0])}"
        yield Trial(match.rule.id, Verdict.LESS_SPECIFIC, why, match.specificity, match.lead)


def _difference(loser: Match, winner: Match) -> str:
    """Name the first field in which two matches differ; it is what decided."""
    fields = zip(loser.specificity._fields, loser.specificity, winner.specificity, strict=True)
    name, lost, won = next(field for field in fields if field[1] != field[2])
    return f"{name} depth {lost} against {won}" if name in _DEPTHS else f"no {_TOLD[name]}"


_DEPTHS = ("place", "category")
_TOLD = {
    "area": "area",
    "attributes": "attribute",
    "words": "words",
    "nature": "nature",
    "hours": "hours",
    "season": "season",
    "validity": "first or last day",
}
