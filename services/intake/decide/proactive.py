"""A proactive case (主动治理) at the door: is its form right, and what may be told of it?"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from services.events import Proactive, ProactiveAction
from services.events.proactive import LINKS_MAX
from services.intake.decide.commands import Veil

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime
    from uuid import UUID

    from services.intake.decide.whistles import Fault
    from services.policy import Policy

#: A date beyond it is a slip of the pen.
_PLAN_MAX: Final = timedelta(days=3650)


def faults_of(content: Proactive, policy: Policy, now: datetime) -> Iterator[Fault]:
    """List what is wrong with a new proactive case.

    Args:
        content: As the supervisor wrote it.
        policy: In force: its agencies, causes and categories.
        now: What the planned date must come after.
    """
    if content.owner not in policy.agencies:
        yield "owner", f"no agency has the code {content.owner!r}"
    yield from cause_faults(content.cause, policy)
    if content.category is not None and content.category not in policy.categories:
        yield "category", f"no category has the code {content.category!r}"
    if content.planned_at <= now:
        yield "planned_at", "must be in the future"
    elif content.planned_at > now + _PLAN_MAX:
        yield "planned_at", "is more than ten years away"


def cause_faults(cause: str | None, policy: Policy, field: str = "cause") -> Iterator[Fault]:
    """Say whether a root cause (根因) isn't one that the policy in force knows.

    Args:
        cause: As given; None where none was.
        policy: In force.
        field: What the caller calls it.
    """
    known = policy.causes.causes
    if cause is not None and not known:
        yield field, "this city's rules list no causes (causes.toml)"
    elif cause is not None and cause not in known:
        yield field, f"{cause!r} is no cause: none of {', '.join(known)}"


def action_faults(
    action: ProactiveAction,
    complaints: Sequence[UUID],
    bonus: int | None,
    note: str | None,
    policy: Policy,
) -> Iterator[Fault]:
    """List what is wrong with an action, whatever it is about.

    Args:
        action: What is reported.
        complaints: Linked by it.
        bonus: Points for the owner.
        note: What is said.
        policy: In force: how many points a case may bring.
    """
    if action is ProactiveAction.OPEN:
        yield "action", "a new one is posted to /v1/proactive-cases"
        return
    if complaints and action is not ProactiveAction.PROGRESS:
        yield "complaints", f"doesn't belong to {action}"
    if not note and not (complaints and action is ProactiveAction.PROGRESS):
        yield "note", f"is needed to {action}"
    if bonus is None:
        return
    rules = policy.causes.bonus
    if action is not ProactiveAction.CLOSE:
        yield "bonus", f"doesn't belong to {action}"
    elif bonus > (most := rules.per_case if rules else 0):
        yield "bonus", f"one case brings at most {most} under this city's rules (causes.toml)"


def link_faults(
    complaints: Sequence[UUID], known: Iterable[UUID], linked: Sequence[UUID]
) -> Iterator[Fault]:
    """Name each link that leads nowhere, and say when there are too many.

    Args:
        complaints: To be linked.
        known: Those of them that exist.
        linked: Before.
    """
    found = set(known)
    for number, complaint_id in enumerate(complaints):
        if complaint_id not in found:
            yield f"complaints.{number}", "there is no such complaint"
    if len({*linked, *complaints}) > LINKS_MAX:
        yield "complaints", f"a proactive case has at most {LINKS_MAX}"


def over(text: str | None, veils: Iterable[Veil]) -> str | None:
    """Mask words that others than the supervisor will read.

    Args:
        text: As typed; None where nothing was said.
        veils: Of everybody whose complaint it is linked to.
    """
    if text is None:
        return None
    said = Veil().over(text)
    for veil in veils:
        said = veil.hide(said)
    return said or None


def veiled(content: Proactive, veils: Sequence[Veil]) -> Proactive:
    """Mask every word of a proactive case."""
    told = {"title": over(content.title, veils) or "", "plan": over(content.plan, veils) or ""}
    return content.model_copy(update=told)
