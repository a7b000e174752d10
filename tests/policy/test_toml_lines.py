"""Lines of a TOML document, for pointing at what is wrong."""

from __future__ import annotations

from services.policy.toml_lines import line_index

DOCUMENT = '''# A comment with [brackets] and a = 1
title = "x # no comment ]"
[plain]
a = 1
"quoted key" = 2
[[rules]]
id = "one"
list = [
  "not = a key",  # [
  { inside = 1 },
  { inside = 2 },
]
after = 1
[rules.reply]
zh = """
[[rules]]
fake = 1
"""
en = 'x'
[[rules]]
id = "two"
[[rules.examples]]
text = "x"
[[rules.examples]]
text = "y"
'''


def test_headers_keys_and_elements_are_found():
    """Every fault points at one of these."""
    lines = line_index(DOCUMENT)
    assert lines["title",] == 2
    assert lines["plain", "quoted key"] == 5
    assert lines["rules", 0] == 6
    assert lines["rules", 0, "list"] == 8
    assert lines["rules", 0, "list", 0] == 10
    assert lines["rules", 0, "list", 1] == 11
    assert lines["rules", 0, "reply", "zh"] == 15
    assert lines["rules", 1, "id"] == 21
    assert lines["rules", 1, "examples", 1, "text"] == 25


def test_what_looks_like_toml_inside_a_text_is_text():
    """A reply may quote brackets and equals signs without moving any line."""
    lines = line_index(DOCUMENT)
    assert ("rules", 0, "reply", "fake") not in lines
    assert ("rules", 2) not in lines
    assert lines["rules", 0, "after"] == 13
