"""`whistle deliveries`: what became of webhooks, and sending them once more."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID  # noqa: TC003 - typer reads it

import orjson
import typer

from services.cli.desk import Installation, show_rows

app = typer.Typer(no_args_is_help=True, help="Webhooks sent and not sent: ls, show, replay.")

_Data = Annotated[Path, typer.Option(help="Data folder of `whistle up`.")]
_Json = Annotated[bool, typer.Option("--json", help="Machine-readable output.")]
_Types = Annotated[list[str], typer.Option("--type", help="Of this event type; may be repeated.")]
_Since = Annotated[
    datetime | None, typer.Option(help="Of events from then on; this machine's time.")
]
_Until = Annotated[datetime | None, typer.Option(help="Of events before then.")]
_DATA = Path(".data")

_COLUMNS = ("delivery_id", "event_type", "complaint_id", "state", "attempts", "last", "due_at")


class State(StrEnum):
    """What a delivery can be."""

    PENDING = "pending"
    DELIVERED = "delivered"
    FAILED = "failed"
    CANCELLED = "cancelled"


@app.command("ls")
def list_deliveries(  # noqa: PLR0917 - one option each
    endpoint: Annotated[UUID | None, typer.Option(help="To this endpoint.")] = None,
    complaint: Annotated[UUID | None, typer.Option(help="About this complaint.")] = None,
    state: Annotated[State | None, typer.Option(help="In this state.")] = None,
    event_type: _Types = [],  # noqa: B006 - typer copies it
    since: _Since = None,
    until: _Until = None,
    status: Annotated[int | None, typer.Option(help="Last answered with this.")] = None,
    before: Annotated[UUID | None, typer.Option(help="`next` of the page before.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=500)] = 50,
    data: _Data = _DATA,
    *,
    as_json: _Json = False,
) -> None:
    """List deliveries, the newest first."""
    asked = {
        "endpoint": endpoint,
        "complaint": complaint,
        "state": state,
        "event_type": event_type,
        "since": _instant(since),
        "until": _instant(until),
        "status": status,
        "before": before,
        "limit": limit,
    }
    params = {name: str(value) for name, value in _given(asked).items() if name != "event_type"}
    page = Installation(data).ask(
        "GET", "notifier", "/v1/deliveries", params={**params, "event_type": event_type}
    )
    if as_json:
        typer.echo(orjson.dumps(page, option=orjson.OPT_INDENT_2).decode())
        return
    show_rows([row | {"last": _last(row)} for row in page["items"]], _COLUMNS, as_json=False)
    if page["next"]:
        typer.echo(f"There are more: --before {page['next']}")


@app.command("show")
def show_delivery(
    delivery_id: Annotated[UUID, typer.Argument(show_default=False)],
    data: _Data = _DATA,
    *,
    as_json: _Json = False,
) -> None:
    """Show one with every attempt: when, how long it took, what was answered."""
    found = Installation(data).ask("GET", "notifier", f"/v1/deliveries/{delivery_id}")
    if as_json:
        typer.echo(orjson.dumps(found, option=orjson.OPT_INDENT_2).decode())
        return
    for name, value in found.items():
        if name != "history":
            typer.echo(f"{name:14}{'' if value is None else value}")
    attempts = [dict.fromkeys(_ATTEMPT) | entry for entry in found["history"]]
    show_rows(attempts, _ATTEMPT, as_json=False)


_ATTEMPT = ("attempt", "at", "ms", "status", "error", "response")


@app.command("replay")
def replay(  # noqa: PLR0917 - one option each
    delivery_id: Annotated[UUID | None, typer.Argument(help="Only this one.")] = None,
    endpoint: Annotated[UUID | None, typer.Option(help="All of this endpoint's.")] = None,
    state: Annotated[State, typer.Option(help="In this state.")] = State.FAILED,
    event_type: _Types = [],  # noqa: B006 - typer copies it
    since: _Since = None,
    until: _Until = None,
    data: _Data = _DATA,
    *,
    dry_run: Annotated[bool, typer.Option(help="Only count them.")] = False,
    as_json: _Json = False,
) -> None:
    """Send once more, with the same `webhook-id`: one delivery, or an endpoint's."""
    if (delivery_id is None) == (endpoint is None):
        typer.echo("Name a delivery, or --endpoint.", err=True)
        raise typer.Exit(2)
    if delivery_id is not None:
        answer = Installation(data).ask("POST", "notifier", f"/v1/deliveries/{delivery_id}/replay")
    else:
        asked = {
            "endpoint": str(endpoint),
            "state": state.value,
            "event_types": event_type,
            "since": _instant(since),
            "until": _instant(until),
            "is_dry_run": dry_run,
        }
        answer = _replay_all(Installation(data), _given(asked))
    if as_json:
        typer.echo(orjson.dumps(answer).decode())
    elif "matching" in answer:
        typer.echo(f"{answer['matching']} would be sent once more.")
    else:
        typer.echo(f"{answer['replayed']} will be sent once more.")


def _replay_all(installation: Installation, body: dict[str, Any]) -> dict[str, Any]:
    """Call until all have been started over."""
    total = 0
    while True:
        answer = installation.ask("POST", "notifier", "/v1/deliveries/replay", json=body)
        if "matching" in answer:
            return {"matching": answer["matching"]}
        total += answer["replayed"]
        if answer["next"] is None:
            return {"replayed": total}
        body["after"] = answer["next"]


def _given(asked: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in asked.items() if value is not None}


def _instant(at: datetime | None) -> str | None:
    return at.astimezone().isoformat() if at else None


def _last(row: dict[str, Any]) -> str:
    """Say how the last attempt ended."""
    entry = row["history"][-1] if row["history"] else {}
    return str(entry.get("status") or entry.get("error") or "")
