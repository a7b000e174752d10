"""The shell of intake: load, decide, store.

`door` makes requests durable and tells of them, `reading` reads what was kept when many came
at once, `viewing` keeps the public view from the tracker's facts.
"""

from services.intake.handle.door import Accepted, Door, Entry, Kept, Outcome
from services.intake.handle.reading import Reader
from services.intake.handle.viewing import ViewConsumer

__all__ = ["Accepted", "Door", "Entry", "Kept", "Outcome", "Reader", "ViewConsumer"]
