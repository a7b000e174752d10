"""Signatures of webhooks: what is genuine, forged or stale, told without guessing."""

from __future__ import annotations

import base64

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from standardwebhooks import Webhook

from services.runtime.clock import SystemClock
from services.runtime.webhooks import (
    public_key,
    secret_key,
    secret_text,
    signature,
    signers,
    verify,
)

KEY, OLD = b"k" * 32, b"o" * 32
SECRET, OLD_SECRET = secret_text(KEY), secret_text(OLD)
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
    assert verify((SECRET,), sent, BODY, at.timestamp()) == "genuine"


def test_the_old_key_and_one_of_many_signatures_are_enough() -> None:
    """A rotation may take a day on both sides."""
    assert verify((OLD_SECRET, SECRET), headers(), BODY, AT) == "genuine"
    both = f"v1,AAAA v1a,BBBB {signature((KEY,), 'msg_1', AT, BODY)}"
    assert verify((SECRET,), headers(webhook_signature=both), BODY, AT) == "genuine"


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
    assert verify((SECRET,), headers(**changes), BODY, AT) == "forged"


def test_another_body_or_key_is_a_forgery_and_so_is_nothing() -> None:
    """Whoever holds no key gets no hint."""
    assert verify((SECRET,), headers(), BODY + b" ", AT) == "forged"
    assert verify((OLD_SECRET,), headers(), BODY, AT) == "forged"
    assert verify((), headers(), BODY, AT) == "forged"
    assert verify((SECRET,), {}, BODY, AT) == "forged"


def test_a_genuine_request_from_another_hour_is_stale() -> None:
    """It may be a recording; a forged one is never called stale."""
    assert verify((SECRET,), headers(), BODY, AT + 300) == "genuine"
    assert verify((SECRET,), headers(), BODY, AT + 301) == "stale"
    assert verify((SECRET,), headers(), BODY, AT - 301) == "stale"
    assert verify((OLD_SECRET,), headers(), BODY, AT + 301) == "forged"


def test_a_secret_is_read_as_it_was_written_or_not_at_all() -> None:
    """A cut secret would sign nothing that anybody accepts."""
    assert secret_key(secret_text(KEY)) == KEY
    assert secret_key("whsec_AAAA") is None
    assert secret_key("whsec_秘密") is None


PRIVATE = Ed25519PrivateKey.from_private_bytes(b"p" * 32)
PUBLIC = "whpk_" + base64.b64encode(PRIVATE.public_key().public_bytes_raw()).decode()


def v1a() -> str:
    """An asymmetric signature, as the specification has it."""
    signed = b"%b.%d.%b" % (b"msg_1", AT, BODY)
    return "v1a," + base64.b64encode(PRIVATE.sign(signed)).decode()


def test_an_asymmetric_signature_is_checked_with_the_public_key() -> None:
    """Who checks needn't be able to sign; the same words are under it."""
    sent = headers(webhook_signature=f"v1,AAAA {v1a()}")
    assert verify((PUBLIC,), sent, BODY, AT) == "genuine"
    assert verify((PUBLIC,), sent, BODY, AT + 301) == "stale"
    assert verify((PUBLIC,), sent, BODY + b" ", AT) == "forged"
    assert verify((SECRET,), sent, BODY, AT) == "forged"
    assert verify((PUBLIC,), headers(), BODY, AT) == "forged"


@pytest.mark.parametrize("said", ["v1a,", "v1a,AAAA", "v1a,%%", "v1a,é", "v1a"])
def test_a_malformed_asymmetric_signature_is_a_forgery(said: str) -> None:
    """A stranger's words must not raise either."""
    assert verify((PUBLIC,), headers(webhook_signature=said), BODY, AT) == "forged"


@pytest.mark.parametrize("text", ["whpk_", "whpk_AAAA", "whpk_%%", "whpk_钥"])
def test_what_is_no_public_key_verifies_nothing(text: str) -> None:
    """A cut key is told when it is read, and accepts nobody."""
    assert public_key(text) is None
    assert verify((text,), headers(webhook_signature=v1a()), BODY, AT) == "forged"


def test_the_secrets_that_signed_are_named() -> None:
    """During a rotation one wants to know whether the old secret is still in use."""
    both = headers(webhook_signature=signature((KEY, OLD), "msg_1", AT, BODY))
    assert signers((OLD_SECRET, SECRET), both, BODY) == (OLD_SECRET, SECRET)
    assert signers((OLD_SECRET, SECRET), headers(), BODY) == (SECRET,)
    assert signers(("whsec_AAAA", "", PUBLIC), both, BODY) == ()
