"""Whether a first dispatch stood: read off decisions, however they are batched."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.events import ComplaintHeld, ComplaintReceived, ComplaintRouted
from services.router.decide.record import Decided, Origin, Route, received, step
from services.router.decide.standing import Fall, share_at_least, standing
from services.runtime.step import Step
from tests.builders import NOON, a_matter
from tests.policies import a_policy

POLICY = a_policy()
LEADS = st.none() | st.sampled_from(["water-company", "city-housing", "city-transport"])
#: What comes next: a lead or nobody, after a return or not, by a person or not.
MOVES = st.lists(st.tuples(LEADS, st.booleans(), st.booleans()), min_size=1, max_size=6)

Move = tuple[str | None, bool, bool]


def a_decision(number: int, attempt: int, lead: str | None, *, by_person: bool = False) -> Decided:
    """One decision of a history; without a lead it is held."""
    matter, by = a_matter(), "operator" if by_person else "rule"
    fact: Any = ComplaintHeld(matter=matter, reason="no-rule", attempt=attempt, explanation="")
    if lead is not None:
        fact = ComplaintRouted(
            matter=matter,
            attempt=attempt,
            lead=lead,
            scored=lead,
            standard="ordinary",
            decided_by=by,
            explanation="",
        )
    origin = Origin(operator=UUID(int=1)) if by_person else Origin(event=UUID(int=number))
    at = NOON + timedelta(hours=number)
    return Decided(number, attempt, origin, POLICY.hash, at, "", fact)


def a_history(moves: Sequence[Move]) -> list[Decided]:
    """Decisions one after the other; only what is dispatched can be returned."""
    made: list[Decided] = []
    attempt, has_lead = 1, False
    for number, (lead, is_returned, by_person) in enumerate(moves, 1):
        attempt += is_returned and has_lead
        made.append(a_decision(number, attempt, lead, by_person=by_person))
        has_lead = lead is not None
    return made


def after(state: Route | None, decisions: Sequence[Decided]) -> Route:
    """The state after some decisions, which are still to be stored."""
    if state is None:
        first = received(UUID(int=1), ComplaintReceived(matter=a_matter()), None, POLICY, NOON)
        assert isinstance(first, Step)
        state = first.state
    state = replace(state, unstored=())
    for decided in decisions:
        state = step(state, decided).state
    return state


def told(fall: Fall | None) -> tuple[str, int] | None:
    return (fall.how, fall.number) if fall is not None else None


def verdict(batches: Sequence[Sequence[Decided]]) -> tuple[Any, ...]:
    """What the tables say in the end, as `counting` folds what each change says."""
    before: Route | None = None
    first = lead = fell = None
    upheld = False
    for batch in batches:
        state = after(before, batch)
        found = standing(before, state)
        first = first or (found.first and found.first.number)
        if lead is None and found.dispatch is not None:
            lead = found.dispatch.fact.lead  # type: ignore[union-attr]  # a dispatch has one
            fell, upheld = told(found.fall), found.is_upheld
        else:
            fell = fell or told(found.fall)
            if fell and found.settled_on is not None:
                upheld = found.settled_on == lead
        before = state
    return first, lead, fell, upheld


@settings(deadline=None)  # The first example loads a policy.
@given(MOVES, st.data())
def test_how_decisions_are_batched_changes_nothing(moves: list[Move], data: st.DataObject) -> None:
    """An outage, a replay and a quiet night must give the same figures."""
    decisions = a_history(moves)
    cuts = sorted(data.draw(st.sets(st.integers(1, len(decisions) - 1))) if moves[1:] else ())
    batches = [decisions[i:j] for i, j in zip([0, *cuts], [*cuts, len(decisions)], strict=True)]
    assert verdict(batches) == verdict([[one] for one in decisions])


@given(MOVES)
def test_a_first_dispatch_stands_where_its_lead_never_changed(moves: list[Move]) -> None:
    """And only there."""
    decisions = a_history(moves)
    _, lead, fell, upheld = verdict([decisions])
    leads = [getattr(one.fact, "lead", None) for one in decisions]
    begun = next((index for index, one in enumerate(leads) if one is not None), len(leads))
    kept = all(one == lead for one in leads[begun:])
    once = len({one.attempt for one in decisions[begun:]}) <= 1
    assert (fell is None) == (kept and once)
    assert not upheld or leads[-1] == lead or fell is not None


@pytest.mark.parametrize(
    ("moves", "expected"),
    [
        ([("water-company", False, False)], (None, "water-company", None, False)),
        ([(None, False, False)], (1, None, None, False)),
        (
            [(None, False, False), ("city-housing", False, True)],
            (1, "city-housing", None, False),
        ),
        (
            [("water-company", False, False), ("city-housing", True, False)],
            (None, "water-company", ("returned", 2), False),
        ),
        (
            [("water-company", False, False), ("city-housing", False, True)],
            (None, "water-company", ("reassigned", 2), False),
        ),
        (
            [
                ("water-company", False, False),
                (None, True, False),
                ("water-company", False, True),
            ],
            (None, "water-company", ("returned", 2), True),
        ),
    ],
    ids=["stands", "held", "held, then dispatched", "returned", "reassigned", "upheld"],
)
def test_what_became_of_it(moves: list[Move], expected: tuple[Any, ...]) -> None:
    """First decision that was no dispatch, first lead, how it fell, whether it was upheld."""
    assert verdict([a_history(moves)]) == expected


@given(st.integers(0, 500), st.integers(0, 500))
def test_the_lower_end_never_exceeds_the_share(part: int, more: int) -> None:
    """And grows with what is known."""
    whole = part + more
    low = share_at_least(part, whole)
    assert 0 <= low <= (part / whole if whole else 0)
    assert share_at_least(part * 2, whole * 2) >= low


def test_thirty_of_sixty_outrank_one_of_one() -> None:
    """Values by hand: Wilson's lower end at z = 1.96."""
    assert share_at_least(30, 60) == pytest.approx(0.3774, abs=1e-4)
    assert share_at_least(1, 1) == pytest.approx(0.2065, abs=1e-4)
