"""What has become of attempts, on its way to the database."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from services.notifier.decide import Answer, Decision, Endpoint, Job, RetryAt, Trouble
from services.notifier.decide.responses import without_contacts

if TYPE_CHECKING:
    from datetime import datetime

    from services.notifier.decide.breaker import Health

#: What is kept of an answer, for whoever looks into a failure.
RESPONSE_CHARS_MAX = 1000


@dataclass(frozen=True, slots=True)
class Finished:
    """One attempt that was made.

    Attributes:
        job: Which.
        endpoint: As it was known when the request was made.
        at: When it began.
        took_ms: Milliseconds until the answer.
        result: What came back.
        decision: What follows.
        health: How the endpoint is doing after it.
        was_failing: It was failing before, as far as anybody knew.
    """

    job: Job
    endpoint: Endpoint
    at: datetime
    took_ms: int
    result: Answer | Trouble
    decision: Decision
    health: Health
    was_failing: bool

    @property
    def is_over(self) -> bool:
        """True unless there will be another attempt."""
        return not isinstance(self.decision, RetryAt)

    @property
    def status(self) -> int | None:
        """The HTTP status, if there was an answer."""
        return self.result.status if isinstance(self.result, Answer) else None

    def entry(self) -> dict[str, Any]:
        """Say it for the delivery's history."""
        entry: dict[str, Any] = {
            "attempt": self.job.attempt,
            "at": self.at.isoformat(),
            "ms": self.took_ms,
        }
        if isinstance(self.result, Trouble):
            detail = _storable(self.result.detail)
            return entry | {"error": self.result.code, "detail": detail}
        entry["status"] = self.result.status
        if self.result.body:
            said = self.result.body.decode(errors="replace")
            entry["response"] = _storable(without_contacts(said))
        return entry


def _storable(text: str) -> str:
    """PostgreSQL's JSON has no NUL and no half of a pair, and a receiver may answer anything."""
    whole = text[:RESPONSE_CHARS_MAX].encode(errors="replace").decode()
    return whole.replace("\x00", "\N{REPLACEMENT CHARACTER}")
