"""`whistle train` begins here; `whistle train places` learns the table of landmarks.

The table is a policy file that officials read and mend; intake takes it from there. Words of
records never get into it as such: only names that look like places, that at least three
records hold, after identity has been masked.
"""

from __future__ import annotations

import contextlib
import csv
import io
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import orjson
import typer
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

from services.cli.learning.command import AsJson, ModelFile, OrdersFile, PolicyFolder, learn
from services.cli.records import BadRow, RecordFile
from services.intake.decide.learning import Learner, Record
from services.intake.decide.masking import mask
from services.intake.decide.place import Gazetteer
from services.intake.decide.wording import normal_form
from services.policy import PolicyError, load
from services.policy.folder import read
from services.policy.landmarks import ALL, ROWS_MAX

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from services.policy import Landmark, Policy

app = typer.Typer(no_args_is_help=True, help="Learn from a city's own settled records.")

#: What each part of a record is called where no mapping says it; the first filled one counts.
COLUMNS: Mapping[str, tuple[str, ...]] = {
    "title": ("title",),
    "text": ("text_stripped", "text"),
    "district": ("district",),
    "street": ("street",),
    "community": ("community",),
    "area": ("area",),
    "unit": ("dept_raw", "dept", "unit"),
}

_BAR_ROWS = 200

_Policy = Annotated[Path, typer.Option("--policy", help="The city's policy folder.")]
_Data = Annotated[
    Path, typer.Option("--data", help="Settled records: CSV or NDJSON, .gz or not.", exists=True)
]
_Mapping = Annotated[
    str | None, typer.Option(help="Name in imports.toml; else columns title, text, district …")
]
_Out = Annotated[Path, typer.Option("--out", help="The landmarks.csv to write.")]
_Rows = Annotated[int, typer.Option(min=10, max=ROWS_MAX, help="Rows to write at the most.")]
_Json = Annotated[bool, typer.Option("--json", help="Machine-readable summary.")]


@app.callback(invoke_without_command=True)
def train(
    ctx: typer.Context,
    *,
    policy: PolicyFolder = None,
    orders: OrdersFile = None,
    out: ModelFile = None,
    as_json: AsJson = False,
) -> None:
    """Learn from a city's own settled orders whom to suggest; see docs/learning.md."""
    if ctx.invoked_subcommand is not None:
        return
    if policy is None or orders is None or out is None:
        raise typer.BadParameter("--policy, --orders and --out are needed, or a command")
    learn(policy, orders, out, as_json=as_json)


@app.command("places")
def places(
    *,
    policy: _Policy,
    data: _Data,
    out: _Out,
    mapping: _Mapping = None,
    rows_max: _Rows = ROWS_MAX,
    as_json: _Json = False,
) -> None:
    """Write a city's table of landmarks: which roads and estates lie in which division."""
    screen = Console(stderr=True)
    try:
        rules = load(read(policy))
        learner, bad = _learned(data, rules, _columns(rules, mapping), screen, is_quiet=as_json)
        rows = learner.rows(rows_max)
        out.write_text(table_text(rows, learner.records, data.name), encoding="utf-8")
    except (PolicyError, ValueError, OSError, LookupError) as error:
        screen.print(f"whistle train: {error}", markup=False, highlight=False, soft_wrap=True)
        raise typer.Exit(2) from error
    names = len({row.name for row in rows} - {ALL})
    if as_json:
        figures = {"records": learner.records, "bad": bad, "names": names, "rows": len(rows)}
        typer.echo(orjson.dumps(figures).decode())
    else:
        typer.echo(
            f"{out}: {len(rows):,} rows for {names:,} landmarks, from {learner.records:,} records"
            f" whose place is known; {bad} rows were unreadable"
        )


def _columns(policy: Policy, mapping: str | None) -> Mapping[str, Sequence[str]]:
    if mapping is None:
        return COLUMNS
    if mapping not in policy.imports:
        known = ", ".join(sorted(policy.imports)) or "none"
        raise LookupError(f"--mapping: the policy has no mapping {mapping!r}; it has {known}")
    return policy.imports[mapping].columns


def _learned(
    path: Path,
    policy: Policy,
    columns: Mapping[str, Sequence[str]],
    screen: Console,
    *,
    is_quiet: bool,
) -> tuple[Learner, int]:
    """Read a file and learn from it, under a bar over its bytes."""
    learner, bad = Learner(Gazetteer(policy.divisions)), 0
    parts = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    is_silent = is_quiet or not screen.is_terminal
    with (
        contextlib.closing(RecordFile(path)) as file,
        Progress(*parts, console=screen, transient=True, disable=is_silent) as progress,
    ):
        task = progress.add_task("train", total=file.size)
        for number, row in enumerate(file):
            if isinstance(row, BadRow):
                bad += 1
                continue
            if number == 0:
                _need(columns, row.values)
            learner.add(record_of(row.values, columns))
            if number % _BAR_ROWS == 0:
                progress.update(task, completed=file.position, description=f"{number:,} rows")
    if learner.records == 0:
        raise ValueError("no record says where it is: nothing could be learned")
    return learner, bad


def _need(columns: Mapping[str, Sequence[str]], values: Mapping[str, str]) -> None:
    wanted = columns.get("text", ())
    if not any(column in values for column in wanted):
        raise ValueError(f"the file has no column for text ({' or '.join(wanted)})")


def record_of(values: Mapping[str, str], columns: Mapping[str, Sequence[str]]) -> Record:
    """Make a record to learn from of a row, its words as the door would show them."""

    def first(part: str) -> str:
        filled = (values.get(column, "").strip() for column in columns.get(part, ()))
        return next(filter(None, filled), "")

    return Record(
        title=mask(normal_form(first("title"))),
        text=mask(normal_form(first("text"))),
        place={
            "district": first("district"),
            "street": first("street"),
            "community": first("community"),
        },
        area=first("area"),
        unit=first("unit"),
    )


def table_text(rows: Sequence[Landmark], records: int, source: str) -> str:
    """Write a table as a policy file."""
    written = io.StringIO()
    written.write(
        f"# Landmarks learned by `whistle train places` from {records} records of {source}.\n"
        "# count: records that named it and lay in the division, weighted by how sure that is;\n"
        f"# {ALL}: all records. Edit freely: a row may be added, changed or removed.\n"
    )
    writer = csv.writer(written, lineterminator="\n")
    writer.writerow(("name", "division", "count"))
    writer.writerows(_cells(rows))
    return written.getvalue()


def _cells(rows: Sequence[Landmark]) -> Iterator[tuple[str, str, int]]:
    for row in rows:
        yield row.name, row.division, row.count
