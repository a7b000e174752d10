"""Notifiers in processes of their own, which a failpoint kills.

One process loads everything once and the others are forked from it: to load it takes seconds, and
to die a moment.
"""

from __future__ import annotations

import asyncio
import importlib
import multiprocessing
import os
from collections.abc import Awaitable, Callable

from services.runtime import failpoints

Main = Callable[..., Awaitable[None]]

_SERVER = multiprocessing.get_context("forkserver")
_SERVER.set_forkserver_preload(
    [f"tests.notifier.{name}" for name in ("dying", "dying_often", "dying_telling")]
)


def _live(main: Main, failpoint: str, args: tuple[str, ...]) -> None:
    os.environ["WHISTLE_FAILPOINT"] = failpoint
    importlib.reload(failpoints)  # It was loaded before anything was armed.
    asyncio.run(main(*args))  # type: ignore[arg-type]


async def run(main: Main, failpoint: str, *args: str) -> int:
    """Run `main` in a process until it dies or is done; returns its exit status.

    Args:
        main: Of one of the modules above.
        failpoint: Where it dies; empty: nowhere.
        args: For `main`.
    """
    process = _SERVER.Process(target=_live, args=(main, failpoint, args))
    process.start()
    try:
        await asyncio.to_thread(process.join, 60)
        assert process.exitcode is not None, "it neither died nor came to an end"
        return process.exitcode
    finally:
        process.kill()
