"""Work that goes on in the background, round by round, whatever a round runs into."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, NoReturn

from services.runtime import telemetry
from services.runtime.errors import is_transient
from services.runtime.loop import back_off_s

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

log = telemetry.get_logger()


async def run_rounds(
    name: str,
    work: Callable[[], Awaitable[bool]],
    *,
    wake: asyncio.Event | None = None,
    every_s: float | None = None,
) -> NoReturn:
    """Do `work` again and again until cancelled.

    Args:
        name: For the log.
        work: One round; True means there is more to do at once.
        wake: Starts a round when set.
        every_s: Starts a round at the latest so long after the last; None waits for `wake`.
    """
    wake = wake or asyncio.Event()
    failures = 0
    while True:
        try:
            is_busy = await work()
            failures = 0
        except Exception as error:
            # Our database being away is no news here; anything else is a bug, but one that must
            # not end deliveries for good.
            if not is_transient(error):
                log.exception("round-failed", work=name)
            failures += 1
            await asyncio.sleep(back_off_s(failures))
            continue
        if not is_busy:
            try:
                # Not `wait_for`: in Python 3.11 it swallows a cancel that meets what it waits for.
                async with asyncio.timeout(every_s):
                    await wake.wait()
            except TimeoutError:
                continue
            wake.clear()
