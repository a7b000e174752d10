"""`whistle policy what-if`: what would have become of past complaints under another policy.

The router hands out complaints page by page; they are routed here, so however many there are,
the router does nothing but read an index, and this program keeps counts and a few examples.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from services.cli.desk import Installation
from services.cli.policy.bundles import find, published
from services.cli.policy.replayed import as_json, show
from services.cli.policy.rerouting import Past, Replay, decide
from services.cli.policy.screen import Json, instant, print_json, stop
from services.events import Matter
from services.router.decide import outcome_on_record

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from services.policy import Policy

_PAGE = 500
#: An ISO date without a time of day.
_DATE_LENGTH = 10

_When = "Date, or date and time in ISO 8601; without an offset in the city's time."


def what_if(
    policy: Annotated[
        str, typer.Option(help="A folder, or the hash of a published policy.", show_default=False)
    ],
    start: Annotated[str, typer.Option("--from", help=_When, show_default=False)],
    end: Annotated[
        str, typer.Option("--to", help="The same; a date counts whole.", show_default=False)
    ],
    *,
    data: Annotated[Path, typer.Option(help="Data folder of `whistle up`.")] = Path(".data"),
    as_json_: Json = False,
) -> None:
    """Route past complaints by another policy, and say how many would have gone elsewhere.

    Each is compared with what the policy decides that decided then. Nothing is recorded.
    """
    new = find(policy, data)
    first, last = _span(start, end, new)
    replay = Rerouting(Installation(data), new, data)
    with _progress(is_quiet=as_json_) as progress:
        task = progress.add_task("complaints", total=(last - first).total_seconds())

        def seen(past: Past) -> None:
            progress.update(task, completed=(past.decided_at - first).total_seconds())

        replay.run(first, last, seen)
    if as_json_:
        print_json(as_json(replay.result, new, (first, last), replay.unreadable))
    else:
        show(replay.result, new, (first, last), replay.unreadable)


class Rerouting:
    """Reads past complaints and routes them twice."""

    def __init__(self, installation: Installation, new: Policy, data: Path) -> None:
        """Compare with a policy; the others are fetched as they come up."""
        self._installation = installation
        self._new = new
        self._data = data
        # One object for one bundle: the router keeps what it prepared by the object.
        self._policies: dict[str, Policy | str] = {new.hash: new}
        self.result = Replay()
        self.unreadable: dict[str, int] = {}  #: Complaints left out, by why.

    def run(self, start: datetime, end: datetime, seen: Callable[[Past], None]) -> None:
        """Route everything that was first decided in a span of time.

        Args:
            start: The first instant.
            end: The one after the last.
            seen: Told of each complaint.
        """
        for item in self._items(start, end):
            past, then = past_of(item), self._policy(item["policy"])
            if isinstance(then, str):
                self.unreadable[then] = self.unreadable.get(then, 0) + 1
            else:
                self.result.add(past, decide(past.matter, then), decide(past.matter, self._new))
            seen(past)

    def _items(self, start: datetime, end: datetime) -> Iterator[dict[str, Any]]:
        span = {"from": start.isoformat(), "to": end.isoformat(), "limit": str(_PAGE)}
        after: dict[str, str] = {}
        while True:
            page = self._installation.ask("GET", "router", "/v1/routes", params=span | after)
            yield from page["items"]
            if page["next"] is None:
                return
            after = {"after": page["next"]}

    def _policy(self, name: str) -> Policy | str:
        if name not in self._policies:
            self._policies |= published([name], self._data)
        return self._policies[name]


def past_of(item: dict[str, Any]) -> Past:
    """Read a complaint as `GET /v1/routes` gives it."""
    decision, now = item["decision"], item["now"]
    return Past(
        complaint_id=UUID(item["complaint_id"]),
        decided_at=datetime.fromisoformat(item["decided_at"]),
        matter=Matter.model_validate(item["matter"], extra="ignore"),
        recorded=_recorded(item["outcome"], decision),
        recorded_by=decision.get("decided_by"),
        is_standing=now["attempt"] == 1 and now["lead"] == decision.get("lead"),
        lead_now=now["lead"],
    )


def _recorded(outcome: str, decision: dict[str, Any]) -> str:
    """Write it as `rerouting` does, which tells holds apart by their reason."""
    return (
        f"held:{decision['reason']}" if outcome == "held" else outcome_on_record(outcome, decision)
    )


def _span(start: str, end: str, policy: Policy) -> tuple[datetime, datetime]:
    first, last = instant(start, policy, "--from"), instant(end, policy, "--to")
    if len(end) <= _DATE_LENGTH:
        last += timedelta(days=1)
    if first >= last:
        raise stop("--to must be after --from", 2)
    return first, last


def _progress(*, is_quiet: bool) -> Progress:
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn())
    disable = is_quiet or not console.is_terminal
    return Progress(*columns, console=console, transient=True, disable=disable)
