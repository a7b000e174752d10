"""What every route needs: storage, keys, the policy in force, and what callers are told."""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson
from fastapi import Response

from services.intake.adapters.attachments import Addresses
from services.intake.adapters.gathering import WAITING_MAX, Gatherer
from services.intake.adapters.sealing import Sealer
from services.intake.adapters.store import Folder, Store
from services.intake.adapters.vault import Vault
from services.intake.adapters.views import ViewStage
from services.intake.decide.acceptance import Lexicon
from services.intake.handle import Door, Entry, Kept, Outcome, Reader
from services.runtime.keys import header_of
from services.runtime.problems import Problem

if TYPE_CHECKING:
    from collections.abc import Sequence

    from starlette.types import Scope

    from services.runtime.clock import Clock
    from services.runtime.policies import PolicyStore
    from services.runtime.postgres import Database
    from services.runtime.settings import Secrets

#: Characters of an Idempotency-Key (draft-ietf-httpapi-idempotency-key-header names no limit).
IDEMPOTENCY_KEY_MAX = 255

#: So many callers waiting at once are a crowd: one after the other would take a tenth of a second.
CROWD = 16

#: What is kept is stored no more often: one short statement each time, and 5 ms measured best.
_CROWD_PACE_S = 0.005

#: Together with `policies.POLL_S`, well within the five seconds that are promised.
_KEEP_UP_EVERY_S = 0.5


@dataclass(slots=True)
class Desk:
    """The door's equipment."""

    db: Database
    policies: PolicyStore
    clock: Clock
    secrets: Secrets
    public_url: str  #: Where citizens reach this service, without a slash at the end.
    reveals_per_hour: int = 120  #: Identities that one operator's key may ask for.
    waiting_max: int = WAITING_MAX  #: Complaints that may wait in each lane.
    stage: ViewStage = field(default_factory=ViewStage)
    store: Store = field(default_factory=lambda: Folder(Path("attachments")))
    vault: Vault = field(init=False)
    addresses: Addresses = field(init=False)  #: Of attachments that wait.
    gatherer: Gatherer[Entry, Outcome] = field(init=False)
    kept: Gatherer[Kept, Outcome] = field(init=False)  #: For what is read later.
    reader: Reader = field(init=False)
    _lexicon: Lexicon | None = None
    is_kept_up: bool = False  #: True once `keep_up` runs beside the callers.

    def __post_init__(self) -> None:
        """Open the vault and the door."""
        self.vault = Vault(self.secrets)
        self.addresses = Addresses(self.secrets.token_key)
        letters = Sealer(self.secrets.endpoint_key)
        door = Door(self.db, self.vault, self.addresses, letters)
        self.gatherer = Gatherer(
            door.accept, weigh=lambda entry: entry.weight, waiting_max=self.waiting_max
        )
        self.reader = Reader(
            self.db,
            door,
            self.clock,
            token_key=self.secrets.token_key,
            lexicon=lambda: self.lexicon,
            is_crowded=lambda: len(self.gatherer) + len(self.kept) > 0,
        )
        self.kept = Gatherer(
            lambda entries: self._keep(door, entries),
            weigh=lambda entry: entry.weight,
            waiting_max=self.waiting_max,
            pace_s=_CROWD_PACE_S,
        )

    async def _keep(self, door: Door, entries: Sequence[Kept]) -> Sequence[Outcome | Exception]:
        outcomes = await door.keep(entries)
        self.reader.kept(len(entries), is_bulk=entries[0].is_bulk)
        return outcomes

    @property
    def is_crowded(self) -> bool:
        """Whether so many call that they are served faster if their words are read later."""
        return len(self.gatherer) >= CROWD or len(self.kept) > 0 or self.reader.of_people > 0

    @property
    def lexicon(self) -> Lexicon:
        """The policy in force, as the door needs it.

        Raises:
            Problem: 503, no policy has been published yet.
        """
        try:
            policy = self.policies.current
        except LookupError as error:
            raise Problem(
                503, "no-policy", "No policy has been published yet.", headers={"Retry-After": "5"}
            ) from error
        is_current = self._lexicon is not None and self._lexicon.policy.hash == policy.hash
        if self._lexicon is None or not (is_current or self.is_kept_up):
            self._lexicon = Lexicon(policy)
        return self._lexicon

    async def keep_up(self, every_s: float = _KEEP_UP_EVERY_S) -> None:
        """Follow changes of policy until cancelled.

        Building takes a third of a second for a big city, so it happens beside the event
        loop; until it is done, the policy before decides.
        """
        self.is_kept_up = True
        while True:
            if self.policies.is_loaded:
                policy = self.policies.current
                if self._lexicon is None or self._lexicon.policy.hash != policy.hash:
                    self._lexicon = await asyncio.to_thread(Lexicon, policy)
            await asyncio.sleep(every_s)

    def body_hash(self, about: str, body: Any) -> bytes:  # noqa: ANN401 - any JSON
        """Hash a body so that the same request is the same, however its JSON is written.

        The hash is keyed: a body holds a telephone number, which could else be guessed.

        Args:
            about: The path, so that one key can't stand for two kinds of request.
            body: Parsed JSON.
        """
        written = orjson.dumps([about, body], option=orjson.OPT_SORT_KEYS)
        return hashlib.blake2b(written, key=self.secrets.token_key[:64], digest_size=16).digest()


def idempotency_key(scope: Scope) -> str | None:
    """Read the Idempotency-Key.

    Raises:
        Problem: 422, it is empty, too long, or no plain text.
    """
    key = header_of(scope, b"idempotency-key")
    if key is None:
        return None
    if not (0 < len(key) <= IDEMPOTENCY_KEY_MAX and key.isascii() and key.isprintable()):
        message = f"1 to {IDEMPOTENCY_KEY_MAX} printable ASCII characters"
        raise Problem(
            422,
            "invalid-request",
            f"Idempotency-Key: {message}",
            errors=[{"field": "Idempotency-Key", "message": message}],
        )
    return key


def idempotency_conflict() -> Problem:
    """Say that a name stands for another body."""
    return Problem(
        409,
        "idempotency-conflict",
        "The same Idempotency-Key, or the same origin and external_id, came with another body.",
    )


def json_answer(body: Any, status: int = 200) -> Response:  # noqa: ANN401 - any JSON
    """Write JSON that no cache may keep."""
    return Response(
        orjson.dumps(body, default=str),
        status,
        {"Cache-Control": "no-store"},
        media_type="application/json",
    )
