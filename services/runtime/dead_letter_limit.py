"""When to stop instead of giving up ever more events."""

from __future__ import annotations

from services.runtime.errors import StoppedError

#: Dead letters in a row, and their share of the last events, beyond which something is wrong
#: with us rather than with them: better stop than give everything up (arroyo's DlqLimit).
DEAD_RUN_MAX = 50
DEAD_RATIO_MAX = 0.5
DEAD_RATIO_WINDOW = 500


class DeadLetterLimit:
    """Counts dead letters against what went well."""

    def __init__(self) -> None:
        """Start clean."""
        self._run = 0
        self._dead = 0
        self._all = 0

    def count(self, dead: int, well: int) -> None:
        """Take a batch into account.

        Raises:
            StoppedError: Too many in a row, or too large a share.
        """
        self._run = 0 if well else self._run + dead
        self._dead += dead
        self._all += dead + well
        if self._run > DEAD_RUN_MAX or (
            self._all >= DEAD_RATIO_WINDOW and self._dead > DEAD_RATIO_MAX * self._all
        ):
            raise StoppedError(
                f"{self._dead} of {self._all} events were dead letters, {self._run} in a row"
            )
        if self._all >= DEAD_RATIO_WINDOW:
            self._dead, self._all = 0, 0
