"""How alike two texts are: invented calls, and properties of any two texts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.intake.decide.likeness import (
    CHARACTERS_MAX,
    KEPT_MAX,
    NOTHING,
    covered,
    likeness,
    pack,
    sketch,
    unpack,
)

PIPE = "柳树社区三号楼门前的自来水管昨晚爆裂，水一直流到马路上，打了物业电话没有人来修。"
LAMP = "山前镇小学门口的路灯坏了半个月，晚上接孩子看不清路，担心出事故。"

_TEXTS = st.text(alphabet="水管爆裂路灯坏了小学门口没有人来修abc 1，", max_size=400)


def _alike(one: str, other: str) -> float:
    return likeness(sketch(one), sketch(other))


def test_a_copied_text_with_an_addition_is_alike() -> None:
    """An operator who writes about a call again copies the old words and adds to them."""
    added = f"关于水管爆裂的问题 市民再次来电反映：{PIPE} 现在车库也进水了，请马上派人。"
    assert _alike(PIPE, added) > 0.85
    assert _alike(PIPE, LAMP) < 0.1


def test_spacing_digits_and_punctuation_make_no_difference() -> None:
    """Order numbers and telephone numbers are not the matter."""
    assert _alike(PIPE, " ".join(PIPE) + "（工单编号：20261124000042）") == pytest.approx(
        1.0, abs=0.01
    )
    assert _alike("Loud music at the park", "LOUD MUSIC, at the park!!") == 1.0


def test_the_phrases_of_the_trade_make_nothing_alike() -> None:
    """Everybody's words begin and end with them."""
    one = "市民来电反映：路灯不亮，希望相关部门尽快核实处理，给予答复。"
    other = "市民来电反映：井盖丢失，希望相关部门尽快核实处理，给予答复。"
    assert _alike(one, other) < 0.4
    assert (
        _alike("Please help, the lamp is out. Thank you very much", "Please help, dog lost") < 0.3
    )


def test_a_text_without_a_word_is_like_nothing() -> None:
    """No matter isn't the same matter."""
    assert _alike("", "") == 0.0
    assert _alike("110 110!", "110 110!") == 0.0
    assert sketch("  ，。12345") == NOTHING
    assert _alike("\ud800水管爆裂", PIPE) < 1.0


def test_two_words_that_stand_in_a_long_text_prove_little() -> None:
    """`停水` stands in a hundred calls a day."""
    assert _alike("水管爆裂", PIPE) < 0.5
    assert _alike("水管爆裂", "水管爆裂") == 1.0


def test_english_is_told_apart_by_longer_grams() -> None:
    """Three letters are in every English text."""
    one = "The water main at the corner burst last night and the street is flooded."
    other = "There is loud construction noise at night near the school, nobody can sleep."
    assert _alike(one, other) < 0.15
    assert _alike(one, "Caller says again: " + one + " The basement is under water now.") > 0.85


def test_of_a_long_text_a_sample_tells_nearly_the_same() -> None:
    """A letter of thousands of characters must not fill the database."""
    parts = [f"第{chr(0x4E00 + 7 * n)}{chr(0x5E00 + 11 * n)}条意见是这样的" for n in range(100)]
    long, half = "".join(parts), "".join(parts[:50])
    assert len(pack(sketch(long))) <= 2 + 4 * KEPT_MAX
    assert sketch(long).size > KEPT_MAX
    assert _alike(long, half) == pytest.approx(1.0, abs=0.1)
    assert covered(sketch(long), sketch(half)) == pytest.approx(0.5, abs=0.12)


def test_only_the_beginning_of_a_hostile_text_is_looked_at() -> None:
    """Twenty thousand characters cost no more than three thousand."""
    text = "".join(chr(0x4E00 + n % 20_000) for n in range(CHARACTERS_MAX))
    assert sketch(text + text[::-1] * 10) == sketch(text)


@given(_TEXTS, _TEXTS)
def test_likeness_is_a_share_and_the_same_in_both_directions(one: str, other: str) -> None:
    """A score outside 0 to 1 would not be an event."""
    score = _alike(one, other)
    assert 0.0 <= score <= 1.0
    assert score == _alike(other, one)
    assert 0.0 <= covered(sketch(one), sketch(other)) <= 1.0


@given(_TEXTS)
def test_a_stored_sketch_is_the_same_sketch(text: str) -> None:
    """What another process, or version, wrote must compare."""
    assert unpack(pack(sketch(text))) == sketch(text)


def test_hashes_never_change() -> None:
    """Stored ones are compared with new ones for half a year."""
    assert sorted(sketch("水管爆裂").hashes) == [935931923, 2234642186]
    assert sorted(sketch("burst!").hashes) == [2786802821]
