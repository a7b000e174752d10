"""Signed call-back links."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from services.runtime.ids import new_id
from services.runtime.tokens import read_callback, sign_callback
from tests.builders import NOON

SECRET = b"k" * 32


def test_a_token_gives_back_what_it_was_made_for() -> None:
    """The holder may answer this call-back and no other."""
    complaint, callback = new_id(), new_id()
    token = sign_callback(SECRET, complaint, callback, NOON + timedelta(hours=1))
    ticket = read_callback(SECRET, token, NOON)
    assert ticket is not None
    assert (ticket.complaint_id, ticket.callback_id) == (complaint, callback)
    assert ticket.expires_at == NOON + timedelta(hours=1)


def test_a_token_is_worth_nothing_once_it_has_expired() -> None:
    """Old messages lie around for years."""
    token = sign_callback(SECRET, new_id(), new_id(), NOON)
    assert read_callback(SECRET, token, NOON) is None


@given(st.integers(0, 68), st.characters(codec="ascii"))
def test_a_token_with_any_character_changed_is_refused(at: int, letter: str) -> None:
    """Nobody turns one person's link into another's."""
    token = sign_callback(SECRET, new_id(), new_id(), NOON + timedelta(hours=1))
    changed = token[:at] + letter + token[at + 1 :]
    if changed != token:
        assert read_callback(SECRET, changed, NOON) is None


@given(st.text())
def test_anything_at_all_may_be_tried_as_a_token(text: str) -> None:
    """The page is public: no input may break it."""
    assert read_callback(SECRET, text, NOON) is None


def test_a_token_of_another_installation_is_refused() -> None:
    """Keys differ, so do signatures."""
    token = sign_callback(b"x" * 32, new_id(), new_id(), NOON + timedelta(hours=1))
    assert read_callback(SECRET, token, NOON) is None
