"""Signatures of webhooks: what is genuine, forged or stale, told without guessing."""

from __future__ import annotations

import pytest
from standardwebhooks import Webhook

from services.runtime.clock import SystemClock
from services.runtime.webhooks import secret_key, secret_text, signature, verify

KEY, OLD = b"k" * 32, b"o" * 32
BODY, AT = "路灯不亮".encode(), 1_795_000_000


def headers(**changes: str) -> dict[str, str]:
    """A signed request's headers, unless changed."""
    signed = {
        "webhook-id": "msg_1",
        "webhook-timestamp": str(AT),
        "webhook-signature": signature((KEY,), "msg_1", AT, BODY),
    }
    return signed | {name.replace("_", "-"): value for name, value in changes.items()}


def test_what_the_reference_library_signs_is_genuine() -> None:
    """Senders use a library of their language; all follow the same vectors."""
    at = SystemClock().now()
    said = Webhook(secret_text(KEY)).sign("msg_1", at, BODY.decode())
    stamp = str(int(at.timestamp()))
    sent = headers(webhook_timestamp=stamp, webhook_signature=said)
    assert verify((KEY,), sent, BODY, at.timestamp()) == "genuine"


def test_the_old_key_and_one_of_many_signatures_are_enough() -> None:
    """A rotation may take a day on both sides."""
    assert verify((OLD, KEY), headers(), BODY, AT) == "genuine"
    both = f"v1,AAAA v1a,BBBB {signature((KEY,), 'msg_1', AT, BODY)}"
    assert verify((KEY,), headers(webhook_signature=both), BODY, AT) == "genuine"


@pytest.mark.parametrize(
    "changes",
    [
        {"webhook_id": "msg_2"},
        {"webhook_id": "msg.1"},
        {"webhook_id": ""},
        {"webhook_timestamp": str(AT + 1)},
        {"webhook_timestamp": f"0{AT}"},
        {"webhook_timestamp": "１７９５０００００００"},
        {"webhook_signature": ""},
        {"webhook_signature": "v1,"},
        {"webhook_signature": "v1,é"},
    ],
)
def test_any_change_is_a_forgery(changes: dict[str, str]) -> None:
    """Id, instant and body are all under the signature, as they were written."""
    assert verify((KEY,), headers(**changes), BODY, AT) == "forged"


def test_another_body_or_key_is_a_forgery_and_so_is_nothing() -> None:
    """Whoever holds no key gets no hint."""
    assert verify((KEY,), headers(), BODY + b" ", AT) == "forged"
    assert verify((OLD,), headers(), BODY, AT) == "forged"
    assert verify((), headers(), BODY, AT) == "forged"
    assert verify((KEY,), {}, BODY, AT) == "forged"


def test_a_genuine_request_from_another_hour_is_stale() -> None:
    """It may be a recording; a forged one is never called stale."""
    assert verify((KEY,), headers(), BODY, AT + 300) == "genuine"
    assert verify((KEY,), headers(), BODY, AT + 301) == "stale"
    assert verify((KEY,), headers(), BODY, AT - 301) == "stale"
    assert verify((OLD,), headers(), BODY, AT + 301) == "forged"


def test_a_secret_is_read_as_it_was_written_or_not_at_all() -> None:
    """A cut secret would sign nothing that anybody accepts."""
    assert secret_key(secret_text(KEY)) == KEY
    assert secret_key("whsec_AAAA") is None
    assert secret_key("whsec_秘密") is None
