"""CSV files: comments, quoted cells, and the line each row begins on."""

from __future__ import annotations

from services.policy.csv_rows import read_rows
from services.policy.faults import FaultLog


def rows_of(text: str) -> tuple[list[tuple[int, dict[str, str]]], list[tuple[int, str]]]:
    """Read a text with columns `code,name`; give rows and faults."""
    faults = FaultLog()
    rows = [
        (row.line, row.values)
        for row in read_rows("x.csv", text, faults, required=("code", "name"), optional=("words",))
    ]
    return rows, [(fault.line, fault.message) for fault in faults.ordered()]


def test_comments_and_quoted_line_breaks_do_not_move_lines():
    """A fault must be where the editor shows it."""
    rows, faults = rows_of('# source\ncode,name\na,"x\ny"\n# note\n\nb,z\n')
    assert rows == [(3, {"code": "a", "name": "x\ny"}), (7, {"code": "b", "name": "z"})]
    assert faults == []


def test_malformed_rows_are_named_and_left_out():
    """One bad row must not hide the next."""
    rows, faults = rows_of("code,name\na\nb,\nc,z\n")
    assert [line for line, _ in rows] == [4]
    assert faults == [(2, "1 cells where the header has 2"), (3, "`name` is empty")]


def test_columns_must_be_known():
    """A slip in a header would drop a whole column in silence."""
    _, faults = rows_of("code,name,word\n")
    assert faults == [(1, "column `word` means nothing here")]


def test_an_empty_file_is_a_fault():
    """It is most often a failed export."""
    assert rows_of("")[1] == [(1, "the file has no header row")]
