"""What follows for a proactive case from a supervisor's word, and from its planned date.

Judged under the policy in force: nothing about it was promised to a citizen.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from services.events import (
    ProactiveAction,
    ProactiveCaseClosed,
    ProactiveCaseOpened,
    ProactiveCaseOverdue,
    ProactiveCaseUpdated,
)
from services.events.proactive import LINKS_MAX
from services.runtime.step import Deadline, Ignored, Step
from services.tracker.decide.proactive import (
    PROACTIVE_DUE,
    ProactiveCase,
    ProactiveState,
    ProactiveTrigger,
    next_proactive,
)
from services.tracker.decide.turn import note

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from services.events import Event, Fact, ProactiveCaseReported
    from services.policy import Policy
    from services.tracker.decide.case import Note

_TRIGGERS: Final = {
    ProactiveAction.OPEN: ProactiveTrigger.OPENED,
    ProactiveAction.PROGRESS: ProactiveTrigger.PROGRESSED,
    ProactiveAction.CLOSE: ProactiveTrigger.CLOSED,
    ProactiveAction.CANCEL: ProactiveTrigger.CANCELLED,
}


@dataclass(slots=True)
class _Turn:
    """A proactive case on its way from one state to the next; lives for one decision only."""

    case: ProactiveCase
    policy: Policy
    now: datetime
    cause: UUID | None = None
    facts: list[Fact] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    starting: tuple[Deadline, ...] = ()
    stopping: tuple[tuple[UUID, str], ...] = ()

    def say(self, fact: Fact) -> None:
        """Make a fact true, and a line of the history."""
        self.facts.append(fact)
        self.notes.append(note(fact, self.now, self.cause))

    def overdue(self) -> None:
        """Tell that the planned date passed."""
        case = self.case
        self.case = replace(case, overdue_at=self.now)
        owner = case.content.owner
        self.say(
            ProactiveCaseOverdue(
                proactive_id=case.proactive_id,
                owner=owner,
                planned_at=case.content.planned_at,
                raised_to=self.policy.superior_of(owner) or self.policy.city.hotline,
            )
        )

    def step(self) -> Step[ProactiveCase]:
        """Finish: the case as it is now, and all that follows."""
        case = replace(
            self.case,
            notes=(*self.case.notes, *self.notes),
            history_length=self.case.history_length + len(self.notes),
        )
        return Step(case, tuple(self.facts), self.starting, self.stopping, self.policy.hash)


def reported(
    event: Event,
    fact: ProactiveCaseReported,
    case: ProactiveCase | None,
    policy: Policy,
    now: datetime,
) -> Step[ProactiveCase] | Ignored:
    """Judge what a supervisor says.

    Args:
        event: Around the fact.
        fact: What was said.
        case: What is known under its id; its opening comes first on the same topic.
        policy: In force: its points, and who stands above the owner.
        now: The transaction's instant.

    Returns:
        The case and what follows. What counts for nothing stands in its history with the
        reason; without a case there is no history, and nothing is kept.
    """
    state = next_proactive(case.state if case else None, _TRIGGERS[fact.action])
    if case is None:
        return state if isinstance(state, Ignored) else _open(event, fact, policy, now)
    turn = _Turn(case, policy, now, event.id)
    refused = state if isinstance(state, Ignored) else _apply(turn, fact, state)
    if refused is not None:
        turn.notes.append(note(fact, now, event.id, ignored=refused.reason))
    return turn.step()


def _open(
    event: Event, fact: ProactiveCaseReported, policy: Policy, now: datetime
) -> Step[ProactiveCase] | Ignored:
    content = fact.content
    if content is None:
        return Ignored("proactive-without-content")
    key = fact.proactive_id
    case = ProactiveCase(
        proactive_id=key,
        state=ProactiveState.OPEN,
        content=content,
        complaints=tuple(dict.fromkeys(content.complaints)),
        opened_by=fact.officer,
        opened_at=now,
    )
    turn = _Turn(case, policy, now, event.id)
    turn.starting = (Deadline(key, key, PROACTIVE_DUE, content.planned_at),)
    turn.say(
        ProactiveCaseOpened(
            proactive_id=key, owner=content.owner, content=content, officer=fact.officer
        )
    )
    return turn.step()


def _apply(turn: _Turn, fact: ProactiveCaseReported, state: ProactiveState) -> Ignored | None:
    if fact.action is ProactiveAction.PROGRESS:
        return _progress(turn, fact)
    return _end(turn, fact, state)


def _progress(turn: _Turn, fact: ProactiveCaseReported) -> Ignored | None:
    """Write down what was done, and link further complaints; a known link is none."""
    case = turn.case
    fresh = tuple(c for c in dict.fromkeys(fact.complaints) if c not in case.complaints)
    if len(case.complaints) + len(fresh) > LINKS_MAX:
        return Ignored("proactive-too-many-complaints")
    if not fresh and not fact.note:
        return Ignored("proactive-nothing-new")
    turn.case = replace(case, complaints=(*case.complaints, *fresh))
    turn.say(
        ProactiveCaseUpdated(
            proactive_id=case.proactive_id,
            owner=case.content.owner,
            officer=fact.officer,
            note=fact.note,
            complaints=fresh,
        )
    )
    return None


def _end(turn: _Turn, fact: ProactiveCaseReported, state: ProactiveState) -> Ignored | None:
    """Close or cancel it; what was reported after the planned date is late, and told so."""
    is_cancelled = state is ProactiveState.CANCELLED
    rules = turn.policy.causes.bonus
    limit = rules.per_case if rules and not is_cancelled else 0
    bonus = fact.bonus or 0
    if bonus > limit:
        return Ignored("proactive-bonus-too-high")
    if turn.case.overdue_at is None:
        turn.stopping = ((turn.case.proactive_id, PROACTIVE_DUE),)
        if not is_cancelled and min(fact.reported_at, turn.now) > turn.case.content.planned_at:
            turn.overdue()
    case = turn.case
    is_on_time = None if is_cancelled else case.overdue_at is None
    turn.case = replace(case, state=state, ended_at=turn.now, is_on_time=is_on_time, bonus=bonus)
    turn.say(
        ProactiveCaseClosed(
            proactive_id=case.proactive_id,
            owner=case.content.owner,
            officer=fact.officer,
            is_cancelled=is_cancelled,
            is_on_time=is_on_time,
            bonus=bonus,
            note=fact.note,
        )
    )
    return None


def passed(case: ProactiveCase, policy: Policy, now: datetime) -> Step[ProactiveCase] | Ignored:
    """Judge the planned date, which has passed."""
    state = next_proactive(case.state, ProactiveTrigger.OVERDUE)
    if isinstance(state, Ignored):
        return state
    if case.overdue_at is not None:
        return Ignored("proactive-overdue-told-already")
    turn = _Turn(case, policy, now)
    turn.overdue()
    return turn.step()
