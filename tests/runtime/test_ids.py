"""Identifiers."""

from __future__ import annotations

from services.runtime.ids import child_id, new_id


def test_doing_the_work_again_repeats_the_identifier() -> None:
    """A reader outside can drop the repetition by it."""
    cause = new_id()
    assert child_id(cause, "OrderDispatched", 1) == child_id(cause, "OrderDispatched", 1)


def test_different_follow_ons_of_one_cause_have_different_identifiers() -> None:
    """Lead and assist orders come from one event."""
    cause = new_id()
    found = {child_id(cause, kind, n) for kind in ("a", "b") for n in range(3)}
    assert len(found) == 6


def test_new_identifiers_are_ordered_by_time() -> None:
    """Rows that come together lie together in an index."""
    found = [new_id() for _ in range(100)]
    assert found == sorted(found)
    assert {one.version for one in found} == {7}
