"""Mistakes in the TOML files other than the catalogue are found where they stand."""

from __future__ import annotations

import pytest

from services.policy import check
from tests import policies
from tests.policies import policy_files
from tests.policy.planting import line_of
from tests.policy.test_hooks import HOOK
from tests.policy.test_hooks import files as hook_files


@pytest.mark.parametrize(
    ("file", "old", "new", "where", "message"),
    [
        # What no TOML table may do.
        ("sla", "[standards.ordinary]", "[standards.ordinary", "[standards.ordinary", "not TOML"),
        ("sla", "rounds_max = 2", "rounds_max = 2\nrounds_max = 3", "= 3", "not TOML"),
        ("sla", "rounds_max = 2", "rounds_max = 0", "rounds_max", "whole number of at least"),
        ("sla", "rounds_max = 2", "rounds_max = true", "rounds_max", "whole number of at least"),
        ("sla", 'handle_within = "2h"\n', "", "[standards.emergency]", "`handle_within` is missi"),
        ("sla", 'name = "紧急"', 'name = " "', 'name = " "', "a text that isn't empty"),
        ("urgency", '["停水", "停电"]', '["停水", "停水"]', '"停水", "停水"', "something twice"),
        ("urgency", '["停水", "停电"]', '["停水", 7]', '"停水", 7', "must be a list of texts"),
        ("urgency", "[[urgent]]", "[urgent]", "[urgent]", "must be written as [[urgent]]"),
        ("calendar", "[2026-10-10]", "2026-10-10", "workdays", "must be a list of dates"),
        ("notices", "[callback]\n", "callback = 1\n[other]\n", "callback", "must be a table"),
        # City.
        ("city", "returns_max = 2", "returns_max = -1", "returns_max", "at least 1"),
        ("city", 'name = "林州市"\n', "", "[city]", "`name` is missing"),
        ("city", 'language = "zh"', 'tongue = "zh"', "tongue", "means nothing here"),
        # Calendar.
        ("calendar", "[2026-10-10]", "[2027-10-10]", "workdays", "doesn't lie in 2026"),
        ("calendar", 'source = "test"', 'sauce = "test"', "sauce", "means nothing here"),
        (
            "calendar",
            "workdays = [2026-10-10]\n",
            'workdays = [2026-10-10]\n[[years]]\nyear = 2026\nsource = "x"\n',
            "year = 2026",
            "2026 is here twice",
        ),
        (
            "calendar",
            "last = 2026-10-07 }",
            'last = 2026-10-07 }, { name = "中秋节", first = 2026-10-04, last = 2026-10-04 }',
            "中秋节",
            "a holiday twice",
        ),
        # Standards, ladder, scoring.
        ("sla", 'at_risk_before = "24h"', 'at_risk_before = "soon"', '"soon"', "a duration"),
        ("sla", "superior-of(agency)", "street-of(place)", "raised_to", "neither superior-of"),
        ("sla", "month_starts_on = 19", "month_starts_on = 31", "= 31", "not every month"),
        ("sla", "basically_counts = 0.9", "basically_counts = 9", "= 9", "number from 0 to 1"),
        ("sla", "weight_resolution = 0.4\n", "", "[scoring]", "weight_resolution` must be"),
        # Diversions.
        ("diversions", 'id = "court"', 'id = "fire"', 'id = "fire"', "stands in line"),
        ("diversions", 'reply = { zh = "请向法院提出。", en = "Please turn to the court." }\n',
         "", '^id = "court"', "has no reply"),
        ("diversions", 'n = "repeat"', 'n = "repeat"\nwords = ["又来"]', '^id = "repeat"', "no wo"),
        ("diversions", 'diversion = "repeat"', 'diversion = "secret"\nwords = ["密件"]', None,
         "one rule for repeats"),
        ("diversions", 'text = "我不服法院判决", ', "", "diverted:statutory", "a text or a categ"),
        ("diversions", 'target = "court"', 'aim = "court"', "aim", "means nothing here"),
        ("diversions", '["法院判决"]', '["判"]', '^id = "court"', "'判' is too short"),
        ("diversions", "请向法院提出。", "{number}", '^id = "court"', "as it stands"),
        ("diversions", '["去年着火"]', '["着"]', '^id = "fire"', "'着火' never counts"),
        # Urgency, nature.
        ("urgency", '["计划停水"]', '["停"]', None, "'停水' never counts"),
        ("urgency", '"停电"]', '"火"]', None, "'火' is too short"),
        ("urgency", 'source = "test"\n\n[[urgent]]', "[[urgent]]", "[[emergency]]", "`source` is"),
        ("nature", 'nature = "suggestion"', 'nature = "hint"', '"hint"', "is none of"),
        ("nature", 'words = ["来电建议"]\nopening_words = ["建议"]\n', "", '^nature = "suggestion',
         "needs `words` or"),
        ("nature", '"来电建议"', '"来电投诉"', None, "is here twice"),
        # Imports.
        ("imports", 'origin = "import:letters"', 'origin = "import:letters"\nchannel = "pigeon"',
         "pigeon", "no channel is called"),
        ("imports", 'received_formats = ["%Y-%m-%d %H:%M"]\n', "", "[imports.letters]",
         "`received_formats` is missing"),
        # Open311.
        ("open311", 'endpoint = "test"', 'endpoint = "live"', '"live"', "must be one of"),
        ("open311", '"environment"\n', '"sea"\n', '"sea"', "no category has the code 'sea'"),
        ("open311", 'category = "environment-waste"', 'category = "environment"', "waste", None),
        ("open311", '["utilities-water"]', "[]", '"WHISPAWN"', None),
        ("open311", 'datatype = "string"', 'datatype = "colour"', '"colour"', "must be one of"),
        ("open311", 'code = "WHISDORN"', 'code = "WHIS DORN"', "WHIS DORN", "letters, digits"),
        ("open311", 'key = "124"', 'key = "123"', "整栋", "is here twice"),
        ("open311", "required = true", "required = true\nvariable = false", None, "be required"),
        ("open311", '"singlevaluelist"', '"text"', None, "a text has no `values`"),
        ("open311", 'datatype = "string"', 'datatype = "singlevaluelist"', None, "needs `values`"),
    ],
)  # fmt: skip
def test_a_planted_fault_is_found(file, old, new, where, message) -> None:
    """At its line where the fault has one; `None` where a whole list is at fault."""
    text = getattr(policies, file.upper())
    assert old in text
    changed = text.replace(old, new, 1)
    name = next(name for name in policy_files() if name.startswith(file))
    found = check(policy_files(**{file: changed}))
    assert any(
        fault.file == name
        and (where is None or message is None or fault.line == line_of(changed, where))
        and (message is None or message in fault.message)
        for fault in found
    ), found


@pytest.mark.parametrize("key", ["name", "sign_within", "handle_within", "at_risk_before"])
def test_a_standard_is_told_what_it_misspells(key: str) -> None:
    """A misspelt limit would otherwise be no limit."""
    changed = policies.SLA.replace(f"{key} =", f"{key}s =", 1)
    found = check(policy_files(sla=changed))
    assert any(f.message == f"`{key}s` means nothing here" for f in found), found


def test_a_city_without_standards_is_told_so() -> None:
    """Every category and rule then names one that nothing has."""
    changed = policies.SLA[policies.SLA.index("[[escalation]]") :]
    found = [fault.message for fault in check(policy_files(sla=changed))]
    assert "there are no standards" in found
    assert "no standard is called 'ordinary'" in found


@pytest.mark.parametrize(
    ("old", "new", "where", "message"),
    [
        ('charset = "GBK"', 'charset = "GBK"\ntime_zone = "Mars"', "Mars", "no time zone"),
        ("[[examples]]", "[[example]]", None, "the mapping has no [[examples]]"),
        ('channel = "app"', 'colour = "red"', "red", "no field is called 'colour'"),
        ('channel = "app"', 'language = "english"', "english", "a language is two letters"),
        ("[values.nature]", "[values.mood]", None, "no field is called 'mood'"),
        ('{ text = "a" }', "{ text = 1 }", None, "`text` must be a text"),
    ],
)  # fmt: skip
def test_a_fault_of_a_hook_is_found(old: str, new: str, where: str | None, message: str) -> None:
    """A city system's calls must not be misread because of a slip here."""
    assert old in HOOK
    changed = HOOK.replace(old, new, 1)
    found = check(hook_files(changed))
    assert any(
        fault.file == "hooks/app.toml"
        and (where is None or fault.line == line_of(changed, where))
        and message in fault.message
        for fault in found
    ), found
