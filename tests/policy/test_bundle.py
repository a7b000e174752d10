"""From files to a policy and back to the line that is wrong."""

from __future__ import annotations

from datetime import date

import pytest

from services.policy import PolicyError, bundle_hash, check, load
from tests.policies import CALENDAR, DIVISIONS, a_policy, policy_files


def test_a_sound_bundle_has_no_faults():
    """A false alarm would teach officials to ignore the check."""
    assert check(policy_files(), today=date(2026, 5, 1)) == ()


def test_the_hash_depends_on_content_and_not_on_line_ends_or_order():
    """Every event names the hash: a checkout elsewhere must not look like a new policy."""
    files = policy_files()
    windows = {
        name: b"\xef\xbb\xbf" + files[name].replace(b"\n", b"\r\n") for name in reversed(files)
    }
    assert bundle_hash(windows) == bundle_hash(files)
    assert len(bundle_hash(files)) == 16
    assert load(files).hash == bundle_hash(files)


def test_any_change_of_any_file_gives_another_hash():
    """Two different rules under one hash would make decisions impossible to explain."""
    files = policy_files()
    hashes = {bundle_hash({**files, name: files[name] + b"# x\n"}) for name in files}
    hashes.add(bundle_hash(files))
    assert len(hashes) == len(files) + 1


def test_moving_text_from_one_file_to_the_next_changes_the_hash():
    """Names and lengths are part of the hash, or two bundles could collide."""
    assert bundle_hash({"city.toml": b"a\n", "sla.toml": b"b\n"}) != bundle_hash(
        {"city.toml": b"a\nb\n", "sla.toml": b"\n"}
    )


def test_a_bundle_with_an_error_is_not_loaded_and_says_everything_at_once():
    """Officials fix all mistakes in one round, not one per try."""
    files = policy_files(
        city="[city]\n",
        divisions=DIVISIONS.replace(
            "street,990102001,桥北街道,990102", "street,990102001,桥北街道,99"
        ),
    )
    with pytest.raises(PolicyError) as caught:
        load(files)
    assert {fault.file for fault in caught.value.faults} >= {"city.toml", "divisions.csv"}
    assert "city.toml:1: error: `code` is missing" in str(caught.value)


def test_a_missing_file_is_named():
    """Without its calendar a policy would count working days wrongly and say nothing."""
    faults = check(policy_files(calendar=None))
    assert [(fault.file, fault.line, fault.message) for fault in faults] == [
        ("calendar.toml", 1, "the file is missing")
    ]


def test_a_city_without_imports_needs_no_imports_file():
    """Not every city has records to bring along."""
    assert a_policy(imports=None).imports == {}


def test_a_file_that_is_no_part_of_a_policy_is_a_warning():
    """A file with a slip in its name would otherwise be left out in silence."""
    faults = check({**policy_files(), "catalog.toml": b""})
    assert [(fault.file, fault.severity) for fault in faults] == [("catalog.toml", "warning")]


def test_a_calendar_without_the_current_year_is_only_a_warning():
    """Each autumn the next year is unknown; the hotline must go on."""
    faults = check(policy_files(), today=date(2027, 1, 1))
    assert [(fault.file, fault.severity) for fault in faults] == [("calendar.toml", "warning")]
    assert load(policy_files(calendar=CALENDAR)).calendar.is_published(2026)


def test_bytes_that_are_not_utf_8_are_named_with_their_line():
    """Old office programs still save GBK."""
    files = policy_files()
    files["notices.toml"] = b"[callback]\nzh = '" + "您".encode("gbk") + b"'\n"
    assert ("notices.toml", 2, "not UTF-8") in [(f.file, f.line, f.message) for f in check(files)]
