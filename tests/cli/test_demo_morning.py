"""The morning that `whistle demo` plays: varied, nobody's words, and the same for a seed."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from services.cli.demo.command import POLICY
from services.cli.demo.fates import Handling, decide, name_of
from services.cli.demo.morning import DIVERT, plan, read_morning
from services.policy import Policy, load
from services.policy.folder import read

KINDS = {
    "matter": 150,
    "repeat": 10,
    "emergency": 3,
    "statutory": 2,
    "beyond-duty": 2,
    "no-place": 5,
    "wrong-district": 4,
    "english": 4,
}


@pytest.fixture(scope="module")
def policy() -> Policy:
    """The rules the demo publishes."""
    return load(read(POLICY))


def test_the_morning_has_at_least_200_calls_and_no_two_say_the_same() -> None:
    """A hundred times the same sentence would show a path, not a city."""
    texts = [call.text for call in read_morning()]

    assert len(texts) >= 200
    assert len(set(texts)) == len(texts)


def test_every_kind_of_call_is_there() -> None:
    """Each takes another branch of the path."""
    kinds = Counter(call.kind for call in read_morning())

    assert {kind: count for kind, count in KINDS.items() if kinds[kind] < count} == {}
    natures = {call.nature for call in read_morning()}
    assert natures >= {"consultation", "help", "complaint", "report", "suggestion", "praise"}


def test_all_districts_and_many_streets_have_calls(policy: Policy) -> None:
    """A name the gazetteer doesn't know would be held instead of routed."""
    districts = {d.name for d in policy.divisions.values() if d.level == "district"}
    calls = read_morning()

    assert {call.district for call in calls} - {""} == districts
    assert len({(call.district, call.street) for call in calls}) >= 120
    for call in calls:
        if call.street:
            district = policy.division_by_name(call.district)
            assert policy.division_by_name(call.street, within=district), call


def test_codes_in_the_file_are_those_of_the_policy(policy: Policy) -> None:
    """A renamed agency must fail here, not in the middle of a demonstration."""
    for call in read_morning():
        assert not call.category or call.category in policy.categories, call
        if call.dispatcher and not call.dispatcher.startswith(DIVERT):
            assert call.dispatcher in policy.agencies, call


def test_no_call_can_be_anybodys() -> None:
    """Telephone numbers are fictitious, and nothing in a text looks like one."""
    for call in read_morning():
        assert call.phone is None or re.fullmatch(r"13800000[0-9]{3}", call.phone), call
        assert not re.search(r"[0-9]{5}", call.text), call


def test_a_repeat_comes_from_the_same_person_about_the_same_matter() -> None:
    """Only then does intake know it for a repeat."""
    calls = read_morning()
    for repeat in (call for call in calls if call.kind == "repeat"):
        first = [c for c in calls if c.caller == repeat.caller and c.kind != "repeat"]
        assert [(c.category, c.street) for c in first] == [(repeat.category, repeat.street)]
        assert repeat.category


def test_the_same_seed_gives_the_same_morning_and_another_seed_another() -> None:
    """Whoever sees something odd can show it to others."""
    calls = read_morning()

    assert plan(calls, len(calls), 1) == plan(calls, len(calls), 1)
    assert plan(calls, len(calls), 1) != plan(calls, len(calls), 2)


@pytest.mark.parametrize("count", [1, 7, 60, 200, len(read_morning()), 700])
def test_as_many_calls_are_planned_as_were_asked_for(count: int) -> None:
    """A repeat never comes before what it repeats, however few calls are played."""
    morning = plan(read_morning(), count, 5)

    assert len(morning) == count
    assert len({name_of(one.call) for one in morning}) == count
    heard = set()
    for one in morning:
        assert one.call.kind != "repeat" or one.call.caller in heard, one
        heard.add(one.call.caller)


def test_calls_beyond_the_file_come_from_other_people() -> None:
    """The same words from the same number would be repeats."""
    morning = plan(read_morning(), 1000, 5)
    phones = Counter(
        one.call.phone for one in morning if one.call.kind != "repeat" and one.call.phone
    )

    assert phones.most_common(1)[0][1] == 1


def test_every_way_of_handling_is_seen_whatever_the_seed() -> None:
    """A demonstration without a breach demonstrates nothing."""
    calls = read_morning()
    for seed in range(20):
        morning = plan(calls, len(calls), seed)
        fates = decide(morning, seed)

        assert {fate.handling for fate in fates.values()} == set(Handling)
        for one in morning:
            if one.call.kind == "wrong-district":
                assert fates[name_of(one.call)].handling is Handling.RETURN
