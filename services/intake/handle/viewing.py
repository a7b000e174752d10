"""The shell of the public view: the tracker's facts in, what anybody may see out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.intake.adapters.views import ViewStage
from services.intake.decide import view

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from services.events import Event, Fact
    from services.intake.decide.view import View
    from services.runtime.step import Change, Early, Ignored, Step


class ViewConsumer(ViewStage):
    """Keeps the public view from the tracker's facts."""

    topics: tuple[str, ...] = ("complaints.tracked",)
    #: The public view may be a moment late; whoever acts within it is told to come again.
    urgent: frozenset[type[Fact]] = frozenset()

    def decide(
        self,
        event: Event,
        state: View | None,
        now: datetime,  # noqa: ARG002 - facts carry their own time
    ) -> Step[View] | Early | Ignored:
        """Say how a fact changes the view."""
        return view.apply(event, state)

    def committed(self, changes: Sequence[Change[View]]) -> None:
        """Do nothing: whoever looks reads the database."""
