"""Repeats: same person, same matter, no new facts."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

from services.events import Urgency
from services.intake.decide.likeness import sketch
from services.intake.decide.repeats import Repeat, Trace, cited_in, find_repeat, fingerprint
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
    assert find_repeat(on_the_last_day, [FIRST]) == Repeat(FIRST.complaint_id, 1.0)


def test_the_same_words_after_thirty_days_are_a_new_complaint() -> None:
    """The problem has lasted or come back: it needs an order again."""
    late = replace(AGAIN, received_at=NOON + timedelta(days=30, seconds=1))
    assert find_repeat(late, [replace(FIRST, is_open=False)]) is None


def test_the_same_matter_in_other_words_is_a_repeat_while_it_is_open() -> None:
    """People don't read from a script when they call again."""
    found = find_repeat(OTHER_WORDS, [FIRST])
    assert found is not None
    assert found.complaint_id == FIRST.complaint_id
    assert 0.5 < found.score < 0.9  # Whether it is the same heap is for a person to judge.
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
    assert find_repeat(AGAIN, [second, FIRST]) == Repeat(second.complaint_id, 1.0)


def test_spacing_and_punctuation_do_not_make_new_words() -> None:
    """Two operators type the same call differently."""
    assert fingerprint("垃圾，没人 清！") == fingerprint("垃圾没人清")
    assert fingerprint("Loud MUSIC") == fingerprint("loud music.")
    assert fingerprint("垃圾没人清") != fingerprint("垃圾有人清")


PIPE = "柳树社区三号楼门前的自来水管昨晚爆裂，水一直流到马路上，打了物业电话没有人来修。"


def _said(text: str, **changes: Any) -> Trace:
    said = replace(AGAIN, fingerprint=fingerprint(text), sketch=sketch(text), cited=cited_in(text))
    return replace(said, **{"category": None, "street": None} | changes)


def _first(text: str, **changes: Any) -> Trace:
    first = _said(text, complaint_id=FIRST.complaint_id, received_at=NOON)
    return replace(first, **changes)


def _score(new: Trace, earlier: Trace) -> float:
    found = find_repeat(new, [earlier])
    return found.score if found else 0.0


def test_nearly_the_same_words_are_nearly_surely_a_repeat() -> None:
    """An operator types the same call a little differently."""
    again = _said("市民来电反映：" + PIPE.replace("没有人来修", "没人来修"))
    assert 0.85 < _score(again, _first(PIPE)) < 1.0


def test_new_facts_make_a_repeat_less_sure() -> None:
    """The statute asks for "no new facts": what is new must reach somebody."""
    more = PIPE + "今天早上水漫进了地下车库，两辆车泡坏了，配电房也开始进水，有触电的危险。"
    assert 0.5 < _score(_said(more), _first(PIPE)) < 0.9
    assert _score(_said(more), _first(PIPE)) < _score(_said(PIPE[:-6]), _first(PIPE))


def test_another_matter_of_the_same_person_is_none() -> None:
    """People have more than one trouble."""
    assert _score(_said("小区门口的路灯坏了半个月，晚上老人走路看不清。"), _first(PIPE)) == 0.0
    assert _score(_said("停水"), _first(PIPE)) == 0.0


def test_a_quoted_number_is_evidence_and_sure_only_with_like_words() -> None:
    """People also quote an earlier number to tell of something new: that needs an order."""
    first = _first(PIPE, names=frozenset({"LZ-261124-000042"}))
    assert 0.5 < _score(_said("查一下lz-261124-000042办得怎么样了"), first) < 0.9
    assert _score(_said("查一下LZ-261124-000043办得怎么样了"), first) == 0.0
    new_matter = "上次工单LZ-261124-000042是水管的事，这次是小区门口的路灯坏了，晚上看不清路。"
    assert 0.5 < _score(_said(new_matter), first) < 0.9
    assert _score(_said(PIPE + "工单LZ-261124-000042。"), first) >= 0.9


def test_a_closed_complaint_is_never_repeated_for_sure() -> None:
    """The same words after closing: it came back, or was never mended. Somebody must look."""
    first = _first(PIPE, names=frozenset({"LZ-261124-000042"}), is_open=False)
    assert _score(_said(PIPE), first) == 0.85
    assert _score(_said(PIPE + "工单LZ-261124-000042。"), first) == 0.85
    same_words = find_repeat(_said(PIPE), [first], sure_from=0.7)
    assert same_words is not None
    assert same_words.score < 0.7  # However little a city asks for.
    assert find_repeat(_said(PIPE), [replace(first, is_open=True)], sure_from=0.7) == Repeat(
        first.complaint_id, 1.0
    )


def test_a_closed_complaint_of_long_ago_is_not_repeated() -> None:
    """The pipe that bursts again after months is a new matter; one still open is not."""
    now = NOON + timedelta(days=90)
    again = _said(PIPE, received_at=now)
    assert _score(again, _first(PIPE, is_open=False)) == 0.0
    assert _score(again, _first(PIPE)) > 0.9
    assert _score(replace(again, received_at=NOON + timedelta(days=181)), _first(PIPE)) == 0.0


def test_the_same_words_about_another_place_are_less_sure() -> None:
    """Two streets, two heaps of waste; a day later it may be a slip of the tongue."""
    words = PIPE + "请派人。"
    here = _score(_said(words, street="990101001"), _first(PIPE, street="990101001"))
    there = _score(_said(words, street="990101002"), _first(PIPE, street="990101001"))
    assert there < 0.9 <= here


def test_numbers_are_found_in_a_text_of_any_length() -> None:
    """A hostile text must not cost more than a long one."""
    assert cited_in("工单号20261124000123、BJ-261124-000042，谢谢") == {
        "20261124000123",
        "BJ-261124-000042",
    }
    assert cited_in("电话12345") == frozenset()
    assert len(cited_in(" ".join(f"{n:08d}" for n in range(2_000)))) == 20
