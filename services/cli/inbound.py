"""`whistle hooks …` for systems that call us: try a mapping, give secrets, repair parked calls."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

import orjson
import typer
from pydantic import ValidationError
from rich.console import Console
from rich.table import Table
from rich.text import Text

from services.cli.desk import Installation, hooks
from services.intake.decide.mapping import Broken, Made, map_call
from services.intake.http.bodies import ComplaintBody
from services.policy import HookMapping, PolicyError, load
from services.policy.folder import read

source = typer.Typer(no_args_is_help=True, help="Systems that may call us, and their secrets.")
hooks.add_typer(source, name="source")

_Data = Annotated[Path, typer.Option(help="Data folder of `whistle up`.")]
_Json = Annotated[bool, typer.Option("--json", help="Machine-readable output.")]
_Name = Annotated[str, typer.Argument(help="As in hooks/NAME.toml.", show_default=False)]
_Call = Annotated[UUID, typer.Argument(help="A call's id.", show_default=False)]
_Given = Annotated[
    str | None, typer.Option(help="The system's own; without it one is made and shown once.")
]
_DATA = Path(".data")
_WIDTH = 200


@hooks.command("try")
def try_mapping(
    name: _Name,
    file: Annotated[Path, typer.Argument(help="A call's body, JSON or form.", exists=True)],
    *,
    policy: Annotated[Path, typer.Option(envvar="WHISTLE_POLICY", help="Folder.")] = Path(
        "policy/beijing"
    ),
    content_type: Annotated[str, typer.Option(help="As the call has it, for its charset.")] = "",
    as_json: _Json = False,
) -> None:
    """Show what a call would become; nothing is recorded and nothing need run."""
    found = _judged(_mapping(policy, name), file.read_bytes(), content_type)
    if as_json:
        typer.echo(orjson.dumps(found, option=orjson.OPT_INDENT_2).decode())
    else:
        _show_trial(found)
    raise typer.Exit(0 if found["state"] != "parked" else 1)


def _mapping(policy: Path, name: str) -> HookMapping:
    try:
        known = load(read(policy)).hooks
    except PolicyError as error:
        raise _stop("\n".join(str(fault) for fault in error.faults)) from error
    if name not in known:
        listed = ", ".join(known) or "none"
        raise _stop(f"{policy} has no hooks/{name}.toml; it has {listed}")
    return known[name]


def _judged(mapping: HookMapping, body: bytes, content_type: str) -> dict[str, Any]:
    """Say what the door would do with a call."""
    mapped = map_call(mapping, body, content_type)
    if isinstance(mapped, Broken):
        return {"state": "parked", "complaints": [], "faults": [_fault(mapping, mapped)]}
    if not mapped.is_wanted:
        return {"state": "ignored", "complaints": [], "faults": []}
    faults = [
        fault
        for number, made in enumerate(mapped.made)
        for fault in _refusals(mapping, number, made)
    ]
    complaints = [
        {
            "body": made.body,
            "fields": [
                {"field": one.field, "value": one.value, "expression": one.expression}
                for one in made.filled
            ],
        }
        for made in mapped.made
        if isinstance(made, Made)
    ]
    return {"state": "parked" if faults else "taken", "complaints": complaints, "faults": faults}


def _refusals(mapping: HookMapping, number: int, made: Made | Broken) -> list[dict[str, Any]]:
    if isinstance(made, Broken):
        return [_fault(mapping, made)]
    try:
        ComplaintBody.model_validate(made.body)
    except ValidationError as error:
        told = error.errors(include_url=False, include_input=False, include_context=False)
        sources = {filled.field: filled.expression for filled in made.filled}
        return [
            {
                "item": number,
                "field": ".".join(map(str, one["loc"])),
                "expression": sources.get(str(one["loc"][-1])),
                "reason": one["msg"],
            }
            for one in told
        ]
    return []


def _fault(mapping: HookMapping, broken: Broken) -> dict[str, Any]:
    return {
        "item": broken.item,
        "field": broken.field,
        "expression": broken.expression,
        "reason": broken.reason,
        "file": mapping.file,
        "line": broken.line or None,
    }


def _show_trial(found: dict[str, Any]) -> None:
    console = Console(highlight=False)
    for number, complaint in enumerate(found["complaints"]):
        table = Table("field", "value", "expression", title=f"complaint {number}", box=None)
        for one in complaint["fields"]:
            table.add_row(*(Text(one[name]) for name in ("field", "value", "expression")))
        console.print(table)
    for fault in found["faults"]:
        which = "" if fault["item"] is None else f"complaint {fault['item']}, "
        where = f"{fault['file']}:{fault['line']}: " if fault.get("line") else ""
        by = f" ({fault['expression']})" if fault["expression"] else ""
        line = f"{where}{which}{fault['field']}{by}: {fault['reason']}"
        console.print(Text(line, style="red"), soft_wrap=True)
    console.print(Text(f"It would be {found['state']}.", style="bold"))


def _stop(message: str) -> typer.Exit:
    typer.echo(message, err=True)
    return typer.Exit(2)


@source.command("add")
def add_source(name: _Name, secret: _Given = None, data: _Data = _DATA) -> None:
    """Let a system call. Its secret is shown now and never again."""
    body = {"source": name, "secret": secret}
    typer.echo(Installation(data).ask("POST", "intake", "/v1/hook-sources", json=body)["secret"])


@source.command("rotate")
def rotate_source(name: _Name, secret: _Given = None, data: _Data = _DATA) -> None:
    """Give a system another secret; the old one is good for 24 hours more."""
    path = f"/v1/hook-sources/{name}/rotate"
    typer.echo(Installation(data).ask("POST", "intake", path, json={"secret": secret})["secret"])


@source.command("revoke")
def revoke_source(name: _Name, data: _Data = _DATA) -> None:
    """Let a system call no more, from now on."""
    Installation(data).ask("DELETE", "intake", f"/v1/hook-sources/{name}")
    typer.echo("Revoked.")


@source.command("ls")
def list_sources(data: _Data = _DATA, *, as_json: _Json = False) -> None:
    """List the systems that may call, and mappings that wait for a secret."""
    found = Installation(data).ask("GET", "intake", "/v1/hook-sources")
    if as_json:
        typer.echo(orjson.dumps(found, option=orjson.OPT_INDENT_2).decode())
        return
    _show(found["items"], ("source", "is_mapped", "created_at", "rotated_at"))
    for name in found["without_secret"]:
        typer.echo(f"{name} has a mapping and no secret: whistle hooks source add {name}")


@hooks.command("calls")
def list_calls(
    state: Annotated[str, typer.Option(help="received, parked, ignored, taken or dropped.")] = (
        "parked"
    ),
    only: Annotated[str | None, typer.Option("--source", help="Only this system's.")] = None,
    data: _Data = _DATA,
    *,
    as_json: _Json = False,
) -> None:
    """List systems' calls in a state, the oldest first; by default those that wait for repair."""
    asked = {"state": state} | ({"source": only} if only else {})
    rows = Installation(data).ask("GET", "intake", "/v1/hook-calls", params=asked)["items"]
    if as_json:
        typer.echo(orjson.dumps(rows, option=orjson.OPT_INDENT_2).decode())
    else:
        _show(rows, ("call_id", "source", "received_at", "attempts", "reason"))


@hooks.command("show")
def show_call(
    call_id: _Call,
    purpose: Annotated[str | None, typer.Option(help="Shows the body; is written down.")] = None,
    data: _Data = _DATA,
) -> None:
    """Show a call; its body, which names people, only for a purpose."""
    asked = {"purpose": purpose} if purpose else {}
    path = f"/v1/hook-calls/{call_id}"
    found = Installation(data).ask("GET", "intake", path, params=asked)
    typer.echo(orjson.dumps(found, option=orjson.OPT_INDENT_2).decode())


@hooks.command("replay")
def replay_calls(
    which: Annotated[str, typer.Argument(help="A source, or a call's id.", show_default=False)],
    data: _Data = _DATA,
) -> None:
    """Try parked calls again with the policy in force; exit status 1 if any stays parked."""
    installation = Installation(data)
    try:
        one = UUID(which)
    except ValueError:
        _replay_source(installation, which)
        return
    found = installation.ask("POST", "intake", f"/v1/hook-calls/{one}/replay")
    typer.echo(f"{found['state']}  {found['reason'] or ''}".strip())
    raise typer.Exit(0 if found["state"] != "parked" else 1)


def _replay_source(installation: Installation, name: str) -> None:
    tried, taken = 0, 0
    asked: dict[str, str] | None = {"source": name}
    while asked:
        found = installation.ask("POST", "intake", "/v1/hook-calls/replay-all", params=asked)
        tried, taken = tried + found["tried"], taken + found["taken"]
        asked = {"source": name, "after": found["next"]} if found["next"] else None
    typer.echo(f"{tried} tried, {taken} taken")
    raise typer.Exit(0 if tried == taken else 1)


@hooks.command("drop")
def drop_call(
    call_id: _Call,
    reason: Annotated[str, typer.Option(help="For the record.", show_default=False)],
    data: _Data = _DATA,
) -> None:
    """Give up a parked call."""
    path = f"/v1/hook-calls/{call_id}/drop"
    Installation(data).ask("POST", "intake", path, json={"reason": reason})
    typer.echo("Dropped.")


def _show(rows: list[dict[str, Any]], columns: tuple[str, ...]) -> None:
    table = Table()
    for name in columns:
        table.add_column(name, no_wrap=name.endswith("id"), overflow="fold")
    for row in rows:
        table.add_row(*(Text("" if row[name] is None else str(row[name])) for name in columns))
    screen = Console()
    (screen if screen.is_terminal else Console(width=_WIDTH)).print(table)


__all__ = ["hooks"]
