"""Reading policy folders that extend each other."""

from __future__ import annotations

import pytest

from services.policy import PolicyError, folder
from tests.policies import policy_files


def write(path, files):
    """Put files into a new folder."""
    path.mkdir()
    for name, content in files.items():
        (path / name).write_bytes(content)


def test_own_files_replace_those_of_the_extended_folder(tmp_path):
    """A demonstration is the city's policy with another clock, and nothing copied."""
    files = policy_files()
    write(tmp_path / "city", {**files, "README.md": b"no part of it"})
    city = b'extends = "../city"\n' + files["city.toml"]
    write(tmp_path / "demo", {"city.toml": city, "sla.toml": b"# own\n"})
    assert folder.read(tmp_path / "demo") == {**files, "city.toml": city, "sla.toml": b"# own\n"}


def test_a_folder_that_is_not_there_is_named_where_it_was_asked_for(tmp_path):
    """The line of `extends` is what has to be changed."""
    write(tmp_path / "demo", {"city.toml": b'# x\nextends = "../nowhere"\n'})
    with pytest.raises(PolicyError) as caught:
        folder.read(tmp_path / "demo")
    (fault,) = caught.value.faults
    assert fault.file.endswith("demo/city.toml")
    assert fault.line == 2
    assert "there is no folder" in fault.message


def test_folders_that_extend_each_other_are_refused(tmp_path):
    """Reading must end."""
    write(tmp_path / "one", {"city.toml": b'extends = "../two"\n'})
    write(tmp_path / "two", {"city.toml": b'extends = "../one"\n'})
    with pytest.raises(PolicyError, match="extend each other"):
        folder.read(tmp_path / "one")
