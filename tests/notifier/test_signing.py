"""Signatures, checked by the reference library in both directions."""

from __future__ import annotations

import base64
from datetime import UTC, datetime

import pytest
from standardwebhooks import Webhook

from services.notifier.decide.signing import (
    headers,
    public_text,
    secret_key,
    secret_text,
    signature,
)
from services.runtime.webhooks import private_text, sign_ed25519, signers, verify

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


#: The vector by which the libraries of several languages check `v1a`.
SEED = base64.b64decode("6Xb/dCcHpPea21PS1N9VY/NZW723CEc77N4rJCubMbc=")
VECTOR = ("msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}')


def test_an_asymmetric_vector_computed_elsewhere():
    """Ed25519 signs the same bytes the same way everywhere (RFC 8032)."""
    assert sign_ed25519(SEED, *VECTOR) == (
        "v1a,hnO3f9T8Ytu9HwrXslvumlUpqtNVqkhqw/enGzPCXe5BdqzCInXqYXFymVJaA7AZdpXwVLPo3mNl8EM+m7TBAg=="
    )
    assert public_text(SEED) == "whpk_1SiA4o9hyqTCpIqC5V9HUakiiaeACeqfZTInDBbOir4="
    assert private_text(SEED).startswith("whsk_6Xb/")


def test_the_public_key_of_rfc_8032_belongs_to_its_seed():
    """Test 1 of RFC 8032, 7.1: what is shown to receivers verifies what is signed."""
    seed = bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
    public = base64.b64decode(public_text(seed).removeprefix("whpk_"))
    assert public.hex() == "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"


def test_during_an_asymmetric_rotation_either_public_key_verifies():
    """Receivers change over when they like, as with a shared secret."""
    sent = dict(headers((KEY, OLD), ID, 1_795_000_000, BODY, "v1a"))
    assert sent["webhook-signature"].count("v1a,") == 2
    for seed in (KEY, OLD):
        assert verify([public_text(seed)], sent, BODY, 1_795_000_000) == "genuine"
    assert verify([public_text(SEED)], sent, BODY, 1_795_000_000) == "forged"


def test_no_scheme_stands_for_the_other():
    """A public key is known to all: it must not pass for a shared secret, nor the reverse."""
    shared = dict(headers((KEY,), ID, 1_795_000_000, BODY))
    asymmetric = dict(headers((KEY,), ID, 1_795_000_000, BODY, "v1a"))
    assert signers([public_text(KEY)], shared, BODY) == ()
    assert signers([secret_text(KEY)], asymmetric, BODY) == ()
