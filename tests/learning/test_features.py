"""Texts as numbers."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from services.learning.features import learn_vocabulary, pieces, reading_form


@given(text=st.text(alphabet=st.characters(exclude_categories=["Cc", "Cs", "Co"]), max_size=50))
def test_different_pieces_have_different_numbers(text: str) -> None:
    """Packing loses nothing: as many kinds of pieces as kinds of substrings."""
    length = len(text)
    wanted = {text[a : a + n] for n in (1, 2, 3) for a in range(length - n + 1)}
    found = pieces(text)[: length + max(0, length - 1) + max(0, length - 2)]
    assert len(set(found.tolist())) == len(wanted)


def test_a_long_number_is_one_sign() -> None:
    """An order's number says nothing about whose trade it is; a bus line's does."""
    assert reading_form("单号20260101123456，K57路") == "单号0，k57路"


def test_a_piece_that_one_order_holds_is_not_kept() -> None:
    """Somebody's own wording stays out of the model, however often they say it."""
    vocabulary = learn_vocabulary([pieces("水管"), pieces("水压压压")])
    assert vocabulary.keys.tolist() == pieces("水")[:1].tolist()


def test_words_and_pairs_of_words_count() -> None:
    """Three characters don't hold 停车收费, and say little in English."""
    assert len(shared("小区停车收费", "医院停车收费") - shared("停车费收", "停车费收")) > 0
    assert len(shared("heating broken", "the heating")) > len(shared("heat ing", "he at ing"))


def test_a_title_counts_apart_from_the_text() -> None:
    """It says what the matter is about; the same words further down may be told in passing."""
    told = set(pieces("供热 屋里冷", title="供热").tolist())
    assert told > set(pieces("供热 屋里冷").tolist())


def test_each_kind_of_piece_weighs_one() -> None:
    """A long text doesn't speak louder than a short one, nor than its title."""
    vocabulary = learn_vocabulary([pieces("水管坏了", title="水管")] * 3)
    for text in ("水管坏了", "水管水管坏了坏了"):
        _, weights = vocabulary.weigh(pieces(text, title="水管"))
        assert np.isclose(float(weights @ weights), 3.0)


def shared(one: str, other: str) -> set[int]:
    """Give the pieces that two texts have in common."""
    return set(pieces(one).tolist()) & set(pieces(other).tolist())
