"""The dispatcher: looks at what the rules couldn't settle, and decides or leaves it."""

from __future__ import annotations

import asyncio
import random
from typing import TYPE_CHECKING, Any
from uuid import UUID

from services.cli.demo.door import RefusedError
from services.cli.demo.morning import DIVERT
from services.policy.agencies import AgencyKind

if TYPE_CHECKING:
    from services.cli.demo.book import Book, Posted
    from services.cli.demo.door import Door
    from services.policy import Policy

_LOOKS_EVERY_S = 0.4
_THINKS_S = (0.6, 1.6)
_PAGE = 200

#: They can be told, but can't be made to handle a complaint.
_CANNOT_LEAD = {AgencyKind.HOTLINE, AgencyKind.CENTRAL_UNIT}

_REPLY = {
    "beyond-duty": "这件事不属于政府部门职责，建议与对方好好沟通，也可以请社区调解员帮忙。",
}


class Dispatcher:
    """Works through triage until cancelled."""

    def __init__(self, book: Book, door: Door, policy: Policy, router_url: str, key: str) -> None:
        """Decide with an operator's key."""
        self._book = book
        self._door = door
        self._policy = policy
        self._url = f"{router_url}/v1/triage"
        self._key = key
        self._chance = random.Random(7)  # noqa: S311 - a play, not a secret
        self._seen: set[tuple[UUID, int]] = set()

    async def run(self) -> None:
        """Look, decide, look again."""
        while True:
            answer = await self._door.ask("GET", self._url, self._key, params={"limit": str(_PAGE)})
            for item in answer.json()["items"]:
                complaint_id = UUID(item["complaint_id"])
                if (complaint_id, item["attempt"]) not in self._seen:
                    self._seen.add((complaint_id, item["attempt"]))
                    self._book.spawn(complaint_id, self._settle(complaint_id, item))
            await asyncio.sleep(_LOOKS_EVERY_S)

    async def _settle(self, complaint_id: UUID, item: dict[str, Any]) -> None:
        posted = await self._book.known(complaint_id)
        decision = self._decide(posted, item)
        if decision is None:
            self._book.left_held.add(complaint_id)
            return
        await asyncio.sleep(self._chance.uniform(*_THINKS_S))
        try:
            await self._door.ask("POST", f"{self._url}/{complaint_id}", self._key, json=decision)
        except RefusedError as error:
            self._book.troubles.append(f"dispatcher, {posted.number}: {error}")

    def _decide(self, posted: Posted, item: dict[str, Any]) -> dict[str, Any] | None:
        """Say what becomes of a held complaint; None leaves it to somebody else."""
        wanted = posted.call.dispatcher
        if wanted.startswith(DIVERT):
            diversion = wanted.removeprefix(DIVERT)
            reply = _REPLY[diversion]
            reason = "回访核实：不属于承办单位职责"
            return {"diversion": diversion, "target": "society", "reply": reply, "reason": reason}
        if wanted:
            return {"lead": wanted, "reason": "回访核实事发地，人工派单"}
        if not item["excluded"]:
            return None
        lead = self._designated(item)
        return {"lead": lead, "reason": "各单位均已退单，指定办理"} if lead else None

    def _designated(self, item: dict[str, Any]) -> str | None:
        """Name who must do it now: who returned it first, else the district's government."""
        agencies = self._policy.agencies
        place = item["place"]
        government = self._policy.government_of(place.get("street") or place.get("district"))
        for code in (*item["excluded"], government):
            if code in agencies and agencies[code].kind not in _CANNOT_LEAD:
                return str(code)
        return None
