"""Route a past complaint by another policy, and count what would be different. Pure.

Two policies are compared by what each decides of the same matter, never by what is recorded:
what a person decided, or an older version of this program, would otherwise look like a change
of policy. So a policy compared with itself changes nothing.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from services.router.decide import (
    Answered,
    Complaint,
    Diverted,
    Held,
    Routed,
    outcome_of,
    route,
)

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from services.events import Matter
    from services.policy import Policy
    from services.router.decide import Decision

#: Moves (from one outcome to another) that have examples of their own.
_MOVES_MAX = 500
#: Examples of one move.
_EXAMPLES_MAX = 2


@dataclass(frozen=True, slots=True)
class Past:
    """A complaint as it came in, what was decided at first, and where it is now."""

    complaint_id: UUID
    decided_at: datetime
    matter: Matter
    recorded: str  #: The first decision, written as `said` does.
    recorded_by: str | None  #: `rule`, `fallback`, `model`, `operator`; None where it was held.
    is_standing: bool  #: Its first decision is still the one in force.
    lead_now: str | None


@dataclass(frozen=True, slots=True)
class Move:
    """From one outcome to another."""

    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Instance:
    """A complaint that would have gone another way."""

    past: Past
    before: Decision
    after: Decision


@dataclass(slots=True)
class Replay:
    """What would have become of the complaints so far; as large as there are agencies."""

    complaints: int = 0
    changed: int = 0  #: Another lead, another diversion, held or not.
    otherwise: int = 0  #: The same, but with other assists, copies, score, standard or category.
    by_category: Counter[str] = field(default_factory=Counter)  #: As received; all of them.
    changed_by_category: Counter[str] = field(default_factory=Counter)
    moves: Counter[Move] = field(default_factory=Counter)
    examples: dict[Move, list[Instance]] = field(default_factory=lambda: defaultdict(list))
    #: Of those changed: would go at once where they ended up after all.
    mended: int = 0
    #: Of those changed: would leave the agency with which the first decision stands.
    undone: int = 0
    #: Of all: recorded otherwise than this program decides by the same policy; by who decided.
    differs_from_record: Counter[str] = field(default_factory=Counter)
    #: Of all: moved since by a return or a person, whichever policy.
    moved_since: int = 0

    def add(self, past: Past, before: Decision, after: Decision) -> None:
        """Count a complaint.

        Args:
            past: As it came in.
            before: What the policy decides that decided then.
            after: What the new one decides.
        """
        self.complaints += 1
        self.moved_since += not past.is_standing
        if said(before) != past.recorded:
            self.differs_from_record[past.recorded_by or "nobody"] += 1
        category = before.category or after.category or ""
        self.by_category[category] += 1
        move = Move(said(before), said(after))
        if move.before == move.after:
            self.otherwise += _details(before) != _details(after)
            return
        self.changed += 1
        self.changed_by_category[category] += 1
        self.moves[move] += 1
        self._judge(past, before, after)
        if move in self.examples or len(self.examples) < _MOVES_MAX:
            examples = self.examples[move]
            if len(examples) < _EXAMPLES_MAX:
                examples.append(Instance(past, before, after))

    def _judge(self, past: Past, before: Decision, after: Decision) -> None:
        """Hold a change against what became of the complaint in the end."""
        if past.lead_now is None:
            return
        if isinstance(after, Routed) and after.lead == past.lead_now:
            self.mended += 1
        elif past.is_standing and isinstance(before, Routed) and before.lead == past.lead_now:
            self.undone += 1

    @property
    def agencies(self) -> dict[str, tuple[int, int]]:
        """Give for each agency how many it would lose and get; other outcomes likewise."""
        loses: Counter[str] = Counter()
        gets: Counter[str] = Counter()
        for move, count in self.moves.items():
            loses[move.before] += count
            gets[move.after] += count
        return {one: (loses[one], gets[one]) for one in {**loses, **gets}}


def decide(matter: Matter, policy: Policy) -> Decision:
    """Decide about a complaint as if it came in for the first time."""
    return route(Complaint.of(matter), policy)


def said(decision: Decision) -> str:
    """Write an outcome: an agency, `diverted:KIND`, `answered:ENTRY` or `held:REASON`."""
    if isinstance(decision, Held):
        return f"held:{decision.reason}"
    return outcome_of(decision)


def rule_of(decision: Decision) -> str | None:
    """Name the rule that decided; None where none did."""
    if isinstance(decision, Routed | Diverted):
        return decision.rule
    return decision.entry if isinstance(decision, Answered) else None


def _details(decision: Decision) -> tuple[object, ...]:
    """Give what else an agency or a citizen would notice."""
    if isinstance(decision, Routed):
        who = (decision.assists, decision.copies, decision.scored)
        return (decision.category, *who, decision.standard)
    if isinstance(decision, Diverted):
        return (decision.category, decision.target, decision.reply)
    if isinstance(decision, Answered):
        return (decision.category, decision.answer)
    return (decision.category,)
