"""Mappings of hooks: every mistake is found with its file and line; good ones are loaded."""

from __future__ import annotations

from pathlib import Path

import pytest

from services.policy import bundle_hash, check, folder, load
from tests.policies import policy_files

HOOK = """
signature = "shared-secret"
header = "x-token"
content = "form"
charset = "GBK"

[fields]
external_id = '"编号"'
text = "words"
nature = "kind"

[constants]
channel = "app"

[values.nature]
"投诉" = "complaint"

[[examples]]
body = "words=a"
expect = { text = "a" }
"""


def files(text: str, name: str = "hooks/app.toml") -> dict[str, bytes]:
    """The tiny policy with one mapping."""
    return {**policy_files(), name: text.encode()}


def test_a_mapping_is_loaded_with_its_expressions_compiled() -> None:
    """A bad expression must not be found out by a citizen's call."""
    mapping = load(files(HOOK)).hooks["app"]
    assert (mapping.origin, mapping.header, mapping.charset) == ("hook:app", "x-token", "gb18030")
    assert mapping.fields["external_id"].parsed.search({"编号": 7}) == 7
    assert (mapping.time_zone, mapping.received_formats) == ("Asia/Shanghai", ("iso",))
    assert mapping.examples[0].expect == ({"text": "a"},)


def test_a_city_without_hooks_has_none() -> None:
    """Most of the mappings are still to be written."""
    assert load(policy_files()).hooks == {}


@pytest.mark.parametrize(
    ("old", "new", "where", "message"),
    [
        ('text = "words"', 'text = "words["', "text =", "no JMESPath expression"),
        ("'\"编号\"'", '"编号"', "编号", 'such a name needs quotes: "诉求内容"'),
        ('nature = "kind"', 'colour = "kind"', "colour", "`colour` means nothing here"),
        ('text = "words"\n', "", "[fields]", "`text` has no expression"),
        ("external_id = '\"编号\"'\n", "", "[fields]", "must give `external_id`"),
        ('"complaint"', '"complain"', "投诉", "nature 'complain' is none of"),
        ('channel = "app"', 'channel = "ape"', "channel", "channel 'ape' is none of"),
        ('channel = "app"', 'category = "x"', "category", "no category has the code 'x'"),
        ("[values.nature]", "[values.urgency]", "[values.urgency]", "no expression gives"),
        ('"shared-secret"', '"md5"', "signature", "must be one of standard-webhooks"),
        ('header = "x-token"\n', "", "signature", "needs the `header`"),
        ('"x-token"', '"X-Token"', "header", "`header` must look like x-city-token"),
        ('content = "form"', 'replay_within = "5m"', "replay_within", "signs no instant"),
        ('"GBK"', '"latin-1"', "charset", "`charset` must be one of utf-8"),
        ('content = "form"', 'content = "xml"', "content", "`content` must be one of json"),
        ('charset = "GBK"', 'secret = "abc"', "secret", "`secret` means nothing here"),
        ('{ text = "a" }', '{ words = "a" }', "expect", "`words` means nothing here"),
    ],
)
def test_a_mistake_is_named_with_its_line(old: str, new: str, where: str, message: str) -> None:
    """An official must find it without asking anybody."""
    text = HOOK.replace(old, new)
    assert text != HOOK
    found = [fault for fault in check(files(text)) if message in fault.message]
    assert found, check(files(text))
    lines = [number for number, line in enumerate(text.split("\n"), 1) if where in line]
    # A key that is missing is told at the table it is missing from.
    assert found[0].file == "hooks/app.toml"
    assert found[0].line in lines or found[0].line <= min(lines)


def test_a_file_with_another_kind_of_name_is_left_out_and_told() -> None:
    """A source's name is part of an address."""
    (fault,) = check(files(HOOK, "hooks/Wasser Werk.toml"))
    assert (fault.severity, fault.file) == ("warning", "hooks/Wasser Werk.toml")


def test_the_subfolder_is_read_and_inherited_and_counts_for_the_hash(tmp_path: Path) -> None:
    """A changed mapping is another policy."""
    city = tmp_path / "city"
    (city / "hooks").mkdir(parents=True)
    for name, content in files(HOOK).items():
        (city / name).write_bytes(content)
    (city / "hooks" / "README.md").write_text("no part of it")
    assert folder.read(city) == files(HOOK)
    assert bundle_hash(files(HOOK)) != bundle_hash(policy_files())
    demo = tmp_path / "demo"
    demo.mkdir()
    (demo / "city.toml").write_bytes(b'extends = "../city"\n' + policy_files()["city.toml"])
    assert "hooks/app.toml" in folder.read(demo)
