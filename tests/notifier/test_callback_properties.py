"""Whatever happens in whatever order: nobody is asked too early, too often, or without end."""

from __future__ import annotations

from datetime import datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from services.notifier.decide import (
    Asking,
    Callback,
    CallbackState,
    Sending,
    after_attempt,
    attempt_due,
    lapse,
    plan,
)
from services.notifier.decide.callback_table import (
    CALLBACK,
    CALLBACK_FINAL,
    CALLBACK_WAITS_FOR,
)
from services.notifier.decide.calling import Call, again, called, claim
from services.policy.callback_steps import ALWAYS
from services.runtime.step import Step
from tests.builders import NOON
from tests.notifier.asking import AT_WORK, BY_DAY, OPERATOR, a_slot, an_asking
from tests.notifier.stories import COMPLAINT, a_callback_due

SLOTS = st.builds(
    a_slot,
    st.sampled_from(["sms", "email", "phone"]),
    st.integers(0, 30),
    st.sampled_from([ALWAYS, BY_DAY, AT_WORK]),
)
#: What the world does each time it gets the chance, and how late everybody is by then.
MOVES = st.lists(
    st.tuples(
        st.sampled_from(
            [
                *("sent", "failed", "no-contact", "unavailable", "no-answer"),
                *("wrong-number", "refused", "later", "nobody", "again"),
            ]
        ),
        st.integers(0, 600),
    ),
    max_size=25,
)


class World:
    """One call-back, its clocks, and every attempt that was made."""

    def __init__(self, asking: Asking, begins: datetime) -> None:
        self.asking = asking
        self.now = begins
        self.made: list[tuple[datetime, str]] = []
        due = a_callback_due(lapses_at=begins + timedelta(days=5))
        step = plan(due, COMPLAINT, COMPLAINT, asking, begins)
        self.clocks: dict[str, datetime] = {}
        self.state = step.state
        self.take(step)

    def take(self, step: Step[Callback]) -> None:
        """Apply a step as the shell does."""
        self.state = step.state
        for _, kind in step.clear_deadlines:
            self.clocks.pop(kind, None)
        for one in step.set_deadlines:
            self.clocks[one.kind] = one.due_at

    def move(self, what: str) -> None:
        """Let whoever's turn it is do something, and then the next clock fire."""
        if what == "again":
            ordered = again(self.state, self.asking, self.now)
            if isinstance(ordered, Step):
                self.take(ordered)
        elif self.state.state is CallbackState.DUE:
            self.send(what)
        if self.state.state is CallbackState.CALLABLE:
            self.call(what)

    def send(self, what: str) -> None:
        """Send, or look whom to call, as the caller does."""
        found = self.asking.slot(self.state)
        if found is None or not self.asking.may_send(self.state, self.now):
            sending = Sending("closed", "none")
        elif found[1].channel == "phone":
            if what in {"no-contact", "unavailable"}:
                sending = Sending(what, "phone", frozenset({"sms"}))  # type: ignore[arg-type]
            else:
                sending = Sending("callable", "phone", frozenset({"phone"}))
        elif what in {"sent", "failed", "no-contact", "unavailable"}:
            reachable = frozenset({"phone"}) if what == "no-contact" else frozenset()
            sending = Sending(what, "sms", reachable)  # type: ignore[arg-type]
            if what in {"sent", "failed"}:
                self.made.append((self.now, "message"))
        else:
            sending = Sending("unavailable", "sms")
        step = after_attempt(self.state, sending, self.asking, self.now)
        assert isinstance(step, Step)
        self.take(step)

    def call(self, what: str) -> None:
        """Call as an operator does."""
        if what not in {"no-answer", "wrong-number", "refused", "later"}:
            return
        taken = claim(self.state, OPERATOR, self.now)
        if not isinstance(taken, Step):
            return
        call_at = self.now + timedelta(hours=1) if what == "later" else None
        call = Call(what, call_at)  # type: ignore[arg-type]
        step = called(taken.state, OPERATOR, call, self.asking, self.now)
        if isinstance(step, Step):
            self.made.append((self.now, "call"))
            self.take(step)

    def tick(self, late: timedelta) -> None:
        """Fire the next clock, perhaps late."""
        if not self.clocks:
            return
        kind = min(self.clocks, key=self.clocks.__getitem__)
        self.now = max(self.now, self.clocks.pop(kind) + late)
        if kind == "lapse":
            step = lapse(self.state)
        else:
            step = attempt_due(self.state, self.asking, self.now)
        if isinstance(step, Step):
            self.take(step)


@settings(max_examples=150, deadline=None)
@given(
    steps=st.lists(SLOTS, max_size=3),
    moves=MOVES,
    minutes=st.integers(0, 7 * 24 * 60),
    again_max=st.integers(0, 2),
)
def test_nobody_is_asked_too_early_too_often_or_without_end(
    steps: list, moves: list, minutes: int, again_max: int
) -> None:
    """Hours, number of attempts, and the end, under every policy and every reaction."""
    asking = an_asking(steps=tuple(steps), again_max=again_max)
    begins = NOON + timedelta(minutes=minutes)
    world = World(asking, begins)
    for what, late in moves:
        world.move(what)
        world.tick(timedelta(minutes=late))
    assert len(world.made) <= asking.rules.attempts_max + world.state.extra
    assert world.state.extra <= again_max
    hours = [slot.hours for slot in asking.rules.plan]
    for instant, _ in world.made:
        assert any(asking.opens(one, instant) == instant for one in hours)
        assert begins <= instant < world.state.lapses_at
    ticks = 0
    while world.state.state not in CALLBACK_FINAL:
        assert world.clocks, "nothing would ever end it"
        if world.state.state is CallbackState.DUE:
            world.send("sent")
        world.tick(timedelta())
        ticks += 1
        assert ticks < 50
    assert world.now <= world.state.lapses_at + timedelta(minutes=600 * len(moves))


def test_every_state_but_the_last_waits_for_somebody_and_is_left() -> None:
    """The table's own promise."""
    assert set(CALLBACK_WAITS_FOR) == set(CallbackState) - CALLBACK_FINAL
    for state in CallbackState:
        leaves = {new for (old, _), new in CALLBACK.items() if old is state} - {state}
        assert bool(leaves) is (state not in CALLBACK_FINAL)
        assert state in CALLBACK.values()
