"""Reaching a person: intake's vault for the number, a channel for the words."""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from typing import TYPE_CHECKING

import orjson

from services.notifier.decide import Answer, Contact
from services.runtime import telemetry

if TYPE_CHECKING:
    from pathlib import Path
    from uuid import UUID

    from services.notifier.adapters.wire import Wire
    from services.runtime.clock import Clock

log = telemetry.get_logger()

_NOBODY = frozenset({HTTPStatus.NOT_FOUND, HTTPStatus.GONE})


class IntakeVault:
    """Asks intake for a number at the moment it is needed; keeps nothing."""

    def __init__(self, wire: Wire, intake_url: str, service_key: str) -> None:
        """Ask the intake at this address, with the key that services use."""
        self._wire = wire
        self._url = intake_url.rstrip("/")
        self._headers = (
            ("content-type", "application/json"),
            ("authorization", f"Bearer {service_key}"),
        )

    async def contact(
        self, token: str, complaint_id: UUID, purpose: str = "call-back"
    ) -> Contact | None:
        """Reveal how to reach a person; None if the vault didn't answer.

        Args:
            token: The person's.
            complaint_id: What they are to be told about.
            purpose: Why; the vault writes it down.
        """
        body = orjson.dumps({"purpose": purpose, "complaint_id": str(complaint_id)})
        url = f"{self._url}/v1/identities/{token}/reveal"
        answer = await self._wire.post(url, self._headers, body)
        if not isinstance(answer, Answer):
            log.warning("vault-unreachable", trouble=answer.code, detail=answer.detail)
            return None
        if answer.status in _NOBODY:
            return Contact(None)
        if not answer.is_success:
            log.warning("vault-refused", status=answer.status)
            return None
        known = orjson.loads(answer.body)
        return Contact(
            known.get("phone") or None,
            known.get("email") or None,
            known.get("push") or None,
            is_left_alone=known.get("do_not_call") is True,
        )


class LogChannel:
    """Writes what would be sent to a file, for demonstrations; never a number in clear."""

    name = "log"

    def __init__(self, path: Path, clock: Clock) -> None:
        """Append to `path`."""
        self._path = path
        self._clock = clock

    def address_of(self, contact: Contact) -> str | None:
        """Give any address: it takes whatever there is."""
        return contact.phone or contact.email or contact.push

    async def send(self, to: str, text: str, reference: str) -> bool:
        """Append one JSON line."""
        line = orjson.dumps(
            {
                "at": self._clock.now(),
                "to": f"…{to[-2:]}",
                "text": text,
                "reference": reference,
            }
        )
        try:
            await asyncio.to_thread(self._append, line)
        except OSError as error:
            log.warning("callback-log-failed", error=str(error))
            return False
        return True

    def _append(self, line: bytes) -> None:
        with self._path.open("ab") as file:
            file.write(line + b"\n")
