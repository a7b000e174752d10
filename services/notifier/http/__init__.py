"""The notifier over HTTP.

`endpoints` to manage who is told, `deliveries` and `notices` to see what was, `callback_tasks` for
operators who call people back.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.notifier.http import callback_tasks, deliveries, endpoints, notices
from services.runtime.http import create_app

if TYPE_CHECKING:
    from fastapi import FastAPI

    from services.notifier.http.desk import Desk


def make_app(desk: Desk) -> FastAPI:
    """Make the notifier's application."""
    app = create_app("notifier", "The only door out: signed webhooks, call-backs.")
    for module in (endpoints, deliveries, callback_tasks, notices):
        app.include_router(module.routes(desk))
    return app
