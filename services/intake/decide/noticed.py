"""What intake notices under one key of the tracker's facts: a complaint's view, and whistles.

A whistle that is linked to no complaint has a key of its own, and no view.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from services.events import WhistleBlown
from services.intake.decide import view as views
from services.runtime.step import Change, Ignored, Step

if TYPE_CHECKING:
    from services.events import Event
    from services.intake.decide.view import View


@dataclass(frozen=True, slots=True)
class Noticed:
    """The view of a complaint, if the key is one's, and the whistles noticed just now."""

    view: View | None = None
    blown: tuple[WhistleBlown, ...] = ()


def notice(event: Event, known: Noticed | None) -> Step[Noticed] | Ignored:
    """Say how a fact of the tracker changes what is known."""
    held = known or Noticed()
    if isinstance(event.data, WhistleBlown):
        return Step(replace(held, blown=(*held.blown, event.data)))
    outcome = views.apply(event, held.view)
    return outcome if isinstance(outcome, Ignored) else Step(replace(held, view=outcome.state))


def view_change(change: Change[Noticed]) -> Change[View] | None:
    """Say how the view changed; None where only whistles came."""
    before = change.before.view if change.before else None
    after = change.after.view
    return None if after is None or after is before else Change(change.key, before, after)
