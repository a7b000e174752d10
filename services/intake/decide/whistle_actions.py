"""What a street and the bodies it calls may report about a whistle: the form, and who says what.

Whether a report counts is the tracker's to judge, on record.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.events import WhistleAction, WhistleActionReported
from services.intake.decide.commands import Veil

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator
    from datetime import datetime
    from uuid import UUID

    from services.events import WhistleGrade
    from services.intake.decide.whistles import Fault

_OF_BOTH = frozenset({WhistleAction.RESULT, WhistleAction.JUDGE})
_OF_STREETS = _OF_BOTH | {WhistleAction.CLOSE}
_OF_TARGETS = _OF_BOTH | {
    WhistleAction.SIGN,
    WhistleAction.CONTACT,
    WhistleAction.ARRIVE,
    WhistleAction.LEAVE,
}
#: Say nothing without words.
_NEEDS_NOTE = frozenset({WhistleAction.RESULT, WhistleAction.CLOSE})


def form_faults(
    action: WhistleAction, about: str | None, grade: WhistleGrade | None, note: str | None
) -> Iterator[Fault]:
    """List what is wrong with a report, whoever says it.

    Args:
        action: What is reported.
        about: With a judgement of the street: which body.
        grade: With a judgement.
        note: What is said.
    """
    is_judgement = action is WhistleAction.JUDGE
    if is_judgement and grade is None:
        yield "grade", "is needed to judge"
    if not is_judgement and grade is not None:
        yield "grade", "belongs to a judgement"
    if not is_judgement and about is not None:
        yield "about", "belongs to a judgement"
    if action in _NEEDS_NOTE and not note:
        yield "note", f"is needed to {'close' if action is WhistleAction.CLOSE else 'report it'}"
    if is_judgement and grade == "poor" and not note:
        yield "note", "is needed to call anything poor"


def part_faults(
    action: WhistleAction,
    about: str | None,
    *,
    agency: str,
    raised_by: str,
    targets: Collection[str],
) -> Iterator[Fault]:
    """List what isn't for this agency to say; it must have a part in the whistle.

    Args:
        action: What is reported.
        about: Which body a street judges.
        agency: Whose key reports.
        raised_by: The street that blew.
        targets: The bodies that it calls.
    """
    is_street, is_target = agency == raised_by, agency in targets
    allowed = (_OF_STREETS if is_street else frozenset()) | (
        _OF_TARGETS if is_target else frozenset()
    )
    if action not in allowed:
        whose = "the bodies that were called" if is_street else "the street that blew"
        yield "action", f"is for {whose}"
    elif action is WhistleAction.JUDGE:
        yield from _about_faults(about, targets, is_street=is_street, is_target=is_target)


def _about_faults(
    about: str | None, targets: Collection[str], *, is_street: bool, is_target: bool
) -> Iterator[Fault]:
    if about is None and not is_target:
        yield "about", "is needed: which of the bodies that were called"
    if about is not None and not is_street:
        yield "about", "is for the street; what you judge is the whistle"
    elif about is not None and about not in targets:
        yield "about", f"{about!r} wasn't called"


def report(
    whistle_id: UUID,
    agency: str,
    action: WhistleAction,
    at: datetime,
    *,
    about: str | None = None,
    grade: WhistleGrade | None = None,
    note: str | None = None,
    veils: Iterable[Veil] = (),
) -> WhistleActionReported:
    """Put an agency's words into a fact, masked: others than itself will read them.

    Args:
        whistle_id: Which whistle.
        agency: Whose key reports.
        action: What it did.
        at: When it said so.
        about: Which body a street judges.
        grade: Of a judgement.
        note: What is said.
        veils: Of everybody whose complaint it is linked to.
    """
    said = Veil().over(note) if note else ""
    for veil in veils:
        said = veil.hide(said)
    return WhistleActionReported(
        whistle_id=whistle_id,
        agency=agency,
        action=action,
        about=about,
        grade=grade,
        note=said or None,
        reported_at=at,
    )
