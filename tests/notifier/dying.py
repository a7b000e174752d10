"""A notifier process that a failpoint kills: `python -m tests.notifier.dying DSN URL FOLDER`."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from tests.notifier.conftest import open_door
from tests.notifier.stories import a_dispatch


async def main(dsn: str, url: str, folder: str) -> None:
    """Register an endpoint and deliver one event, if nothing kills us on the way."""
    async with open_door(dsn, Path(folder)) as door:
        await door.add_endpoint(url)
        await door.track(a_dispatch())


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
