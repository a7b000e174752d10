"""The demo's agencies check what they are sent."""

from __future__ import annotations

from services.cli.demo.signatures import is_authentic
from services.notifier.decide.signing import headers, secret_text

KEY, BODY, AT = b"k" * 32, b'{"id":"1"}', 1_763_900_000


def signed(**changes: str) -> dict[str, str]:
    """Headers as the notifier sends them, unless changed."""
    return dict(headers((KEY,), "event-1", AT, BODY)) | changes


def test_what_the_notifier_signs_is_authentic() -> None:
    """Else the demo would show nothing."""
    assert is_authentic(secret_text(KEY), signed(), BODY, AT + 3)


def test_any_change_makes_it_worthless() -> None:
    """Body, id and time are all under the signature; a stale one may be a replay."""
    secret = secret_text(KEY)

    assert not is_authentic(secret, signed(), BODY + b" ", AT)
    assert not is_authentic(secret, signed(**{"webhook-id": "event-2"}), BODY, AT)
    assert not is_authentic(secret, signed(**{"webhook-timestamp": str(AT + 1)}), BODY, AT)
    assert not is_authentic(secret, signed(**{"webhook-signature": "v1,"}), BODY, AT)
    assert not is_authentic(secret_text(b"x" * 32), signed(), BODY, AT)
    assert not is_authentic(secret, signed(), BODY, AT + 301)
    assert not is_authentic(secret, {}, BODY, AT)
