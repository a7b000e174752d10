"""Why a signature doesn't hold: the usual mistakes, each tried out, not guessed.

A mistake is named for certain if undoing it makes the signature genuine (a body that was parsed
and written again, a secret without its padding); otherwise what looks wrong is named.
"""

from __future__ import annotations

import base64
import json
import re
from typing import TYPE_CHECKING, NamedTuple

from services.runtime.webhooks import (
    PUBLIC_PREFIX,
    SECRET_BYTES_MAX,
    SECRET_BYTES_MIN,
    public_key,
    secret_key,
    signature,
    signers,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

HEADERS = ("webhook-id", "webhook-timestamp", "webhook-signature")

_MILLISECONDS = re.compile(r"[0-9]{13}")
_SECONDS = re.compile(r"[0-9]{1,12}")
_HEX = re.compile(r"[0-9a-fA-F]{64}")
_GZIP = b"\x1f\x8b"
_MARK = b"\xef\xbb\xbf"


class Mistake(NamedTuple):
    """What is wrong; `code` is stable, for programs."""

    code: str
    text: str


def mistakes(
    secrets: tuple[str, ...], headers: Mapping[str, str], body: bytes
) -> tuple[Mistake, ...]:
    """Say why a request isn't genuine, the surest first.

    Args:
        secrets: As they were given, whatever they are.
        headers: Names in lower case.
        body: The bytes that were kept.
    """
    looks = (*_of_headers(headers), *_of_secrets(secrets, headers), *_of_body(headers, body))
    proven = tuple(_proven(secrets, headers, body))
    unexplained = () if looks or proven else (_UNKNOWN,)
    return (*proven, *looks, *unexplained)


_UNKNOWN = Mistake(
    "no-match",
    "Nothing signed these bytes with this secret. Either the secret is another endpoint's, or was"
    " replaced more than 24 hours ago; or these aren't the bytes that came: take them before"
    " anything parses, decodes or logs them.",
)


def _of_headers(headers: Mapping[str, str]) -> Iterator[Mistake]:
    for name in HEADERS:
        if not headers.get(name):
            yield Mistake(
                "missing-header",
                f"{name} is missing or empty. Names don't care for case; a proxy or a framework"
                " may drop or rename it.",
            )
    stamp = headers.get("webhook-timestamp", "")
    if _MILLISECONDS.fullmatch(stamp):
        yield Mistake("milliseconds", f"webhook-timestamp {stamp} is in ms; it must be in s.")
    elif stamp and not _SECONDS.fullmatch(stamp):
        yield Mistake("bad-timestamp", f"webhook-timestamp {stamp!r} is no number of seconds.")
    if "." in headers.get("webhook-id", ""):
        yield Mistake("bad-id", "webhook-id has a full stop, which parts what is signed.")
    for one in headers.get("webhook-signature", "").split():
        yield from _of_signature(one)


def _of_signature(one: str) -> Iterator[Mistake]:
    version, comma, text = one.partition(",")
    if not comma:
        yield Mistake("no-version", f"{one[:12]}… has no version: it should begin with `v1,`.")
    elif version not in {"v1", "v1a"}:
        yield Mistake("unknown-version", f"{version[:12]} is no version: there are v1 and v1a.")
    elif _HEX.fullmatch(text):
        yield Mistake("hexadecimal", "The signature is hexadecimal; the standard has base64.")
    elif "," in text:
        yield Mistake("commas", "Several signatures are parted by blanks, not by commas.")
    elif fault := _base64_fault(text):
        yield Mistake("bad-base64", f"The signature {version},{text[:6]}… {fault}.")


def _base64_fault(text: str) -> str:
    if "-" in text or "_" in text:
        return "is in the URL alphabet of base64 (- and _); it should have + and /"
    if len(text) % 4:
        return "isn't whole base64: its padding (=) or its end is missing"
    try:
        base64.b64decode(text, validate=True)
    except ValueError:
        return "isn't base64"
    return ""


def _of_secrets(secrets: tuple[str, ...], headers: Mapping[str, str]) -> Iterator[Mistake]:
    if not secrets:
        yield Mistake("no-secret", "There is no secret to check with.")
    for number, secret in enumerate(secrets, 1):
        if fault := secret_fault(secret):
            yield Mistake("bad-secret", f"Secret {number} of {len(secrets)} {fault}.")
    versions = {one.partition(",")[0] for one in headers.get("webhook-signature", "").split()}
    has_public = any(secret.startswith(PUBLIC_PREFIX) for secret in secrets)
    if versions == {"v1a"} and not has_public:
        yield Mistake(
            "needs-public", "It is signed with ed25519 (v1a): the public whpk_… is needed."
        )
    if versions == {"v1"} and secrets and all(s.startswith(PUBLIC_PREFIX) for s in secrets):
        yield Mistake("needs-secret", "It is signed with a shared secret (v1): whsec_… is needed.")


def secret_fault(secret: str) -> str:
    """Say what is wrong with a secret, without telling any of it; empty if nothing is."""
    if secret.startswith("whk_"):
        return "is an API key; the secret was shown when the endpoint was registered"
    if secret.startswith("whsk_"):
        return "is a private key, which only signs; the endpoint shows the public whpk_…"
    if secret != secret.strip(" \t\r\n\"'"):
        return "has blanks, quotes or a line break around it"
    if public_key(secret) if secret.startswith(PUBLIC_PREFIX) else secret_key(secret):
        return ""
    return _base64_fault(_bare(secret)) or (
        f"is cut, or is none: it holds {SECRET_BYTES_MIN} to {SECRET_BYTES_MAX} bytes,"
        " a public key 32"
    )


def _bare(secret: str) -> str:
    return secret.removeprefix("whsec_").removeprefix(PUBLIC_PREFIX)


def _of_body(headers: Mapping[str, str], body: bytes) -> Iterator[Mistake]:
    said = headers.get("content-length", "")
    if said.isdecimal() and int(said) != len(body):
        yield Mistake(
            "other-length", f"content-length says {said} bytes, the body kept has {len(body)}."
        )
    if body.startswith(_GZIP):
        yield Mistake("compressed", "The body is gzip; the signature is over what is in it.")
    elif not body:
        yield Mistake("empty-body", "The body is empty: perhaps something has read it before.")


def _proven(secrets: tuple[str, ...], headers: Mapping[str, str], body: bytes) -> Iterator[Mistake]:
    mended = tuple(map(_mended, secrets))
    if mended != secrets and signers(mended, headers, body):
        yield Mistake(
            "bad-secret", "With the secret put right (see below) the signature is genuine."
        )
    for what, undo in _BODIES:
        other = _undone(undo, body)
        if other not in (None, body) and signers(mended, headers, other or b""):
            yield Mistake("body-changed", f"The signature is genuine for the body {what}.")
            return
    yield from _signed_otherwise(secrets, headers, body)


def _undone(undo: Callable[[bytes], bytes], body: bytes) -> bytes | None:
    try:
        return undo(body)
    except (ValueError, RecursionError):
        return None


def _mended(secret: str) -> str:
    bare = secret.strip(" \t\r\n\"'")
    prefix = PUBLIC_PREFIX if bare.startswith(PUBLIC_PREFIX) else "whsec_"
    text = _bare(bare).replace("-", "+").replace("_", "/").rstrip("=")
    return prefix + text + "=" * (-len(text) % 4)


def _signed_otherwise(
    secrets: tuple[str, ...], headers: Mapping[str, str], body: bytes
) -> Iterator[Mistake]:
    """Find a sender that doesn't sign as the standard has it."""
    webhook_id, stamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    if not _SECONDS.fullmatch(stamp):
        return
    offered = headers.get("webhook-signature", "").split()
    for secret in secrets:
        for text in {secret, secret.removeprefix("whsec_")}:
            if signature((text.encode(errors="replace"),), webhook_id, int(stamp), body) in offered:
                yield Mistake(
                    "secret-not-decoded",
                    "It is signed with the secret's letters: the key is what is left when the"
                    " part after whsec_ has been decoded from base64.",
                )


def _written(*, spaced: bool, ascii_only: bool, is_sorted: bool) -> Callable[[bytes], bytes]:
    def write(body: bytes) -> bytes:
        return json.dumps(
            json.loads(body),
            separators=(", ", ": ") if spaced else (",", ":"),
            ensure_ascii=ascii_only,
            sort_keys=is_sorted,
        ).encode()

    return write


#: What may have happened to a body, undone.
_BODIES: tuple[tuple[str, Callable[[bytes], bytes]], ...] = (
    ("without the line break at its end, which was added", lambda body: body.rstrip(b"\r\n")),
    ("with a line break at its end, which was cut off", lambda body: body + b"\n"),
    ("without its byte order mark, which was added", lambda body: body.removeprefix(_MARK)),
    ("with plain line breaks: \\n became \\r\\n", lambda body: body.replace(b"\r\n", b"\n")),
    ("with \\r\\n: line breaks became \\n", lambda body: body.replace(b"\n", b"\r\n")),
    *(
        (
            "written another way: it was parsed and serialised again; keep the bytes as they came",
            _written(spaced=spaced, ascii_only=ascii_only, is_sorted=is_sorted),
        )
        for is_sorted in (False, True)
        for spaced in (False, True)
        for ascii_only in (False, True)
    ),
)
