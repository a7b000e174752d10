"""Whether a whistle stands: every precondition in the order of the law, and whom it calls.

北京市街道办事处条例 art. 17: what is the street's own it does itself; what is one department's it
transfers; what is several departments' it coordinates; only what has no clear owner, or was
coordinated in vain, is called for. The first precondition that fails is told, with what to do
instead. The order of the linked complaints never matters.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from services.events import WhistleRefused, WhistleRouted
from services.policy import Precondition
from services.router.decide import whistle_words
from services.router.decide.calling import call, division_of, jurisdiction

if TYPE_CHECKING:
    from collections.abc import Iterator

    from services.events import Whistle
    from services.policy import Agency, Policy, WhistleKind, WhistleRules
    from services.router.decide.calling import Called, Jurisdiction

WhistleOutcome = WhistleRouted | WhistleRefused


@dataclass(frozen=True, slots=True)
class Objection:
    """A precondition that failed."""

    reason: str  #: A key of the policy's refusals.
    agencies: tuple[str, ...] = ()  #: Whom it is about.
    transfer_to: str | None = None  #: Whose matter it is, where that is the answer.


@dataclass(frozen=True, slots=True)
class Hearing:
    """All that the judgement of a whistle rests on."""

    whistle: Whistle
    policy: Policy
    rules: WhistleRules
    kind: WhistleKind
    raiser: Agency
    division: str
    duty: Jurisdiction
    called: Called

    @property
    def targets(self) -> tuple[str, ...]:
        """Who must report in; the district's government where there is no clear owner."""
        if self.called.targets:
            return self.called.targets
        government = self.policy.government_of(self.division)
        return (government,) if government not in (None, self.raiser.code) else ()


def judge(whistle: Whistle, policy: Policy) -> WhistleOutcome:
    """Judge a whistle.

    Args:
        whistle: As raised. What the street declares it did is taken as said: it stands on
            record, and the departments' verdict will show whether it was so.
        policy: The policy in force.

    Returns:
        Exactly one outcome for every whistle; the same arguments always give the same one.
    """
    rules = policy.whistles
    if rules is None:
        words = whistle_words.NO_WHISTLES
        return WhistleRefused(whistle=whistle, reason="no-whistles", words=words)
    found = _hear(whistle, policy, rules)
    if isinstance(found, Objection):
        return _refused(whistle, policy, rules, found)
    objection = next(_objections(found), None)
    return _routed(found) if objection is None else _refused(whistle, policy, rules, objection)


def _hear(whistle: Whistle, policy: Policy, rules: WhistleRules) -> Hearing | Objection:
    """Find out who blows, where, and whom it is about; whatever is missing is an objection."""
    kind = rules.kinds.get(whistle.kind)
    if kind is None:
        return Objection("unknown-kind")
    raiser = policy.agencies.get(whistle.raised_by)
    if raiser is None or raiser.kind not in kind.raisers:
        return Objection("may-not-raise")
    division = division_of(whistle, raiser, policy)
    if division is None:
        return Objection("not-your-place")
    duty = jurisdiction(whistle, division, policy)
    called = call(whistle, raiser, duty, policy, rules)
    return Hearing(whistle, policy, rules, kind, raiser, division, duty, called)


def _objections(hearing: Hearing) -> Iterator[Objection]:
    """Give what speaks against it, in the order in which a street should mend it."""
    yield from _formal(hearing)
    yield from _of_duty(hearing)
    yield from _of_reach(hearing)
    yield from _of_coordination(hearing)


def _formal(hearing: Hearing) -> Iterator[Objection]:
    whistle, kind, rules = hearing.whistle, hearing.kind, hearing.rules
    approvers = {
        approval.approver
        for approval in whistle.approvals
        if rules.is_rank_enough(approval.rank, kind.rank)
    }
    if len(approvers) < kind.approvals_min:
        yield Objection("approval")
    if not kind.complaints_min <= len(set(whistle.complaints)) <= kind.complaints_max:
        yield Objection("complaints")
    if hearing.called.unknown:
        yield Objection("unknown-target", hearing.called.unknown)


def _of_duty(hearing: Hearing) -> Iterator[Objection]:
    """The street's own comes first; what is one department's is a transfer."""
    kind, duty, called = hearing.kind, hearing.duty, hearing.called
    me = hearing.raiser.code
    has_part = me in duty.leads or me in duty.assists
    is_undone = Precondition.OWN_DUTY in kind.requires and not hearing.whistle.own_duty
    has_others = bool(called.targets or called.forbidden)
    if (has_part and is_undone) or (duty.lead == me and not has_others):
        yield Objection("own-duty")
    if duty.lead in (None, me):
        return
    parties = {*called.targets, *called.forbidden, *duty.leads, *duty.assists} - {me}
    wants_several = Precondition.SEVERAL_DEPARTMENTS in kind.requires
    is_alone = wants_several and parties == {duty.lead}
    # A city matter that has nobody whom a street can call: an order is the faster way.
    is_out_of_reach = not called.targets and {*called.forbidden} <= {duty.lead}
    if is_alone or is_out_of_reach:
        yield Objection("one-department", duty.leads, transfer_to=duty.lead)


def _of_reach(hearing: Hearing) -> Iterator[Objection]:
    """A street calls bodies of its own district, and no city or central unit."""
    kind, called = hearing.kind, hearing.called
    if called.forbidden:
        yield Objection("not-to-be-whistled", called.forbidden)
    if called.elsewhere and not kind.crosses_districts:
        yield Objection("other-district", called.elsewhere)
    if kind.crosses_districts and not called.elsewhere:
        yield Objection("one-district")
    if not hearing.targets:
        yield Objection("no-target")


def _of_coordination(hearing: Hearing) -> Iterator[Objection]:
    """Nobody is called who wasn't asked; what has no clear owner is reported to the district."""
    if Precondition.COORDINATION not in hearing.kind.requires:
        return
    whistle = hearing.whistle
    asked = {
        code
        for attempt in whistle.coordination
        if attempt.tried_at <= whistle.raised_at
        for code in attempt.agencies
    }
    missing = tuple(code for code in hearing.called.targets if code not in asked)
    if missing:
        yield Objection("coordination", missing)


def _routed(hearing: Hearing) -> WhistleRouted:
    called, duty, targets = hearing.called, hearing.duty, hearing.targets
    bases = (*duty.bases, *([hearing.kind.basis] if hearing.kind.basis else []))
    return WhistleRouted(
        whistle=hearing.whistle,
        targets=targets,
        assists=called.assists,
        copies=tuple(code for code in called.copies if code not in targets),
        standard=hearing.kind.standard,
        rules=duty.rules,
        bases=tuple(dict.fromkeys(bases)),
        explanation=whistle_words.of_call(
            hearing.policy,
            hearing.kind,
            hearing.raiser.code,
            targets,
            called.assists,
            is_unclear=not called.targets,
        ),
    )


def _refused(
    whistle: Whistle, policy: Policy, rules: WhistleRules, objection: Objection
) -> WhistleRefused:
    reason, agencies = objection.reason, objection.agencies
    return WhistleRefused(
        whistle=whistle,
        reason=reason,
        agencies=agencies,
        transfer_to=objection.transfer_to,
        words=whistle_words.of_refusal(policy, rules, whistle, reason, agencies),
    )
