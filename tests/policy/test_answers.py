"""Answers kept as knowledge: read, checked, reviewed in time."""

from __future__ import annotations

from datetime import date

import pytest

from services.events import Nature
from services.policy import check, load
from services.router.decide import broken_examples
from tests.policies import policy_files
from tests.policy.knowledge import CARD, DAYS, an_entry, knowing, with_answers


def messages(text: str, today: date | None = None) -> list[str]:
    """What a check says of the answers."""
    faults = check(with_answers(text), today=today)
    return [f"{fault.line}: {fault.message}" for fault in faults if fault.file == "answers.toml"]


def test_an_entry_says_what_it_answers_who_keeps_it_and_until_when() -> None:
    """Without an owner and an end an answer would be wrong one day, and nobody would know."""
    (entry,) = knowing().answers
    assert (entry.owner, entry.reviewed, entry.valid_until) == (
        "city-transport",
        date(2026, 11, 1),
        date(2026, 12, 31),
    )
    assert entry.natures == (Nature.CONSULTATION,)
    assert messages(CARD) == []


def test_a_city_needs_no_answers() -> None:
    """The file may be missing: policies of before have none."""
    assert load(policy_files()).answers == ()


def test_the_examples_of_an_entry_are_run_as_of_its_review() -> None:
    """They are the proof that it answers its question, however long ago it was reviewed."""
    assert broken_examples(knowing()) == ()
    broken = broken_examples(knowing(CARD.replace('words = ["公交卡"]', 'words = ["月票"]')))
    assert [(one.fault.file, one.expected, one.came) for one in broken] == [
        ("answers.toml", "answered", "held")
    ]


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (CARD.replace("2026-12-31", "2026-11-01"), "it may not be used any longer than"),
        (CARD.replace("2026-12-31", "2026-10-01"), "it may not be used any longer than"),
        (CARD.replace('"city-transport"', '"nobody"'), "no agency has the code 'nobody'"),
        (CARD.replace("zh = ", "fr = "), "the answer lacks the city's language, zh"),
        (CARD.replace('expect = "answered"', 'expect = "held"'), "'held' is neither 'answered'"),
        (CARD + CARD, "entry bus-card stands in line 2 too"),
        (an_entry('places = ["东区"]'), "the entry would answer every question"),
        (an_entry('words = ["月票"]\nplaces = ["南区"]'), "no place, or more than one"),
        (an_entry('category = "philosophy"'), "no category has the code 'philosophy'"),
        (
            an_entry('words = ["月票"]\nnatures = ["complaint"]'),
            "nature 'complaint' is no question",
        ),
        (an_entry('words = ["月票"]\nwrods = ["卡"]'), "`wrods` means nothing here"),
    ],
)
def test_a_fault_names_its_line(wrong: str, message: str) -> None:
    """An official can find and mend it."""
    found = messages(wrong)
    assert any(message in one for one in found), found
    assert all(int(one.split(":")[0]) > 1 for one in found)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ('words = ["月票"]', 'words = ["月票"]'),
        ('words = ["月票"]', 'words = ["学生月票"]'),
        ('category = "traffic-bus"', 'category = "traffic-bus"'),
        ('words = ["月票"]\nplaces = ["东区"]', 'words = ["月票"]\nplaces = ["西区", "东区"]'),
    ],
)
def test_two_equally_narrow_entries_with_different_answers_are_a_fault(
    first: str, second: str
) -> None:
    """Which of them is right must not depend on the order of the file."""
    entries = an_entry(first, "甲。", id="one"), an_entry(second, "乙。", id="two")
    assert any("entry two contradicts one (line 2)" in one for one in messages("".join(entries)))
    assert any("contradicts" in one for one in messages("".join(reversed(entries))))


@pytest.mark.parametrize(
    ("first", "second", "answer"),
    [
        ('words = ["月票"]', 'words = ["月票"]', "甲。"),
        ('words = ["月票"]', 'words = ["停车"]', "乙。"),
        ('words = ["月票"]', 'words = ["月票"]\nplaces = ["东区"]', "乙。"),
        ('words = ["月票"]\nplaces = ["西区"]', 'words = ["月票"]\nplaces = ["东区"]', "乙。"),
        ('words = ["月票"]', 'words = ["月票"]\ncategory = "traffic-bus"', "乙。"),
        ('words = ["月票"]', 'words = ["月票"]\nnatures = ["suggestion"]', "乙。"),
        ('words = ["学生"]\nunless_words = ["学生证"]', 'words = ["学生证"]', "乙。"),
    ],
)
def test_entries_that_never_meet_or_say_the_same_are_no_fault(
    first: str, second: str, answer: str
) -> None:
    """A narrower entry beside a wider one is what knowledge is made of."""
    text = an_entry(first, "甲。", id="one") + an_entry(second, answer, id="two")
    assert [one for one in messages(text) if "contradicts" in one] == []


@pytest.mark.parametrize(
    ("today", "message"),
    [
        (date(2026, 11, 30), None),
        (date(2026, 12, 1), "it ends on 2026-12-31: city-transport must review it"),
        (date(2026, 12, 31), "it ends on 2026-12-31: city-transport must review it"),
        (date(2027, 1, 1), "it ended on 2026-12-31 and isn't used any more"),
        (None, None),
    ],
)
def test_an_entry_that_ends_is_a_warning_a_month_before(
    today: date | None, message: str | None
) -> None:
    """Its owner must look at it in time; the rest of the policy stays usable."""
    found = messages(CARD, today)
    assert len(found) == (message is not None)
    assert message is None or message in found[0]
    assert load(with_answers()).answers


@pytest.mark.parametrize("nature", ["help", "complaint", "report", "unknown"])
def test_only_questions_can_be_answered(nature: str) -> None:
    """Whatever is within duty is dispatched (art. 11), and nobody called the rest a question."""
    found = messages(an_entry(f'words = ["月票"]\nnatures = ["consultation", "{nature}"]'))
    assert [f"nature '{nature}' is no question" in one for one in found] == [True]


def test_a_changed_answer_is_another_policy() -> None:
    """The hash that an event names says which answer was given."""
    assert knowing().hash != knowing(CARD.replace("任一", "每个")).hash
    assert DAYS in CARD
