"""What one file alone can't show: unknown codes, conflicts, rules nothing can reach."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.policy.checks.answers import check_answers
from services.policy.checks.conflicts import check_conflicts
from services.policy.checks.jurisdiction import check_jurisdiction
from services.policy.checks.promises import check_promises
from services.policy.checks.reach import check_reach
from services.policy.checks.references import check_references
from services.policy.checks.slips import check_slips
from services.policy.checks.statute import check_statute
from services.policy.checks.texts import check_texts

if TYPE_CHECKING:
    from datetime import date

    from services.policy.faults import FaultLog
    from services.policy.policy import Policy


def check_policy(policy: Policy, faults: FaultLog, today: date | None) -> None:
    """Check a bundle across its files.

    Args:
        policy: As read, perhaps unsound.
        faults: Where faults go.
        today: Where given, the calendar must reach this year, or it is a warning.
    """
    check_references(policy, faults)
    check_promises(policy, faults)
    check_jurisdiction(policy, faults)
    check_conflicts(policy, faults)
    check_reach(policy, faults)
    check_texts(policy, faults, today)
    check_answers(policy, faults, today)


def check_anew(policy: Policy, faults: FaultLog, today: date | None) -> None:
    """Check what is asked of a bundle before it is published, and of no stored one.

    Args:
        policy: As read, perhaps unsound.
        faults: Where faults go.
        today: Where given, a rule whose last day has passed is a warning.
    """
    check_statute(policy, faults, today)
    check_slips(policy, faults)
