"""Texts as numbers."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from services.learning.features import learn_vocabulary, pieces, reading_form


@given(text=st.text(alphabet=st.characters(exclude_categories=["Cc", "Cs"]), max_size=50))
def test_different_pieces_have_different_numbers(text: str) -> None:
    """Packing loses nothing: as many kinds of pieces as kinds of substrings."""
    length = len(text)
    wanted = {text[a : a + n] for n in (1, 2, 3) for a in range(length - n + 1)}
    found = pieces(text)[: length + max(0, length - 1) + max(0, length - 2)]
    assert len(set(found.tolist())) == len(wanted)


def test_a_long_number_is_one_sign() -> None:
    """An order's number says nothing about whose trade it is; a bus line's does."""
    assert reading_form("单号20260101123456，K57路") == "单号0，k57路"


def test_a_piece_that_two_orders_hold_is_not_kept() -> None:
    """Somebody's own wording stays out of the model."""
    texts = [pieces("水管"), pieces("水管坏"), pieces("水压")]
    vocabulary = learn_vocabulary(texts)
    assert vocabulary.keys.tolist() == pieces("水")[:1].tolist()


def test_weights_have_length_one() -> None:
    """A long text doesn't speak louder than a short one."""
    vocabulary = learn_vocabulary([pieces("水管坏了")] * 3)
    _, weights = vocabulary.weigh(pieces("水管水管坏"))
    assert np.isclose(float(weights @ weights), 1.0)
