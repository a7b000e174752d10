"""Signatures, checked by the reference library in both directions."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from standardwebhooks import Webhook

from services.notifier.decide.signing import headers, secret_key, secret_text, signature

KEY = bytes(range(32))
OLD = bytes(range(32, 64))
ID = "019ab3c4-5d6e-7f80-9123-456789abcdef"
BODY = '{"type":"whistle.OrderDispatched","text":"暖气不热"}'.encode()


def now() -> datetime:
    """The reference library compares with the machine's clock and takes no other."""
    return datetime.fromtimestamp(int(datetime.now(UTC).timestamp()), UTC)  # noqa: TID251


def test_the_reference_library_accepts_our_signature():
    """Receivers verify with a library of their language; all follow the same vectors."""
    at = now()
    sent = dict(headers((KEY,), ID, int(at.timestamp()), BODY))
    assert Webhook(secret_text(KEY)).verify(BODY, sent)["text"] == "暖气不热"


def test_we_sign_as_the_reference_library_does():
    """Byte for byte, so that neither of us is lenient in a way the other isn't."""
    at = now()
    expected = Webhook(secret_text(KEY)).sign(ID, at, BODY.decode())
    assert signature((KEY,), ID, int(at.timestamp()), BODY) == expected


def test_during_a_rotation_either_secret_verifies():
    """A receiver changes over when it likes within the day; no delivery fails for it."""
    sent = dict(headers((KEY, OLD), ID, int(now().timestamp()), BODY))
    assert sent["webhook-signature"].count("v1,") == 2
    for key in (KEY, OLD):
        Webhook(secret_text(key)).verify(BODY, sent)


def test_a_vector_computed_elsewhere():
    """From the specification's own example, so that both libraries can't be wrong together."""
    key = secret_key("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    assert key is not None
    signed = signature((key,), "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}')
    assert signed == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@pytest.mark.parametrize("text", ["whsec_", "whsec_%%%", "whsec_AAAA", "whsec_" + "A" * 400])
def test_what_is_no_secret_is_refused(text):
    """24 to 64 bytes, as the specification has it."""
    assert secret_key(text) is None


def test_a_secret_reads_back():
    """What its owner copies is what we sign with."""
    assert secret_key(secret_text(KEY)) == KEY
