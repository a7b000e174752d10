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

    async def contact(self, token: str, complaint_id: UUID) -> Contact | None:
        """Reveal a number for a call-back; None if the vault didn't answer."""
        body = orjson.dumps({"purpose": "call-back", "complaint_id": str(complaint_id)})
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
        return Contact(orjson.loads(answer.body).get("phone") or None)


class LogChannel:
    """Writes what would be sent to a file, for demonstrations; never a number in clear."""

    name = "log"

    def __init__(self, path: Path, clock: Clock) -> None:
        """Append to `path`."""
        self._path = path
        self._clock = clock

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


class GatewayChannel:
    """Hands messages to an SMS gateway as JSON: `to`, `text`, `reference`.

    After a crash a message may be handed over twice, with the same reference: a gateway that
    drops repeated references sends it once.
    """

    name = "sms"

    def __init__(self, wire: Wire, url: str) -> None:
        """POST to `url`; credentials, if any, belong in its path or query."""
        self._wire = wire
        self._url = url

    async def send(self, to: str, text: str, reference: str) -> bool:
        """Send one message."""
        body = orjson.dumps({"to": to, "text": text, "reference": reference})
        headers = (("content-type", "application/json"), ("idempotency-key", reference))
        answer = await self._wire.post(self._url, headers, body)
        if isinstance(answer, Answer) and answer.is_success:
            return True
        # Not what the gateway said: it may repeat the number.
        brief = answer.status if isinstance(answer, Answer) else answer.code
        log.warning("gateway-failed", reference=reference, answer=brief)
        return False
