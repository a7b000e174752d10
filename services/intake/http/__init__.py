"""Intake over HTTP: one module for each kind of caller.

`complaints` and `follow_ups` for whoever reports, `attachments` for those who may see them,
`orders` for agencies, `officers` for those who decide about them, `whistles` for streets,
`whistle_actions` for them and whom they call, `proactive` for supervisors who work ahead of
complaints, `callbacks` for citizens who are asked back,
`identities` for those who must know a person, `hooks` for city systems that call in their own
words, `calls` for telephone and speech systems, `batch` for records in bulk, `open311` for apps
that speak that standard.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.intake.http import (
    attachments,
    batch,
    callbacks,
    calls,
    complaints,
    follow_ups,
    hooks,
    identities,
    officers,
    open311,
    orders,
    proactive,
    whistle_actions,
    whistles,
)
from services.runtime.http import create_app

if TYPE_CHECKING:
    from fastapi import FastAPI

    from services.intake.http.desk import Desk


def make_app(desk: Desk) -> FastAPI:
    """Make intake's application."""
    app = create_app(
        "intake",
        "The only door in: complaints, follow-ups, answers.",
        larger_bodies={
            "/v1/complaints/batch": complaints.BATCH_BYTES_MAX,
            "/v1/batches": batch.BYTES_MAX,
        },
        counting_itself="/open311/",
    )
    for module in (
        complaints,
        follow_ups,
        attachments,
        orders,
        officers,
        whistles,
        whistle_actions,
        proactive,
        callbacks,
        identities,
        hooks,
        calls,
        batch,
        open311,
    ):
        app.include_router(module.routes(desk))
    return app
