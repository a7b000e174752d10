"""A notifier that a failpoint kills while it delivers; `killing` runs it."""

from __future__ import annotations

from pathlib import Path

from tests.notifier.conftest import open_door
from tests.notifier.stories import a_dispatch


async def main(dsn: str, url: str, folder: str) -> None:
    """Register an endpoint and deliver one event, if nothing kills us on the way."""
    async with open_door(dsn, Path(folder)) as door:
        await door.add_endpoint(url)
        await door.track(a_dispatch())
