"""For whoever installs: make everything ready, and see whether it is alive."""

from __future__ import annotations

import asyncio
import secrets
import time
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer
import uvicorn

from services.cli.desk import Installation
from services.cli.installation import make_secrets
from services.cli.up import put_in_force
from services.runtime import migrate
from services.runtime.errors import MisconfiguredError
from services.runtime.settings import ServiceSettings
from services.runtime.webhooks import verify
from stack.program import StackError

#: Words of no citizen; the running number makes each complaint its own matter.
_TEXT = "试运行检查：小区路灯不亮，请派人维修。编号 {}"


def init(
    policy: Annotated[
        Path | None, typer.Option(help="Folder to put in force, unless it is.")
    ] = None,
) -> None:
    """Make keys, tables, topics and put a policy in force; changes nothing that is there."""
    settings = ServiceSettings()
    make_secrets(settings.secrets_file)

    async def prepare() -> None:
        await migrate.prepare(settings)
        await put_in_force(settings.platform_dsn or settings.dsn, policy, typer.echo)

    try:
        asyncio.run(prepare())
    except (MisconfiguredError, StackError) as error:
        typer.echo(f"whistle init: {error}", err=True)
        raise typer.Exit(2) from error


def smoke(
    listen: Annotated[str, typer.Option(help="Where the receiver listens.")] = "127.0.0.1:0",
    reach: Annotated[
        str | None, typer.Option(help="How the notifier reaches it; by default where it listens.")
    ] = None,
    complaints: Annotated[int, typer.Option(help="How many to post.")] = 20,
    within_s: Annotated[float, typer.Option(help="How long to wait for the webhooks.")] = 60,
    data: Annotated[Path, typer.Option(help="Data folder of `whistle up`.")] = Path(".data"),
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Machine-readable output.")] = False,
) -> None:
    """Post complaints and wait for their signed webhooks: is this installation alive?"""
    found = asyncio.run(_smoke(Installation(data), listen, reach, complaints, within_s))
    if as_json:
        typer.echo(orjson.dumps(found).decode())
    else:
        typer.echo(
            f"{found['posted']} posted, {found['delivered']} delivered and signed,"
            f" slowest {found['slowest_s']:.2f} s"
        )
    if found["delivered"] < complaints or found["forged"]:
        raise typer.Exit(1)


class _Receiver:
    """Takes webhooks and checks their signatures."""

    def __init__(self) -> None:
        self.secret = ""
        self.arrived: dict[str, float] = {}
        self.forged = 0
        self.changed = asyncio.Event()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:  # noqa: ANN401 - ASGI
        if scope["type"] != "http":
            return
        body = b""
        while (message := await receive()).get("more_body") or message.get("body"):
            body += message["body"]
            if not message.get("more_body"):
                break
        headers = {name.decode(): value.decode() for name, value in scope["headers"]}
        genuine = verify((self.secret,), headers, body, time.time()) == "genuine"
        if genuine:
            self.arrived.setdefault(orjson.loads(body)["complaintid"], time.monotonic())
        else:
            self.forged += 1
        self.changed.set()
        status = 204 if genuine else 401
        await send({"type": "http.response.start", "status": status, "headers": []})
        await send({"type": "http.response.body", "body": b""})


async def _smoke(
    installation: Installation, listen: str, reach: str | None, complaints: int, within_s: float
) -> dict[str, Any]:
    receiver = _Receiver()
    host, _, port = listen.rpartition(":")
    server = uvicorn.Server(
        uvicorn.Config(receiver, host, int(port), log_level="error", lifespan="off")
    )
    serving = asyncio.ensure_future(server.serve())
    while not server.started:  # noqa: ASYNC110 - uvicorn has no event to wait for
        await asyncio.sleep(0.05)
    bound = server.servers[0].sockets[0].getsockname()[1]
    ask = installation.ask
    endpoint = await asyncio.to_thread(
        ask,
        "POST",
        "notifier",
        "/v1/endpoints",
        json={"url": reach or f"http://{host}:{bound}", "event_types": ["OrderDispatched"]},
    )
    receiver.secret = endpoint["secret"]
    try:
        await asyncio.sleep(2)  # Every notifier has seen the endpoint by then.
        posted = [await asyncio.to_thread(_post, ask, n) for n in range(complaints)]
        await _arrive(receiver, {one for one, _ in posted}, within_s)
    finally:
        await asyncio.to_thread(
            ask, "DELETE", "notifier", f"/v1/endpoints/{endpoint['endpoint_id']}"
        )
        server.should_exit = True
        await serving
    spent = [receiver.arrived[one] - at for one, at in posted if one in receiver.arrived]
    return {
        "posted": len(posted),
        "delivered": len(spent),
        "forged": receiver.forged,
        "slowest_s": max(spent, default=0.0),
        "missing": [one for one, _ in posted if one not in receiver.arrived],
    }


def _post(ask: Any, number: int) -> tuple[str, float]:  # noqa: ANN401 - a bound method
    at = time.monotonic()
    body = {
        "channel": "phone",
        "text": _TEXT.format(f"{number}-{secrets.token_hex(4)}"),
        "place": {"district": "110105"},
    }
    return ask("POST", "intake", "/v1/complaints", json=body)["complaint_id"], at


async def _arrive(receiver: _Receiver, wanted: set[str], within_s: float) -> None:
    try:
        async with asyncio.timeout(within_s):
            while not wanted <= receiver.arrived.keys():
                receiver.changed.clear()
                await receiver.changed.wait()
    except TimeoutError:
        return
