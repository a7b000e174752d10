"""Ways out: what goes through a channel is counted, so that one that hangs leaves others room."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from services.runtime import telemetry

if TYPE_CHECKING:
    from collections.abc import Callable

    from services.notifier.handle.ports import Channel

log = telemetry.get_logger()

#: Through a channel that fails, at a time: half of all errands.
FAILING_MAX = 32


class Gates:
    """Sends, and knows through which channels no more should be sent for now."""

    def __init__(self) -> None:
        """Begin with channels that all work."""
        self._under_way: Counter[str] = Counter()
        self._failing: set[str] = set()

    @property
    def closed(self) -> frozenset[str]:
        """Channels that failed the last time and have as many messages under way as they may."""
        return frozenset(n for n in self._failing if self._under_way[n] >= FAILING_MAX)

    async def send(
        self, channel: Channel, to: str, words: Callable[[], str], reference: str
    ) -> bool:
        """Send; False if it failed, for whatever reason: a bug too costs an attempt.

        Args:
            channel: By which.
            to: The person's address.
            words: Makes the text.
            reference: The same again is the same message.
        """
        self._under_way[channel.name] += 1
        is_sent = False
        try:
            is_sent = await channel.send(to, words(), reference)
        except Exception as error:  # noqa: BLE001 - whatever it is
            # Only the kind: what it says may repeat the address or the words.
            kind = type(error).__name__
            log.warning("sending-failed", channel=channel.name, reference=reference, error=kind)
        finally:
            self._under_way[channel.name] -= 1
            (self._failing.discard if is_sent else self._failing.add)(channel.name)
        return is_sent
