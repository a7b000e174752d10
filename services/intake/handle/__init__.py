"""The shell of intake: load, decide, store.

`entries` are requests on their way, `door` makes them durable and tells of them, `reading`
understands what was kept when many came at once, `viewing` keeps the public view.
"""

from services.intake.handle.door import Door
from services.intake.handle.entries import Accepted, Entry, Kept, Outcome
from services.intake.handle.reading import Reader
from services.intake.handle.viewing import ViewConsumer

__all__ = ["Accepted", "Door", "Entry", "Kept", "Outcome", "Reader", "ViewConsumer"]
