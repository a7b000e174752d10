"""`whistle hooks verify`: is a request that was kept genuine, and if not, why not?"""

from __future__ import annotations

import re
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer

from services.cli.mistakes import HEADERS, Mistake, mistakes
from services.runtime.webhooks import TOLERANCE_S, signers, verify

_STDIN = Path("-")
_GAP = re.compile(rb"\r?\n\r?\n")


def verify_request(
    request: Annotated[
        Path | None,
        typer.Argument(help="A request as it came: head, empty line, body; - is standard input."),
    ] = None,
    *,
    secret: Annotated[
        list[str] | None,
        typer.Option(
            envvar="WHISTLE_HOOK_SECRET",
            help="whsec_…, or the public whpk_… of an endpoint with v1a; may be repeated.",
        ),
    ] = None,
    body: Annotated[Path | None, typer.Option(help="Instead of a request: its body.")] = None,
    webhook_id: Annotated[str | None, typer.Option("--id", help="Its webhook-id.")] = None,
    timestamp: Annotated[str | None, typer.Option(help="Its webhook-timestamp.")] = None,
    signature: Annotated[str | None, typer.Option(help="Its webhook-signature.")] = None,
    at: Annotated[
        str | None, typer.Option(help="When it came: Unix seconds or ISO 8601; without it now.")
    ] = None,
    tolerance_s: Annotated[
        float, typer.Option("--tolerance", min=0, help="Seconds the timestamp may be away.")
    ] = TOLERANCE_S,
    as_json: Annotated[bool, typer.Option("--json", help="Machine-readable output.")] = False,
) -> None:
    """Say whether a webhook is genuine and fresh, which secret matched, and what went wrong.

    Needs no installation. The exit status is 0 if it is genuine, 1 if it isn't.
    """
    if (request is None) == (body is None):
        raise _stop("Name either a request (a file, or - for standard input) or a --body.")
    headers, content = _parts(_read(request)) if request else ({}, _read(body or _STDIN))
    given = dict(zip(HEADERS, (webhook_id, timestamp, signature), strict=True))
    headers |= {name: value for name, value in given.items() if value is not None}
    now_s = _instant(at) if at else time.time()
    found = judge(tuple(secret or ()), headers, content, now_s, tolerance_s)
    if as_json:
        typer.echo(orjson.dumps(found, option=orjson.OPT_INDENT_2).decode())
    else:
        _show(found)
    raise typer.Exit(0 if found["verdict"] == "genuine" else 1)


def judge(
    secrets: tuple[str, ...],
    headers: dict[str, str],
    body: bytes,
    now_s: float,
    tolerance_s: float = TOLERANCE_S,
) -> dict[str, Any]:
    """Judge a request; never tells any of a secret.

    Args:
        secrets: As they were given.
        headers: Names in lower case.
        body: The bytes that were kept.
        now_s: When it came, in Unix seconds.
        tolerance_s: How far away its timestamp may be.
    """
    verdict = verify(secrets, headers, body, now_s, tolerance_s)
    matched = signers(secrets, headers, body)
    stamp = headers.get("webhook-timestamp", "")
    age_s = now_s - int(stamp) if matched else None
    why: tuple[Mistake, ...] = ()
    if age_s is None:
        why = mistakes(secrets, headers, body)
    elif verdict == "stale":
        why = (_clock(age_s, tolerance_s),)
    return {
        "verdict": verdict,
        "is_signed": bool(matched),
        "is_fresh": verdict == "genuine" if matched else None,
        "matched": [number for number, one in enumerate(secrets, 1) if one in matched],
        "secrets": len(secrets),
        "webhook_id": headers.get("webhook-id"),
        "age_s": None if age_s is None else round(age_s, 3),
        "body_bytes": len(body),
        "mistakes": [{"code": one.code, "text": one.text} for one in why],
    }


def _clock(age_s: float, tolerance_s: float) -> Mistake:
    when = f"{age_s:.0f} s ago" if age_s > 0 else f"{-age_s:.0f} s from now"
    return Mistake(
        "clock",
        f"The signature is genuine, but was made {when}, and {tolerance_s:.0f} s are allowed: this"
        " machine's clock is off (set it by NTP), it is a replay of an old request, or it was"
        " kept a while, in which case say with --at when it came.",
    )


def _parts(request: bytes) -> tuple[dict[str, str], bytes]:
    """Part a kept request: a request line if there is one, headers, an empty line, the body."""
    gap = _GAP.search(request)
    head, body = (request[: gap.start()], request[gap.end() :]) if gap else (request, b"")
    headers = {}
    for line in head.decode("latin-1").splitlines():
        name, colon, value = line.partition(":")
        if colon and " " not in name.strip():
            headers[name.strip().lower()] = value.strip()
    return headers, body


def _read(file: Path) -> bytes:
    try:
        found = sys.stdin.buffer.read() if file == _STDIN else file.read_bytes()
    except OSError as error:
        raise _stop(f"{file} can't be read: {error.strerror}") from error
    return found


def _instant(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        pass
    try:
        at = datetime.fromisoformat(text)
    except ValueError as error:
        raise _stop(f"--at {text!r} is neither Unix seconds nor an ISO 8601 instant.") from error
    return (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()


def _show(found: dict[str, Any]) -> None:
    words = {
        "genuine": "Genuine",
        "stale": "Genuine, but not fresh",
        "forged": "Not genuine",
    }[found["verdict"]]
    typer.echo(f"{words}: {found['body_bytes']} bytes under id {found['webhook_id'] or '(none)'}.")
    if found["matched"]:
        which = " and ".join(map(str, found["matched"]))
        typer.echo(f"Signed with secret {which} of {found['secrets']}, {found['age_s']:.0f} s ago.")
    for one in found["mistakes"]:
        typer.echo(f"- {one['text']} [{one['code']}]")


def _stop(message: str) -> typer.Exit:
    typer.echo(message, err=True)
    return typer.Exit(2)


__all__ = ["judge", "verify_request"]
