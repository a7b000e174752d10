"""The bare handler that intake is measured against: one insert and one commit a request.

What anybody would write first: FastAPI, a body checked by pydantic, a pool of the same size, the
same server and event loop. It knows no keys, no repeats, no masking, no places, no vault and tells
nobody; the comparison is in its favour.
"""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

import asyncpg
import uuid_utils
import uvicorn
import uvloop
from fastapi import FastAPI, Request
from pydantic import BaseModel

from services.intake.http.bodies import ComplaintBody  # noqa: TC001 - FastAPI reads the annotation

_TABLE = """
    CREATE TABLE IF NOT EXISTS bare_complaint (
        complaint_id uuid PRIMARY KEY, received_at timestamptz NOT NULL DEFAULT now(),
        body jsonb NOT NULL
    )
"""
_ADD = "INSERT INTO bare_complaint (complaint_id, body) VALUES ($1, $2)"


class _Answer(BaseModel):
    complaint_id: UUID


@asynccontextmanager
async def _pool(app: FastAPI) -> AsyncIterator[None]:
    async with asyncpg.create_pool(app.state.dsn, min_size=1, max_size=10) as pool:
        await pool.execute(_TABLE)
        app.state.pool = pool
        yield


def bare_app(dsn: str) -> FastAPI:
    """Make the application."""
    app = FastAPI(lifespan=_pool)
    app.state.dsn = dsn

    @app.post("/v1/complaints", status_code=202)
    async def take(body: ComplaintBody, request: Request) -> _Answer:
        complaint_id = UUID(int=uuid_utils.uuid7().int)
        await request.app.state.pool.execute(_ADD, complaint_id, body.model_dump_json())
        return _Answer(complaint_id=complaint_id)

    return app


if __name__ == "__main__":
    found = uvicorn.Config(
        bare_app(sys.argv[1]), port=int(sys.argv[2]), log_level="warning", access_log=False
    )
    uvloop.run(uvicorn.Server(found).serve())
