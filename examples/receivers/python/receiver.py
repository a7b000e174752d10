"""An agency's system in one file: takes signed webhooks, answers each new order.

    pip install standardwebhooks==1.1.0
    export WHISTLE_HOOK_SECRET=whsec_…      shown when the endpoint was registered; two, parted by
                                            a blank, while you rotate
    export WHISTLE_KEY=whk_…                the agency's API key
    export WHISTLE_AGENCY=street-110105001  the agency's code
    python receiver.py

Optional: WHISTLE_INTAKE_URL, PORT (0 takes a free one), INBOX (the file that remembers what came),
RETURNS (codes of categories that aren't yours, parted by blanks).

A real system differs in the places marked with "Yours".
"""
# ruff: noqa: INP001, T201 - a single file, which talks to whoever runs it

from __future__ import annotations

import json
import os
import sqlite3
import sys
import threading
import time
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from standardwebhooks import Webhook, WebhookVerificationError

#: Larger bodies are not ours: they have a few KB.
BODY_BYTES_MAX = 1_000_000

#: Answers of intake after which the same report may succeed.
TRY_AGAIN = (429, 500, 502, 503, 504)
#: The city takes a moment to know its own order. After this an unknown one isn't ours.
UNKNOWN = 404
UNKNOWN_WITHIN_S = 600
PAUSE_S, PAUSE_S_MAX = 1, 60

SECRETS = [Webhook(secret) for secret in os.environ["WHISTLE_HOOK_SECRET"].split()]
KEY = os.environ["WHISTLE_KEY"]
AGENCY = os.environ["WHISTLE_AGENCY"]
INTAKE_URL = os.environ.get("WHISTLE_INTAKE_URL", "http://127.0.0.1:8081").rstrip("/")
RETURNS = os.environ.get("RETURNS", "").split()


def is_genuine(headers: dict[str, str], body: bytes) -> bool:
    """Tell whether a request is from the city, at most five minutes old, and unchanged.

    Over the bytes that came: a body that was parsed and written again has another signature.
    """
    for secret in SECRETS:
        try:
            secret.verify(body, headers, json_parse=False)
        except (WebhookVerificationError, ValueError):  # ValueError: what isn't even base64.
            continue
        return True
    return False


class Inbox:
    """What has come: on disk before it is answered, and known again by its `webhook-id`.

    Yours: a table of your database.
    """

    def __init__(self, file: str) -> None:
        self.lock = threading.Lock()
        self.arrived = threading.Event()
        self.db = sqlite3.connect(file, isolation_level=None, check_same_thread=False)
        self.db.execute(
            "CREATE TABLE IF NOT EXISTS inbox (webhook_id TEXT PRIMARY KEY, body BLOB NOT NULL,"
            " came_at REAL NOT NULL, state TEXT NOT NULL DEFAULT 'open')"
        )
        self.db.execute("CREATE INDEX IF NOT EXISTS todo ON inbox (state) WHERE state = 'open'")

    def keep(self, webhook_id: str, body: bytes) -> None:
        """Keep an event; one that is known changes nothing."""
        with self.lock:
            self.db.execute(
                "INSERT OR IGNORE INTO inbox (webhook_id, body, came_at) VALUES (?, ?, ?)",
                (webhook_id, body, time.time()),
            )
        self.arrived.set()

    def open(self) -> list[tuple[str, bytes, float]]:
        """List what is still to be done, in the order in which it came."""
        with self.lock:
            return self.db.execute(
                "SELECT webhook_id, body, came_at FROM inbox WHERE state = 'open' ORDER BY rowid"
            ).fetchall()

    def settle(self, webhook_id: str, state: str) -> None:
        """Say what became of it: done or given up. Yours: somebody looks at the latter."""
        with self.lock:
            self.db.execute("UPDATE inbox SET state = ? WHERE webhook_id = ?", (state, webhook_id))


INBOX = Inbox(os.environ.get("INBOX", "inbox.sqlite"))


class Handler(BaseHTTPRequestHandler):
    """Takes webhooks: verify, keep, answer. The work comes afterwards: answer fast."""

    protocol_version = "HTTP/1.1"
    timeout = 15

    def do_POST(self) -> None:
        """Take one webhook."""
        length = self.headers.get("content-length", "")
        if not length.isdecimal() or int(length) > BODY_BYTES_MAX:
            self.close_connection = True
            self.answer(413)
            return
        body = self.rfile.read(int(length))
        if not is_genuine(dict(self.headers), body):
            self.answer(401)
            return
        INBOX.keep(self.headers["webhook-id"], body)
        self.answer(204)  # Also for a repetition: it is here, that is all that was asked.

    def answer(self, status: int) -> None:
        """Answer without a body."""
        self.send_response(status)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Keep quiet: a body holds a citizen's words."""


class LaterError(Exception):
    """The city can't take a report now; the event stays open."""


class RefusedError(Exception):
    """The city doesn't want a report, now or later."""


def work() -> None:
    """Work off what has come, again and again until it is done, also after a restart."""
    pause_s = PAUSE_S
    while True:
        INBOX.arrived.clear()
        is_done = True
        for webhook_id, body, came_at in INBOX.open():
            try:
                handle(json.loads(body), is_new=time.time() - came_at < UNKNOWN_WITHIN_S)
                INBOX.settle(webhook_id, "done")
            except LaterError:
                is_done = False
            except Exception as error:  # noqa: BLE001 - the next one must not wait for this one
                print(f"given up: {error!r}", file=sys.stderr, flush=True)
                INBOX.settle(webhook_id, "given up")
        pause_s = PAUSE_S if is_done else min(2 * pause_s, PAUSE_S_MAX)
        INBOX.arrived.wait(None if is_done else pause_s)


def handle(event: dict, *, is_new: bool) -> None:
    """Do what an event asks for. Pass over types that aren't known: there will be new ones."""
    order = event["data"]
    if event["type"] != "whistle.OrderDispatched" or order["agency"] != AGENCY:
        return  # Another agency's order: a copy, for you to know.
    print(
        f"order {order['order_id']} ({order['matter']['number']}), due {order['due_at']}",
        flush=True,
    )
    # Yours: whether it is yours, and who goes and looks. This example is unreasonably fast.
    if order["matter"].get("category") in RETURNS:
        report(order["order_id"], "return", "不属于我单位职责，请改派。", is_new=is_new)
        return
    report(order["order_id"], "sign", is_new=is_new)
    report(order["order_id"], "contact", is_new=is_new)
    report(order["order_id"], "resolve", "已到现场处理，恢复正常。", is_new=is_new)


def report(order_id: str, action: str, note: str | None = None, *, is_new: bool) -> None:
    """Tell the city what was done with an order.

    The Idempotency-Key makes the same report again harmless: after a crash, or where it was
    taken and the answer got lost.
    """
    request = urllib.request.Request(  # noqa: S310 - the address is our own setting
        f"{INTAKE_URL}/v1/orders/{order_id}/actions",
        json.dumps({"action": action} | ({"note": note} if note else {})).encode(),
        {
            "content-type": "application/json",
            "authorization": f"Bearer {KEY}",
            "idempotency-key": f"{order_id}/{action}",
        },
    )
    try:
        with urllib.request.urlopen(request, timeout=15):  # noqa: S310
            print(f"  {action}: taken", flush=True)
    except urllib.error.HTTPError as error:
        if error.code in TRY_AGAIN or (error.code == UNKNOWN and is_new):
            print(f"  {action}: {error.code}, later", flush=True)
            raise LaterError from error
        raise RefusedError(
            f"{action} of {order_id}: {error.code} {error.read().decode()}"
        ) from error
    except OSError as error:
        print(f"  {action}: the city can't be reached, later", flush=True)
        raise LaterError from error


def main() -> None:
    """Listen until interrupted."""
    server = ThreadingHTTPServer(("127.0.0.1", int(os.environ.get("PORT", "9000"))), Handler)
    print(f"listening on http://127.0.0.1:{server.server_address[1]}", flush=True)
    threading.Thread(target=work, daemon=True).start()
    server.serve_forever()


if __name__ == "__main__":
    main()
