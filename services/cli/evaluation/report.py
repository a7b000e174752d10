"""The figures of an evaluation as tables for people."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.table import Table

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rich.console import Console


def print_report(figures: Mapping[str, Any], console: Console) -> None:
    """Print what `command.measure` found.

    Args:
        figures: With `rows` and `bad_rows`.
        console: Where to.
    """
    console.print(f"{figures['rows']:,} rows read, {figures['bad_rows']} unreadable")
    console.print(_places(figures))
    console.print(_repeats(figures["repeats"]))
    console.print(_masking(figures["masking"]))


def _shown(value: object) -> str:
    if value is None:
        return "–"
    return f"{value:.3f}" if isinstance(value, float) else f"{value:,}"


def _places(figures: Mapping[str, Any]) -> Table:
    table = Table(title="Place, from title and text alone", title_justify="left")
    table.add_column("")
    for column in ("n", "accuracy", "coverage", "precision"):
        table.add_column(column, justify="right")
    for level in ("district", "street"):
        found = figures[level]
        table.add_row(
            level,
            _shown(found["n"]),
            _shown(found["accuracy"]),
            _shown(found["coverage"]),
            _shown(found["precision"]),
        )
        parts = [("settled", found["settled"])]
        parts += [(f"confidence ≥ {one['confidence']}", one) for one in found["at"]]
        for label, part in parts:
            table.add_row(f"  {label}", "", "", _shown(part["coverage"]), _shown(part["precision"]))
        table.add_section()
    return table


def _repeats(found: Mapping[str, Any]) -> Table:
    table = Table(title="Repeats, against the orders cited", title_justify="left")
    numbers = {name: value for name, value in found.items() if isinstance(value, int | float)}
    for name in numbers:
        table.add_column(name.replace("_", " "), justify="right")
    table.add_row(*(_shown(value) for value in numbers.values()))
    return table


def _masking(found: Mapping[str, Any]) -> Table:
    table = Table(title="Masking of planted identities", title_justify="left")
    table.add_column("")
    for column in ("planted", "masked"):
        table.add_column(column, justify="right")
    table.add_row("identities (recall)", _shown(found["n"]), _shown(found["recall"]))
    for kind, rate in found["recall_by_kind"].items():
        table.add_row(f"  {kind}", "", _shown(rate))
    table.add_section()
    table.add_row("lures (false rate)", _shown(found["lures"]), _shown(found["false_rate"]))
    for kind, rate in found["false_rate_by_kind"].items():
        table.add_row(f"  {kind}", "", _shown(rate))
    table.add_section()
    table.add_row(
        "masks in 1,000 texts with nothing planted", "", _shown(found["unplanted_per_1000"])
    )
    return table
