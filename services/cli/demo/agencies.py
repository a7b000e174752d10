"""The agencies: their systems take signed webhooks, their people act through intake's door."""

from __future__ import annotations

import asyncio
import random
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from services.cli.demo.book import Book, Hook
from services.cli.demo.door import RefusedError
from services.cli.demo.fates import Handling
from services.events import CaseClosed, CaseEscalated, InvalidEventError, OrderDispatched, decode
from services.runtime.webhooks import verify

if TYPE_CHECKING:
    from collections.abc import Mapping
    from uuid import UUID

    from services.cli.demo.book import Posted
    from services.cli.demo.door import Door
    from services.events import Event

PATH = "/hooks/"

#: Parts of the time that is left, after which an agency signs and answers.
_SIGNS_AFTER, _ANSWERS_AFTER = (0.08, 0.4), (0.25, 0.66)
_RETURNS_AFTER_S, _LATE_BY_S, _WOKEN_AFTER_S = (0.3, 0.7), (0.4, 1.2), (0.6, 1.6)

_ANSWERS = {
    "zh": (
        "已派人到现场处理完毕，并与您电话沟通。",
        "经核实情况属实，已整改，后续加强巡查。",
        "已联系责任单位当日修复，感谢您的反映。",
        "已向您说明政策和办理渠道，如有疑问请再联系我们。",
        "已组织现场协调，各方达成一致，按约定时间落实。",
        "设备已检修更换，现已恢复正常。",
    ),
    "en": (
        "Our staff have been on site and it is fixed.",
        "We have explained the procedure on the telephone.",
    ),
}
_ASSISTED = "已按牵头单位要求配合办理完毕。"
_NOT_OURS = "经核实，不属于我单位职责，请改派。"
_NOT_HERE = "经核实，事发地不在我单位辖区，请改派。"
_WOKEN = "上级督办后已办结，因延误向您致歉。"


@dataclass(frozen=True, slots=True)
class System:
    """One agency's system: how it is let in, and how it knows us."""

    agency: str
    key: str
    secret: str


class Agencies:
    """All agencies of the play."""

    def __init__(
        self, systems: Mapping[str, System], book: Book, door: Door, intake_url: str, seed: int
    ) -> None:
        """Act in the name of these agencies."""
        self._systems = systems
        self._book = book
        self._door = door
        self._intake_url = intake_url
        self._seed = seed
        self._seen: set[tuple[str, UUID]] = set()
        self._closed: set[UUID] = set()
        self._asleep: dict[UUID, Event] = {}  #: By order: who waits to be told off.

    def take(self, path: str, headers: Mapping[str, str], body: bytes) -> int:
        """Take one webhook; the answer is its status."""
        arrived_at_s, now_s = time.perf_counter(), time.time()
        system = self._systems.get(path.removeprefix(PATH))
        if system is None:
            return 404
        is_ours = verify((system.secret,), headers, body, now_s) == "genuine"
        try:
            event = decode(body)
        except InvalidEventError:
            self._book.troubles.append(f"{system.agency}: a webhook that is no event")
            return 400
        hook = Hook(
            agency=system.agency,
            event_id=event.id,
            event_type=type(event.data).__name__,
            complaint_id=event.complaintid,
            order_id=getattr(event.data, "order_id", None),
            is_authentic=is_ours,
            received_at_s=arrived_at_s,
            received_at=datetime.fromtimestamp(now_s, UTC),
        )
        self._book.hooks.append(hook)
        if not is_ours:
            return 401
        if (system.agency, event.id) not in self._seen:  # At least once, so perhaps twice.
            self._seen.add((system.agency, event.id))
            self._react(system, event)
        return 204

    def _react(self, system: System, event: Event) -> None:
        match event.data:
            case OrderDispatched() as fact if fact.agency == system.agency:
                self._book.spawn(event.complaintid, self._handle(system, event, fact))
            case CaseEscalated() as fact if fact.raised_to == system.agency:
                self._wake(fact.order_id)
            case CaseClosed():
                self._closed.add(event.complaintid)

    async def _handle(self, system: System, event: Event, fact: OrderDispatched) -> None:
        posted = await self._book.known(event.complaintid)
        told = f"{self._seed}/{posted.call.line}/{posted.call.copy}/{fact.role}/{fact.round}"
        chance = random.Random(f"{told}/{fact.attempt}")  # noqa: S311 - a play, not a secret
        match _handling(posted, fact):
            case Handling.PROMPT:
                await self._in_time(system, event, fact, chance)
            case Handling.RETURN:
                await asyncio.sleep(chance.uniform(*_RETURNS_AFTER_S))
                why = _NOT_HERE if posted.call.kind == "wrong-district" else _NOT_OURS
                await self._act(system, event, fact.order_id, "return", why)
            case Handling.LATE:
                await self._sign(system, event, fact, chance)
                late_s = _left_s(fact.due_at.timestamp()) + chance.uniform(*_LATE_BY_S)
                await asyncio.sleep(late_s)
                await self._act(system, event, fact.order_id, "resolve", _answer(fact, chance))
            case Handling.WOKEN:
                self._asleep[fact.order_id] = event
            case Handling.SILENT:
                pass

    async def _in_time(
        self, system: System, event: Event, fact: OrderDispatched, chance: random.Random
    ) -> None:
        answers_at_s = time.time() + _left_s(fact.due_at.timestamp()) * chance.uniform(
            *_ANSWERS_AFTER
        )
        await self._sign(system, event, fact, chance)
        await asyncio.sleep(_left_s(answers_at_s))
        await self._act(system, event, fact.order_id, "resolve", _answer(fact, chance))

    async def _sign(
        self, system: System, event: Event, fact: OrderDispatched, chance: random.Random
    ) -> None:
        due_at = fact.sign_due_at or fact.due_at
        await asyncio.sleep(_left_s(due_at.timestamp()) * chance.uniform(*_SIGNS_AFTER))
        await self._act(system, event, fact.order_id, "sign")

    def _wake(self, order_id: UUID) -> None:
        """The superior has heard of the breach and calls the agency."""
        event = self._asleep.pop(order_id, None)
        if event is None or not isinstance(event.data, OrderDispatched):
            return
        system = self._systems[event.data.agency]
        self._book.spawn(event.complaintid, self._hurry(system, event, order_id))

    async def _hurry(self, system: System, event: Event, order_id: UUID) -> None:
        chance = random.Random(f"{self._seed}/{order_id}")  # noqa: S311 - a play, not a secret
        await self._act(system, event, order_id, "sign")
        await asyncio.sleep(chance.uniform(*_WOKEN_AFTER_S))
        await self._act(system, event, order_id, "resolve", _WOKEN)

    async def _act(
        self, system: System, event: Event, order_id: UUID, action: str, note: str | None = None
    ) -> None:
        if event.complaintid in self._closed:
            return
        body = {"action": action} | ({"note": note} if note else {})
        url = f"{self._intake_url}/v1/orders/{order_id}/actions"
        try:
            await self._door.ask("POST", url, system.key, once=f"{order_id}/{action}", json=body)
        except RefusedError as error:
            self._book.troubles.append(f"{system.agency}: {error}")


def _handling(posted: Posted, fact: OrderDispatched) -> Handling:
    """Say how an agency handles an order: only the first lead's lets things go wrong."""
    if fact.role != "lead" or fact.round > 1:
        return Handling.PROMPT
    if posted.call.kind == "wrong-district" and fact.agency != posted.call.dispatcher:
        return Handling.RETURN
    return posted.fate.handling if fact.attempt == 1 else Handling.PROMPT


def _left_s(at_s: float) -> float:
    """Seconds until an instant; none if it is over."""
    return max(0.0, at_s - time.time())


def _answer(fact: OrderDispatched, chance: random.Random) -> str:
    if fact.role == "assist":
        return _ASSISTED
    return chance.choice(_ANSWERS.get(fact.matter.language, _ANSWERS["zh"]))
