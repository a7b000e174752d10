"""The router's tables.

`routes` keeps where each complaint stands and how it got there, `counting` whether first
dispatches stood, which `accuracy` and `drift` read; `past` reads complaints as they once came in;
`whistles` keeps whistles and how they were judged.
"""

from services.router.adapters.accuracy import AccuracyReader, By
from services.router.adapters.advisers import Advisers
from services.router.adapters.counting import tally
from services.router.adapters.drift import count_bands
from services.router.adapters.past import PastReader
from services.router.adapters.routes import RouteReader, RouteTables, route_of
from services.router.adapters.whistles import WhistleReader, store_whistles

__all__ = [
    "AccuracyReader",
    "Advisers",
    "By",
    "PastReader",
    "RouteReader",
    "RouteTables",
    "WhistleReader",
    "count_bands",
    "route_of",
    "store_whistles",
    "tally",
]
