"""Two rules, equally narrow, that send one complaint to different agencies."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

from services.policy.catalogue import FILE, Rule
from services.policy.checks.overlap import (
    AreaMeetings,
    excludes_all,
    natures_of,
    scopes,
    share_a_text,
    share_answers,
)
from services.policy.specificity import specificity_of

if TYPE_CHECKING:
    from services.policy.faults import FaultLog
    from services.policy.policy import Policy


def check_conflicts(policy: Policy, faults: FaultLog) -> None:
    """Name every pair of rules that a complaint could be torn between.

    Equal specificity leaves few pairs: the same category, the same place, and every other
    kind of condition in both or in neither.

    Args:
        policy: As read.
        faults: Gets an error at the later rule of each pair.
    """
    areas = AreaMeetings(policy)
    groups: dict[tuple[object, ...], list[Rule]] = {}
    for rule in policy.catalogue:
        key = (rule.category, specificity_of(rule, 0, 0))
        groups.setdefault(key, []).append(rule)
    for rules in groups.values():
        for first, second in combinations(rules, 2):
            if first.lead != second.lead and _can_meet(policy, areas, first, second):
                message = (
                    f"rule {second.id} conflicts with {first.id} (line {first.line}): equally "
                    f"narrow, yet {second.lead} here and {first.lead} there"
                )
                faults.error(FILE, second.line, message)


def _can_meet(policy: Policy, areas: AreaMeetings, first: Rule, second: Rule) -> bool:
    common = set(scopes(first)) & set(scopes(second))
    return (
        any(
            not excludes_all(policy, first, scope) and not excludes_all(policy, second, scope)
            for scope in common
        )
        and bool(natures_of(first) & natures_of(second))
        and (not first.words or share_a_text(first, second))
        and share_answers(first.attributes, second.attributes)
        and first.times.meets(second.times)
        and (not first.areas or areas.share(first, second))
    )
