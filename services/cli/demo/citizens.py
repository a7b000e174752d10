"""The citizens: they get a message with a link, and most answer on its page."""

from __future__ import annotations

import asyncio
import random
import re
from typing import TYPE_CHECKING

import orjson

from services.cli.demo.door import RefusedError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from services.cli.demo.book import Book, Posted
    from services.cli.demo.door import Door
    from services.cli.demo.fates import Verdict

#: Where the notifier hands messages over.
PATH = "/sms"

_LINK = re.compile(r"https?://[!-~]+")
_NUMBER = re.compile(r"[A-Z]{2,4}-\d{6}-\d{6,}")
_ANSWERS_AFTER_S = (0.3, 1.4)
#: The call-back has lapsed meanwhile: on a busy machine that happens, and it counts as lapsed.
_TOO_LATE = {409, 410}


class Citizens:
    """Everybody who left a number."""

    def __init__(self, book: Book, door: Door, seed: int) -> None:
        """Answer as their fates say."""
        self._book = book
        self._door = door
        self._chance = random.Random(seed + 2)  # noqa: S311 - a play, not a secret
        self._asked: dict[str, list[str]] = {}  #: Call-backs by number, the first round first.

    def take(self, _path: str, _headers: Mapping[str, str], body: bytes) -> int:
        """Take one message from the gateway; the answer is its status."""
        message = orjson.loads(body)
        number, link = _NUMBER.search(message["text"]), _LINK.search(message["text"])
        posted = self._book.by_number.get(number.group()) if number else None
        if posted is None or link is None:
            self._book.troubles.append("a message without a number of ours, or without a link")
            return 202
        callback, _, attempt = message["reference"].rpartition("-")
        asked = self._asked.setdefault(posted.number, [])
        if callback not in asked:
            asked.append(callback)
        verdict, answers_at = _plan(posted, round_=asked.index(callback) + 1)
        if verdict is not None and int(attempt) == answers_at:
            self._book.spawn(posted.complaint_id, self._answer(link.group(), verdict))
        return 202

    async def _answer(self, link: str, verdict: Verdict) -> None:
        """Open the page, think, send the form: as a browser does."""
        try:
            await self._door.ask("GET", link)
            await asyncio.sleep(self._chance.uniform(*_ANSWERS_AFTER_S))
            form = {
                "is_contacted": "yes" if verdict.is_contacted else "no",
                "is_solved": "yes" if verdict.is_solved else "no",
                "satisfaction": verdict.satisfaction,
            }
            await self._door.ask("POST", link, form=form)
        except RefusedError as error:
            if error.status not in _TOO_LATE:
                self._book.troubles.append(f"a citizen: {error}")
        else:
            self._book.answered += 1


def _plan(posted: Posted, round_: int) -> tuple[Verdict | None, int]:
    """Say what the citizen answers, and to which message."""
    if posted.fate.verdict is None:
        return None, 0
    if round_ > 1:
        return posted.fate.second_verdict, 1
    return posted.fate.verdict, posted.fate.answers_at_attempt
