"""Intake over HTTP: one module for each kind of caller.

`complaints` for whoever reports, `orders` for agencies, `callbacks` for citizens who are
asked back, `identities` for those who must know a person.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.intake.http import callbacks, complaints, identities, orders
from services.runtime.http import create_app

if TYPE_CHECKING:
    from fastapi import FastAPI

    from services.intake.http.desk import Desk


def make_app(desk: Desk) -> FastAPI:
    """Make intake's application."""
    app = create_app("intake", "The only door in: complaints, follow-ups, answers.")
    for module in (complaints, orders, callbacks, identities):
        app.include_router(module.routes(desk))
    return app
