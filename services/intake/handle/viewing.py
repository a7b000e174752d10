"""The shell of the public view: the tracker's facts in, what anybody may see out.

Beside it, who may speak about a whistle that stands.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.intake.adapters.views import ViewStage
from services.intake.adapters.whistles import keep_parties
from services.intake.decide.noticed import Noticed, notice, view_change

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

    from services.events import Event, Fact
    from services.runtime.step import Change, Early, Ignored, Step
    from services.runtime.transaction import Tx


class ViewConsumer:
    """Keeps the public view and the parties of whistles from the tracker's facts."""

    topics: tuple[str, ...] = ("complaints.tracked",)
    #: The public view may be a moment late; whoever acts within it is told to come again.
    urgent: frozenset[type[Fact]] = frozenset()

    def __init__(self) -> None:
        """Keep views where commands find them."""
        self._views = ViewStage()

    async def load(
        self, tx: Tx, keys: Sequence[UUID], *, skip_locked: bool = False
    ) -> dict[UUID, Noticed]:
        """Read and lock views; whistles are only ever added."""
        views = await self._views.load(tx, keys, skip_locked=skip_locked)
        return {key: Noticed(view) for key, view in views.items()}

    async def store(self, tx: Tx, changes: Sequence[Change[Noticed]]) -> None:
        """Write the views that changed and the whistles that came."""
        moved = [view for change in changes if (view := view_change(change)) is not None]
        await self._views.store(tx, moved)
        await keep_parties(tx, [(one.key, fact) for one in changes for fact in one.after.blown])

    def decide(
        self,
        event: Event,
        state: Noticed | None,
        now: datetime,  # noqa: ARG002 - facts carry their own time
    ) -> Step[Noticed] | Early | Ignored:
        """Say how a fact changes what is known."""
        return notice(event, state)

    def committed(self, changes: Sequence[Change[Noticed]]) -> None:
        """Do nothing: whoever looks reads the database."""
