"""Two rules, equally narrow, that send one complaint to different agencies."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

from services.policy.catalogue import FILE, Rule
from services.policy.checks.overlap import (
    excludes_all,
    natures_of,
    scopes,
    share_a_text,
)

if TYPE_CHECKING:
    from services.policy.faults import FaultLog
    from services.policy.policy import Policy


def check_conflicts(policy: Policy, faults: FaultLog) -> None:
    """Name every pair of rules that a complaint could be torn between.

    Equal specificity leaves few pairs: the same category, the same place, words in
    both or neither, natures in both or neither.

    Args:
        policy: As read.
        faults: Gets an error at the later rule of each pair.
    """
    groups: dict[tuple[str | None, bool, bool], list[Rule]] = {}
    for rule in policy.catalogue:
        key = (rule.category, bool(rule.words), bool(rule.natures))
        groups.setdefault(key, []).append(rule)
    for rules in groups.values():
        for first, second in combinations(rules, 2):
            if first.lead != second.lead and _can_meet(policy, first, second):
                message = (
                    f"rule {second.id} conflicts with {first.id} (line {first.line}): equally "
                    f"narrow, yet {second.lead} here and {first.lead} there"
                )
                faults.error(FILE, second.line, message)


def _can_meet(policy: Policy, first: Rule, second: Rule) -> bool:
    if not natures_of(first) & natures_of(second):
        return False
    if first.words and not share_a_text(first, second):
        return False
    common = set(scopes(first)) & set(scopes(second))
    return any(
        not excludes_all(policy, first, scope) and not excludes_all(policy, second, scope)
        for scope in common
    )
