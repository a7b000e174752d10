"""The people who call, and the operators who type."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING
from uuid import UUID

from services.cli.demo.book import Posted
from services.cli.demo.door import RefusedError
from services.cli.demo.fates import name_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from services.cli.demo.book import Book
    from services.cli.demo.door import Door
    from services.cli.demo.fates import Fate
    from services.cli.demo.morning import Timed


async def call_in(
    morning: Sequence[Timed],
    fates: Mapping[tuple[int, int], Fate],
    *,
    book: Book,
    door: Door,
    intake_url: str,
    key: str,
    origin: str,
) -> None:
    """Post every call at its time; returns when the last has been accepted.

    Args:
        morning: Calls by time.
        fates: What happens with each.
        book: Learns what was accepted.
        door: To intake.
        intake_url: Where intake is.
        key: An operator's.
        origin: Names this play, so that its calls can be counted.
    """

    async def post(one: Timed) -> None:
        name = name_of(one.call)
        url = f"{intake_url}/v1/complaints"
        once = f"{origin}/{name[0]}-{name[1]}"
        began_at_s = time.perf_counter()
        try:
            answer = await door.ask("POST", url, key, once=once, json=one.call.body(origin))
        except RefusedError as error:
            book.troubles.append(f"call {name[0]}: {error}")
            return
        found = answer.json()
        accepted = UUID(found["complaint_id"])
        book.accept(Posted(accepted, found["number"], one.call, fates[name], began_at_s))

    loop = asyncio.get_running_loop()
    began_at = loop.time()
    async with asyncio.TaskGroup() as group:
        for one in morning:
            await asyncio.sleep(max(0.0, began_at + one.at_s - loop.time()))
            group.create_task(post(one))
