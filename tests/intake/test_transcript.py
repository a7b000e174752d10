"""A call's words: notes first, then the caller; nothing said is lost without saying so."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from services.intake.decide.transcript import TEXT_MAX, Segment, words_of


def caller(text: str) -> Segment:
    return Segment("caller", text)


def test_without_notes_the_caller_is_heard_alone() -> None:
    """A question such as "is the water off?" is the operator's question and nobody's complaint."""
    said = words_of(
        None, [Segment("operator", "是停水吗？"), caller("路灯不亮"), caller("……")], "zh"
    )
    assert said is not None
    assert (said.text, said.segments_cut) == ("路灯不亮", 0)


def test_notes_stand_first_and_the_callers_words_follow() -> None:
    """Whoever talked to the caller says best what it is about."""
    said = words_of("小区路灯不亮。", [caller("喂"), caller("灯不亮")], "zh")
    assert said is not None
    assert said.text == "小区路灯不亮。\n来电人原话：\n喂\n灯不亮"
    english = words_of("Lamp out.", [caller("It is dark")], "en")
    assert english is not None
    assert "In the caller's words:" in english.text


def test_no_words_are_no_complaint() -> None:
    """A pocket dials too."""
    assert words_of(" … ", [caller("……"), caller(" "), Segment("operator", "喂？")], "zh") is None
    assert words_of("有人来电未说话", [], "zh") is not None


def test_a_long_call_keeps_whole_turns_and_says_how_many_are_missing() -> None:
    """Half a sentence can mean the opposite."""
    said = words_of("摘要", [caller(f"{n}" + "说" * 999) for n in range(20)], "zh")
    assert said is not None
    assert len(said.text) <= TEXT_MAX
    assert said.segments_cut == 11
    assert said.text.endswith("（通话较长，其后11段未录入）")


def test_somebody_who_talks_without_a_pause_is_cut_and_not_dropped() -> None:
    """One turn longer than all there is room for."""
    said = words_of(None, [caller("说" * 30_000)], "zh")
    assert said is not None
    assert TEXT_MAX - 100 < len(said.text) <= TEXT_MAX


@given(st.text(max_size=5_000), st.lists(st.text(min_size=1, max_size=3_000), max_size=8))
def test_the_words_always_fit(notes: str, turns: list[str]) -> None:
    """Else the call would be refused for being long."""
    said = words_of(notes, [caller(turn) for turn in turns], "en")
    assert said is None or 0 < len(said.text) <= TEXT_MAX
