"""Duplicates: the same name with the same body is the same request."""

from __future__ import annotations

from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from services.intake.decide.duplicates import Alias, Asked, Conflict, Known, New, Same, sort_out

KEY: Alias = ("key", "caller", "k1")
PAIR: Alias = ("pair", "import:x", "7")
OLD = UUID(int=99)


def _asked(number: int, body: bytes, *aliases: Alias) -> Asked:
    return Asked(UUID(int=number), body, aliases)


def test_without_a_name_every_request_is_new() -> None:
    """Two people may say the same; only the caller knows that it's a repetition."""
    assert sort_out([_asked(1, b"a"), _asked(2, b"a")], {}) == [New(), New()]


def test_a_known_name_with_the_same_body_is_answered_again() -> None:
    """The caller never learned whether the first attempt had arrived."""
    known = {KEY: Known(b"a", OLD, "LZ-1")}
    assert sort_out([_asked(1, b"a", KEY)], known) == [Same(OLD, "LZ-1")]


def test_a_known_name_with_another_body_is_a_conflict() -> None:
    """Silently taking one of the two would lose the other."""
    known = {KEY: Known(b"a", OLD, "LZ-1")}
    assert sort_out([_asked(1, b"b", KEY)], known) == [Conflict(KEY)]


def test_a_known_record_under_a_new_key_teaches_the_key() -> None:
    """A resumed import may send new keys with the old records."""
    known = {PAIR: Known(b"a", OLD, "LZ-1")}
    assert sort_out([_asked(1, b"a", KEY, PAIR)], known) == [Same(OLD, "LZ-1", (KEY,))]


def test_within_a_batch_the_first_is_new_and_the_others_are_the_same() -> None:
    """Sixty-four impatient callers make one complaint."""
    asked = [_asked(number, b"a", KEY) for number in (1, 2, 3)]
    same = Same(UUID(int=1), None)
    assert sort_out(asked, {}) == [New(), same, same]


def test_a_conflict_within_a_batch_does_not_take_the_name() -> None:
    """A wrong request must not change what its name stands for."""
    asked = [_asked(1, b"a", KEY), _asked(2, b"b", KEY), _asked(3, b"a", KEY)]
    assert sort_out(asked, {}) == [New(), Conflict(KEY), Same(UUID(int=1), None)]


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("xyz")), max_size=12))
def test_a_name_never_stands_for_two_new_requests(pairs: list[tuple[str, str]]) -> None:
    """Whatever order they come in."""
    asked = [
        _asked(number, body.encode(), ("key", "caller", name))
        for number, (name, body) in enumerate(pairs)
    ]
    verdicts = sort_out(asked, {})
    new = [name for (name, _), verdict in zip(pairs, verdicts, strict=True) if verdict == New()]
    assert sorted(new) == sorted({name for name, _ in pairs})
