"""A notifier that a failpoint kills while it tells; `killing` runs it."""

from __future__ import annotations

from pathlib import Path

from tests.notifier.conftest import open_door
from tests.notifier.telling import a_telling_policy, an_opening


async def main(dsn: str, vault: str, gateway: str, folder: str) -> None:
    """Tell one person of one acceptance, if nothing kills us on the way."""
    settings = {"intake_url": vault, "sms_gateway_url": gateway}
    async with open_door(dsn, Path(folder), a_telling_policy(), **settings) as door:
        await door.track(an_opening())
