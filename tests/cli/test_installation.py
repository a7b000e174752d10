"""What `whistle up` leaves for others: a file of keys must be whole, and readable by its owner."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from services.cli.installation import write_private


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_a_file_that_is_replaced_keeps_its_owner_and_group(tmp_path: Path) -> None:
    """Root rotates a key; the service that owns the file must read it afterwards."""
    file = tmp_path / "secrets.toml"
    file.write_text("old")
    os.chown(file, 12_345, 23_456)
    write_private(file, "new")
    found = file.stat()
    assert (found.st_uid, found.st_gid, stat.S_IMODE(found.st_mode)) == (12_345, 23_456, 0o600)
    assert file.read_text() == "new"
    assert list(tmp_path.iterdir()) == [file]
