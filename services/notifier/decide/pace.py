"""How fast one endpoint is sent to: a token bucket that holds one second's worth."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class Bucket:
    """Says when the next request may start; times are of one clock that never goes back.

    Attributes:
        rate: Requests a second.
        tokens: How many may start at once.
        at: When that was counted, in seconds.
    """

    rate: float
    tokens: float
    at: float

    @classmethod
    def full(cls, rate: float, now: float) -> Bucket:
        """Begin with a second's worth, one request at least."""
        return cls(rate, max(1.0, rate), now)

    def wait_s(self, now: float) -> float:
        """Say how long until a request may start; 0 if it may now."""
        self.tokens = min(max(1.0, self.rate), self.tokens + (now - self.at) * self.rate)
        self.at = now
        # A millionth short is there: sums of floating point numbers needn't come out even.
        return 0.0 if self.tokens >= 1 - 1e-6 else (1 - self.tokens) / self.rate

    def take(self) -> None:
        """Start one; only after `wait_s` said 0."""
        self.tokens -= 1
