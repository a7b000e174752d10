"""Our signatures and those of the public Standard Webhooks libraries, each checked by the other.

PyPI's and npm's: most receivers are written with one of them.
"""

from __future__ import annotations

import base64
import json
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from services.notifier.decide.signing import headers
from services.runtime.clock import SystemClock
from services.runtime.webhooks import secret_text, signers, verify
from tests.notifier.node import node, placed

NEW, OLD, OTHER = bytes(range(32)), b"\xff" * 24, b"o" * 64
ID = "019ab3c4-5d6e-7f80-9123-456789abcdef"
#: Chinese, an emoji, a line separator, escapes: what a parser and a writer might change.
BODY = '{"text":"暖气不热\u2028🔥","b":1.0,"a":"\\u4f60\\/\\n"}'.encode()


class Library(Protocol):
    """What a library of any language does for us."""

    def accepts(self, secret: str, sent: Mapping[str, str], body: bytes) -> bool:
        """Whether it finds a request genuine."""
        ...

    def sign(self, secret: str, timestamp: int, body: bytes) -> str:
        """What it signs a request with."""
        ...


class Python:
    """PyPI's `standardwebhooks`."""

    def accepts(self, secret: str, sent: Mapping[str, str], body: bytes) -> bool:
        """Whether it finds a request genuine."""
        try:
            Webhook(secret).verify(body, dict(sent), json_parse=False)
        except WebhookVerificationError:
            return False
        return True

    def sign(self, secret: str, timestamp: int, body: bytes) -> str:
        """What it signs a request with; the instant in UTC, for it drops the time zone."""
        return Webhook(secret).sign(ID, datetime.fromtimestamp(timestamp, UTC), body.decode())


@dataclass
class Node:
    """npm's `standardwebhooks`."""

    folder: Path

    def accepts(self, secret: str, sent: Mapping[str, str], body: bytes) -> bool:
        """Whether it finds a request genuine."""
        packed = base64.b64encode(body).decode()
        one = {"secret": secret, "headers": dict(sent), "body": packed}
        return self._run(verify=[one])["verified"][0]

    def sign(self, secret: str, timestamp: int, body: bytes) -> str:
        """What it signs a request with."""
        packed = base64.b64encode(body).decode()
        one = {"secret": secret, "id": ID, "timestamp": timestamp, "body": packed}
        return self._run(sign=[one])["signed"][0]

    def _run(self, **asked: list) -> dict:
        script = placed(Path(__file__).with_name("libraries.mjs"), self.folder)
        done = subprocess.run(  # noqa: S603 - our own arguments
            (node(), str(script)),
            input=json.dumps({"verify": [], "sign": []} | asked),
            capture_output=True,
            check=True,
            text=True,
            timeout=60,
        )
        return json.loads(done.stdout)


def _node(folder: Path) -> Library:
    node()
    return Node(folder)


@pytest.fixture(params=[lambda _: Python(), _node], ids=["PyPI", "npm"])
def library(request, tmp_path: Path) -> Library:
    """One of the two libraries."""
    make: Callable[[Path], Library] = request.param
    return make(tmp_path)


def now() -> int:
    """The libraries compare with the machine's clock and take no other."""
    return int(SystemClock().now().timestamp())


@pytest.mark.parametrize("key", [NEW, OLD, OTHER], ids=["32", "24", "64"])
def test_what_we_sign_the_library_accepts(library: Library, key: bytes) -> None:
    """Over the bytes that are sent, with secrets of every length that there may be."""
    sent = dict(headers((key,), ID, now(), BODY))
    assert library.accepts(secret_text(key), sent, BODY)
    assert not library.accepts(secret_text(key), sent, BODY + b" ")


def test_what_the_library_signs_is_what_we_sign_and_accept(library: Library) -> None:
    """Byte for byte, so that neither is lenient in a way in which the other isn't."""
    at = now()
    theirs = library.sign(secret_text(NEW), at, BODY)
    sent = dict(headers((NEW,), ID, at, BODY))
    assert theirs == sent["webhook-signature"]
    assert verify((secret_text(NEW),), sent | {"webhook-signature": theirs}, BODY, at) == "genuine"
    assert verify((secret_text(OLD),), sent | {"webhook-signature": theirs}, BODY, at) == "forged"


def test_during_our_rotation_either_secret_is_good_and_then_only_the_new(library: Library) -> None:
    """A receiver changes over when it likes within the day, and a secret that leaked dies."""
    during = dict(headers((NEW, OLD), ID, now(), BODY))
    assert library.accepts(secret_text(NEW), during, BODY)
    assert library.accepts(secret_text(OLD), during, BODY)
    after = dict(headers((NEW,), ID, now(), BODY))
    assert library.accepts(secret_text(NEW), after, BODY)
    assert not library.accepts(secret_text(OLD), after, BODY)


def test_during_their_rotation_we_accept_either_and_then_only_the_new(library: Library) -> None:
    """A system that calls us may sign with both, or we may hold both."""
    at, new, old = now(), secret_text(NEW), secret_text(OLD)
    by_new, by_old = library.sign(new, at, BODY), library.sign(old, at, BODY)
    sent = dict(headers((NEW,), ID, at, BODY))
    both = sent | {"webhook-signature": f"{by_old} {by_new}"}
    assert verify((old,), both, BODY, at) == verify((new,), both, BODY, at) == "genuine"
    late = sent | {"webhook-signature": by_old}
    assert signers((new, old), late, BODY) == (old,)
    assert verify((new,), late, BODY, at) == "forged"


def test_an_old_request_is_refused_by_both(library: Library) -> None:
    """The same five minutes on both sides."""
    at = now() - 400
    sent = dict(headers((NEW,), ID, at, BODY))
    assert not library.accepts(secret_text(NEW), sent, BODY)
    assert verify((secret_text(NEW),), sent, BODY, at + 400) == "stale"
