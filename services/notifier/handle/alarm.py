"""Tells operators by e-mail that an endpoint was switched off."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING

from services.notifier.adapters import alarms
from services.notifier.handle.rounds import run_rounds
from services.runtime import telemetry
from services.runtime.ids import new_id

if TYPE_CHECKING:
    import asyncpg

    from services.events import HookDisabled
    from services.notifier.handle.ports import Mail
    from services.runtime.postgres import Database
    from services.runtime.transaction import Tx

log = telemetry.get_logger()

#: How soon e-mail that wasn't taken is tried again.
RETRY = timedelta(minutes=5)

#: After this an operator has looked, or the address is wrong.
GIVE_UP = timedelta(days=3)

POLL_S = 5.0

_WHY = {
    "gone": "它答复 410，不再接收。 It answered 410: it wants no more.",
    "failing": "多日来每次投递都失败。 Every attempt has failed for days.",
}


class Alarm:
    """Written down in the transaction that switches an endpoint off, sent afterwards."""

    def __init__(self, db: Database, mail: Mail | None, to: str | None) -> None:
        """Write to `to` through `mail`; without either, nobody is told."""
        self._db = db
        self._mail = mail
        self._to = to

    async def on_disabled(self, tx: Tx, fact: HookDisabled) -> None:
        """Write down that an endpoint was switched off."""
        if self._mail is not None and self._to:
            await alarms.keep(tx, new_id(), fact)

    async def run(self) -> None:
        """Tell until cancelled."""
        await run_rounds("alarm", self._round, every_s=POLL_S)

    async def _round(self) -> bool:
        await self.work()
        return False

    async def work(self) -> int:
        """Send what is due; returns how many went out or were given up."""
        if self._mail is None or not self._to:
            return 0
        async with self._db.transaction() as tx:
            rows, now = await alarms.claim(tx, tx.now + RETRY), tx.now
        sent = await asyncio.gather(*(self._send(self._mail, self._to, row) for row in rows))
        over = [
            row["alarm_id"]
            for row, is_sent in zip(rows, sent, strict=True)
            if is_sent or now - row["raised_at"] >= GIVE_UP
        ]
        if over:
            async with self._db.transaction() as tx:
                await alarms.done(tx, over)
        return len(over)

    async def _send(self, mail: Mail, to: str, row: asyncpg.Record) -> bool:
        text = (
            f"endpoint {row['endpoint_id']}\nagency {row['agency'] or '(all)'}\n"
            f"{row['raised_at'].isoformat(timespec='seconds')}\n{_WHY[row['reason']]}\n"
        )
        subject = "接收端已停用 · An endpoint is switched off"
        return await mail.try_send(to, subject, text, str(row["alarm_id"]))
