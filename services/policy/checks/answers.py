"""Answers that can't be given, that contradict each other, or that nobody has reviewed."""

from __future__ import annotations

from datetime import timedelta
from itertools import combinations
from typing import TYPE_CHECKING

from services.policy.answers import ANSWERED, FILE, NOT_ANSWERED, KnowledgeEntry

if TYPE_CHECKING:
    from datetime import date

    from services.policy.faults import FaultLog
    from services.policy.policy import Policy

#: Long enough for the owner to review an entry before it ends.
_WARNED_BEFORE = timedelta(days=30)


def check_answers(policy: Policy, faults: FaultLog, today: date | None) -> None:
    """Check the answers kept as knowledge.

    Args:
        policy: As read, perhaps unsound.
        faults: Where faults go.
        today: Where given, an entry that has ended or soon ends is a warning.
    """
    for entry in policy.answers:
        _check_codes(policy, entry, faults)
        _check_examples(entry, faults)
        if entry.answer and policy.city.language not in entry.answer:
            message = f"the answer lacks the city's language, {policy.city.language}"
            faults.error(FILE, entry.line, message)
        if today is not None:
            _check_days(entry, faults, today)
    _check_contradictions(policy, faults)


def _check_contradictions(policy: Policy, faults: FaultLog) -> None:
    """Compare entries of one category only: of others one is the narrower, or none fits both."""
    groups: dict[tuple[tuple[str, ...], bool], list[KnowledgeEntry]] = {}
    for entry in policy.answers:
        key = (policy.category_chain(entry.category)[:1], bool(entry.words))
        groups.setdefault(key, []).append(entry)
    for entries in groups.values():
        for first, second in combinations(entries, 2):
            if _contradict(first, second):
                message = (
                    f"entry {second.id} contradicts {first.id} (line {first.line}): equally "
                    "narrow, yet another answer to the same question"
                )
                faults.error(FILE, second.line, message)


def _check_codes(policy: Policy, entry: KnowledgeEntry, faults: FaultLog) -> None:
    if entry.category is not None and entry.category not in policy.categories:
        faults.error(FILE, entry.line, f"no category has the code {entry.category!r}")
    if entry.owner and entry.owner not in policy.agencies:
        faults.error(FILE, entry.line, f"no agency has the code {entry.owner!r}")
    for example in entry.examples:
        if example.category is not None and example.category not in policy.categories:
            faults.error(FILE, example.line, f"no category has the code {example.category!r}")


def _check_examples(entry: KnowledgeEntry, faults: FaultLog) -> None:
    for example in entry.examples:
        if example.expect and example.expect not in (ANSWERED, NOT_ANSWERED):
            message = f"{example.expect!r} is neither {ANSWERED!r} nor {NOT_ANSWERED!r}"
            faults.error(FILE, example.line, message)
    if entry.examples and all(example.expect != ANSWERED for example in entry.examples):
        faults.error(FILE, entry.line, "no example shows what the entry answers")


def _check_days(entry: KnowledgeEntry, faults: FaultLog, today: date) -> None:
    until = entry.valid_until
    if until < today:
        message = f"it ended on {until} and isn't used any more: {entry.owner} must review it"
        faults.warning(FILE, entry.line, message)
    elif until - today <= _WARNED_BEFORE:
        faults.warning(FILE, entry.line, f"it ends on {until}: {entry.owner} must review it")


def _contradict(first: KnowledgeEntry, second: KnowledgeEntry) -> bool:
    """Tell whether a question exists that both answer, neither being the narrower.

    Two of the same depth on different branches of the categories can't both fit.
    """
    if first.answer == second.answer or not set(first.natures) & set(second.natures):
        return False
    if first.words and not _share_a_text(first, second):
        return False
    return bool(set(first.places or (None,)) & set(second.places or (None,)))


def _share_a_text(first: KnowledgeEntry, second: KnowledgeEntry) -> bool:
    """Tell whether one word makes both fit; as for rules, words far apart don't count."""
    return any(
        (one in other or other in one)
        and not any(word in one + other for word in (*first.unless_words, *second.unless_words))
        for one in first.words
        for other in second.words
    )
