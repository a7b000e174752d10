"""What a city's settled orders teach: the office and the category of a new complaint.

`storage.load` reads a model that `whistle train` wrote; `Model.suggest` needs a few hundred
microseconds and numpy alone. `training` needs scikit-learn and scipy and is imported by the
command line only. Nothing here reads a clock, a queue or a table.
"""

from services.learning.model import Model
from services.learning.storage import ModelError, load, save
from services.learning.suggestion import Neighbour, Suggestion

__all__ = [
    "Model",
    "ModelError",
    "Neighbour",
    "Suggestion",
    "load",
    "save",
]
