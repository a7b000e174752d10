"""HTTP: search cases and orders, explain one case's clocks, publish the rates. Reads only."""

from services.tracker.http.app import Readings, build_app

__all__ = ["Readings", "build_app"]
