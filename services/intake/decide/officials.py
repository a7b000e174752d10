"""What agencies and officers must say with what they report; who is right is the tracker's."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from services.events import AgencyAction, CaseActionReported, OfficerAction
from services.intake.decide.proactive import cause_faults

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from uuid import UUID

    from services.intake.decide.commands import Veil
    from services.policy import Policy

#: Field and what is wrong with it.
Fault = tuple[str, str]

#: A date beyond it is a slip of the pen.
_UNTIL_MAX: Final = timedelta(days=3650)

#: What an agency's action needs; whatever else it may have is in `_MAY_HAVE`.
_NEEDS: Final = {
    AgencyAction.RETURN: ("note",),
    AgencyAction.RESOLVE: ("note",),
    AgencyAction.EXTEND: ("note", "until"),
    AgencyAction.PAUSE: ("reason",),
    AgencyAction.DEFER: ("note", "until"),
}
_MAY_HAVE: Final = {
    AgencyAction.RETURN: ("suggests",),
    AgencyAction.PAUSE: ("until",),
    AgencyAction.RESOLVE: ("cause",),
}

#: What only a supervisor can decide, whatever the case; the rest depends on what was asked.
SUPERVISORS_ONLY: Final = frozenset(
    {
        OfficerAction.EXCLUDE,
        OfficerAction.SUPERVISE,
        OfficerAction.RELEASE,
        OfficerAction.RECOMPUTE,
        OfficerAction.CAUSE,
    }
)

#: The same of an officer's.
_OFFICER_NEEDS: Final = {
    OfficerAction.APPROVE: ("request_id",),
    OfficerAction.REFUSE: ("request_id", "note"),
    OfficerAction.CONTINUE: ("order_id",),
    OfficerAction.EXCLUDE: ("callback_id", "reason"),
    OfficerAction.SUPERVISE: (),
    OfficerAction.RELEASE: ("supervision_id",),
    OfficerAction.RECOMPUTE: ("policy",),
    OfficerAction.MERGE: ("into",),
    OfficerAction.CAUSE: ("order_id", "reason"),
}
_OFFICER_MAY_HAVE: Final = {
    OfficerAction.APPROVE: ("order_id", "until"),
    OfficerAction.REFUSE: ("order_id",),
    OfficerAction.SUPERVISE: ("order_id", "raised_to"),
}


def action_faults(
    action: AgencyAction, said: dict[str, Any], policy: Policy, now: datetime
) -> list[Fault]:
    """Say what is wrong with an agency's report.

    Args:
        action: What it did or asks for.
        said: All fields beside the action; None where nothing was said.
        policy: In force; it knows the reasons of pauses and the agencies.
        now: What `until` must come after.
    """
    needed = _NEEDS.get(action, ())
    faults = [*_form(action, said, needed, (*needed, *_MAY_HAVE.get(action, ())))]
    faults += _until(said["until"], now)
    if (code := said["suggests"]) and code not in policy.agencies:
        faults.append(("suggests", f"no agency has the code {code!r}"))
    reason = said["reason"]
    if action is AgencyAction.PAUSE and reason and policy.relief.pause_reason(reason) is None:
        known = ", ".join(policy.relief.pauses)
        faults.append(("reason", f"{reason!r} is no reason for a pause: none of {known}"))
    faults += cause_faults(said["cause"], policy)
    return faults


def decision_faults(
    action: OfficerAction, said: dict[str, Any], policy: Policy, now: datetime
) -> list[Fault]:
    """Say what is wrong with an officer's decision; arguments as of `action_faults`."""
    if action is OfficerAction.ABSORB:
        return [("action", "is what follows from a merge: ask for that")]
    needed = _OFFICER_NEEDS[action]
    faults = [*_form(action, said, needed, (*needed, *_OFFICER_MAY_HAVE.get(action, ())))]
    faults += _until(said["until"], now)
    if (code := said["raised_to"]) and code not in policy.agencies:
        faults.append(("raised_to", f"no agency has the code {code!r}"))
    reason = said["reason"]
    if action is OfficerAction.EXCLUDE and reason and not policy.scoring.allows_exclusion(reason):
        faults.append(("reason", f"{reason!r} is no reason to exclude a verdict"))
    if action is OfficerAction.CAUSE:
        faults += cause_faults(reason, policy, "reason")
    return faults


def _form(
    action: str, said: dict[str, Any], needed: tuple[str, ...], fits: tuple[str, ...]
) -> Iterator[Fault]:
    """Find what is missing, and what doesn't belong here; a note always may be there."""
    for name, value in said.items():
        if name in needed and not value:
            yield name, f"is needed to {action}"
        if value is not None and name != "note" and name not in fits:
            yield name, f"doesn't belong to {action}"


def _until(until: datetime | None, now: datetime) -> Iterator[Fault]:
    if until is not None and until <= now:
        yield "until", "must be in the future"
    elif until is not None and until > now + _UNTIL_MAX:
        yield "until", "is more than ten years away"


def report_decision(
    action: OfficerAction,
    said: dict[str, Any],
    officer: tuple[str, Any],
    at: datetime,
    veil: Veil,
) -> CaseActionReported:
    """Put an officer's decision into a fact; whether it counts is the tracker's to judge.

    Args:
        action: What was decided.
        said: All fields beside the action.
        officer: Label and role of the key.
        at: Now.
        veil: What must be masked of the complaint's reporter.
    """
    label, role = officer
    note = veil.over(said["note"]) if said["note"] else None
    return CaseActionReported(
        **{**said, "note": note or None},
        action=action,
        officer=label,
        role=role,
        reported_at=at,
    )


def absorbing(merge: CaseActionReported, complaint_id: UUID) -> CaseActionReported:
    """Say the other side of a merge, to the complaint that the first one follows."""
    absorb = {"action": OfficerAction.ABSORB, "into": None, "merged": complaint_id}
    return merge.model_copy(update=absorb)
