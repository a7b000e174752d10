"""An agency's system in one file: takes signed webhooks, signs each new order, answers it.

Needs nothing but Python 3.11. Run it with

    WHISTLE_HOOK_SECRET=whsec_… WHISTLE_KEY=whk_… python examples/receivers/receiver.py

`WHISTLE_HOOK_SECRET` was shown when the endpoint was registered (two of them, separated by a
blank, while you rotate), `WHISTLE_KEY` is the agency's API key. `WHISTLE_INTAKE_URL` and `PORT`
are optional; port 0 takes a free one.

A real system differs in three places, each marked with "Yours".
"""
# ruff: noqa: INP001, T201 - a single file, which talks to whoever runs it

from __future__ import annotations

import base64
import hmac
import json
import os
import queue
import sys
import threading
import time
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

#: A request whose timestamp is further away may be a replay by somebody who listened.
TOLERANCE_S = 300

#: Answers of intake after which the same report may succeed: the city takes a moment to know its
#: own order (404), is busy (429), or is out of order.
TRY_AGAIN = frozenset({404, 429, 500, 502, 503, 504})

#: Larger bodies are not ours: the specification suggests 20 KB.
BODY_BYTES_MAX = 1_000_000

SECRETS = os.environ["WHISTLE_HOOK_SECRET"].split()
KEY = os.environ["WHISTLE_KEY"]
INTAKE_URL = os.environ.get("WHISTLE_INTAKE_URL", "http://127.0.0.1:8081").rstrip("/")

#: Yours: a table with a unique `webhook-id`, written in the transaction that stores the order.
seen: set[str] = set()
seen_lock = threading.Lock()
todo: queue.Queue[dict] = queue.Queue()


def is_authentic(webhook_id: str, timestamp: str, signatures: str, body: bytes) -> bool:
    """Tell whether a request is from the city, fresh and unchanged (Standard Webhooks).

    The libraries at https://www.standardwebhooks.com do the same in other languages.
    """
    if not timestamp.isdecimal() or abs(time.time() - int(timestamp)) > TOLERANCE_S:
        return False
    signed = b".".join((webhook_id.encode(), timestamp.encode(), body))
    for secret in SECRETS:
        key = base64.b64decode(secret.removeprefix("whsec_"))
        expected = b"v1," + base64.b64encode(hmac.digest(key, signed, "sha256"))
        # In constant time: how long a comparison takes must not say how much was right.
        if any(hmac.compare_digest(expected, one.encode()) for one in signatures.split()):
            return True
    return False


class Handler(BaseHTTPRequestHandler):
    """Takes webhooks; answers at once and works afterwards, for a slow answer is a failure."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        """Take one webhook."""
        length = int(self.headers.get("content-length", "0"))
        if length > BODY_BYTES_MAX:
            self.close_connection = True
            self.answer(413)
            return
        body = self.rfile.read(length)
        webhook_id = self.headers.get("webhook-id", "")
        timestamp = self.headers.get("webhook-timestamp", "")
        signatures = self.headers.get("webhook-signature", "")
        if not is_authentic(webhook_id, timestamp, signatures, body):
            self.answer(401)
            return
        with seen_lock:
            is_new = webhook_id not in seen
            seen.add(webhook_id)
        if is_new:
            todo.put(json.loads(body))
        self.answer(204)  # Also for a repetition: it has arrived, that is all that was asked.

    def answer(self, status: int) -> None:
        """Answer without a body."""
        self.send_response(status)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Keep quiet: a body holds a citizen's words."""


def work() -> None:
    """Work off what has come in, one after the other."""
    while True:
        event = todo.get()
        # Types that aren't known are passed over: there will be new ones.
        if event["type"] == "whistle.OrderDispatched":
            handle(event["data"])


def handle(order: dict) -> None:
    """Accept an order and resolve it."""
    print(f"order {order['order_id']}, due {order['due_at']}: {order['matter']['text']}")
    report(order["order_id"], "sign")
    # Yours: somebody goes and looks. This example is unreasonably fast.
    report(order["order_id"], "resolve", "已到现场处理，恢复正常。")


def report(order_id: str, action: str, note: str | None = None) -> None:
    """Tell the city what was done with an order, trying again while it can't be reached."""
    request = urllib.request.Request(  # noqa: S310 - the address is our own setting
        f"{INTAKE_URL}/v1/orders/{order_id}/actions",
        json.dumps({"action": action, "note": note} if note else {"action": action}).encode(),
        {
            "content-type": "application/json",
            "authorization": f"Bearer {KEY}",
            # The same key again is the same report: trying again can't report twice.
            "idempotency-key": f"{order_id}/{action}",
        },
    )
    for pause_s in (1, 5, 30, 60, 300):
        try:
            with urllib.request.urlopen(request, timeout=15):  # noqa: S310
                return
        except urllib.error.HTTPError as error:
            if error.code not in TRY_AGAIN:
                print(f"refused: {error.code} {error.read().decode()}", file=sys.stderr)
                return
        except OSError as error:
            print(f"the city can't be reached: {error}", file=sys.stderr)
        threading.Event().wait(pause_s)
    # Yours: keep it and tell somebody.
    print(f"gave up reporting {action} of {order_id}", file=sys.stderr)


def main() -> None:
    """Listen until interrupted."""
    server = ThreadingHTTPServer(("127.0.0.1", int(os.environ.get("PORT", "9000"))), Handler)
    threading.Thread(target=work, daemon=True).start()
    print(f"listening on http://127.0.0.1:{server.server_address[1]}", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
