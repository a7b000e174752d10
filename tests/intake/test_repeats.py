"""Repeats: same person, same matter, no new facts."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

from services.events import Urgency
from services.intake.decide.repeats import Trace, find_repeat, fingerprint
from tests.builders import NOON

FIRST = Trace(
    complaint_id=UUID(int=1),
    reporter="p-1",
    fingerprint=fingerprint("垃圾没人清"),
    category="environment-waste",
    street="990101001",
    received_at=NOON,
)
AGAIN = replace(FIRST, complaint_id=UUID(int=2), received_at=NOON + timedelta(days=1))
OTHER_WORDS = replace(AGAIN, fingerprint=fingerprint("还是很臭"))


def test_the_same_words_within_thirty_days_are_a_repeat() -> None:
    """Told progress, no second order (接诉即办工作条例 art. 11 item 3)."""
    on_the_last_day = replace(AGAIN, received_at=NOON + timedelta(days=30), category=None)
    assert find_repeat(on_the_last_day, [FIRST]) == FIRST.complaint_id


def test_the_same_words_after_thirty_days_are_a_new_complaint() -> None:
    """The problem has lasted or come back: it needs an order again."""
    late = replace(AGAIN, received_at=NOON + timedelta(days=30, seconds=1))
    assert find_repeat(late, [replace(FIRST, is_open=False)]) is None


def test_the_same_matter_in_other_words_is_a_repeat_while_it_is_open() -> None:
    """People don't read from a script when they call again."""
    assert find_repeat(OTHER_WORDS, [FIRST]) == FIRST.complaint_id
    assert find_repeat(OTHER_WORDS, [replace(FIRST, is_open=False)]) is None


def test_another_street_or_no_street_is_another_matter() -> None:
    """Two heaps of waste are two complaints."""
    assert find_repeat(replace(OTHER_WORDS, street="990101002"), [FIRST]) is None
    nowhere = replace(FIRST, street=None)
    assert find_repeat(replace(OTHER_WORDS, street=None), [nowhere]) is None


def test_another_person_is_never_a_repeat() -> None:
    """Each caller is asked back about their own complaint."""
    assert find_repeat(replace(AGAIN, reporter="p-2"), [FIRST]) is None
    assert find_repeat(replace(AGAIN, reporter=None), [replace(FIRST, reporter=None)]) is None


def test_an_emergency_is_never_a_repeat() -> None:
    """Whoever calls twice about a gas leak must reach somebody twice."""
    assert find_repeat(replace(AGAIN, urgency=Urgency.EMERGENCY), [FIRST]) is None


def test_an_older_record_that_arrives_later_does_not_repeat_a_newer_one() -> None:
    """Files are imported in any order."""
    assert find_repeat(replace(AGAIN, received_at=NOON - timedelta(days=1)), [FIRST]) is None


def test_of_several_the_latest_counts() -> None:
    """Its progress is what the person should be told."""
    second = replace(FIRST, complaint_id=UUID(int=3), received_at=NOON + timedelta(hours=1))
    assert find_repeat(AGAIN, [second, FIRST]) == second.complaint_id


def test_spacing_and_punctuation_do_not_make_new_words() -> None:
    """Two operators type the same call differently."""
    assert fingerprint("垃圾，没人 清！") == fingerprint("垃圾没人清")
    assert fingerprint("Loud MUSIC") == fingerprint("loud music.")
    assert fingerprint("垃圾没人清") != fingerprint("垃圾有人清")
