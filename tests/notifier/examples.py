"""The example receivers, run as an integrator runs them."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.notifier.node import node, placed

FOLDER = Path(__file__).parents[2] / "examples" / "receivers"
LANGUAGES = ("python", "node")
_WITHIN_S = 30


@dataclass
class Example:
    """One that is running."""

    url: str
    _process: asyncio.subprocess.Process

    async def said(self, words: str) -> None:
        """Wait until it has said something."""
        assert self._process.stdout is not None
        async with asyncio.timeout(_WITHIN_S):
            while words not in (line := (await self._process.stdout.readline()).decode()):
                assert line, f"it ended without saying {words!r}"

    async def kill(self) -> None:
        """Kill it without warning, as a power cut does."""
        if self._process.returncode is None:
            self._process.kill()
        await self._process.wait()


@asynccontextmanager
async def running_example(
    language: str, folder: Path, secrets: str, intake_url: str, **settings: str
) -> AsyncIterator[Example]:
    """Run one as its head says.

    Args:
        language: One of `LANGUAGES`.
        folder: Where it remembers what came; the same again goes on with it.
        secrets: Of the endpoint, parted by blanks.
        intake_url: Where it reports to.
        **settings: More variables of its environment.
    """
    if language == "python":
        command = (sys.executable, str(FOLDER / "python" / "receiver.py"))
    else:
        command = (node(), str(placed(FOLDER / "node" / "receiver.mjs", folder)))
    needed = {
        "WHISTLE_HOOK_SECRET": secrets,
        "WHISTLE_KEY": "whk_agency",
        "WHISTLE_AGENCY": "street-990101001",
        "WHISTLE_INTAKE_URL": intake_url,
        "INBOX": str(folder / "inbox"),
        "PORT": "0",
    }
    process = await asyncio.create_subprocess_exec(
        *command,
        stdout=asyncio.subprocess.PIPE,
        env=os.environ | needed | settings,
    )
    example = Example("", process)
    try:
        assert process.stdout is not None
        line = await asyncio.wait_for(process.stdout.readline(), _WITHIN_S)
        example.url = line.decode().split()[-1]
        yield example
    finally:
        await example.kill()
