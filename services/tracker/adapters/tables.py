"""Tables that are written in bulk; their SQL is made from a list of columns.

One place for name, type and value, so that 25 columns of an `unnest` can't slip by one.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from asyncpg import Connection

R = TypeVar("R")

#: The group of columns that never change.
FIXED: Final = "fixed"


@dataclass(frozen=True, slots=True)
class Column(Generic[R]):
    """One column: name, type, and where its value comes from.

    Attributes:
        name: In the table.
        type: In PostgreSQL.
        value: The field it keeps.
        group: Columns of one group change together; `FIXED`: never, once the row is there.
        write: Turns the field into what is stored; None where it is that already.
    """

    name: str
    type: str
    value: Callable[[R], object]
    group: str = ""
    write: Callable[[Any], object] | None = None

    def stored(self, row: R) -> object:
        """Give what the table keeps of a row."""
        value = self.value(row)
        return value if self.write is None else self.write(value)


@dataclass(frozen=True, slots=True)
class Table(Generic[R]):
    """A table that is written in bulk."""

    name: str
    key: tuple[str, ...]
    columns: tuple[Column[R], ...]

    async def store(self, conn: Connection, changes: Sequence[tuple[R | None, R]]) -> None:
        """Write rows as they are now, with what they were before; None: they are new."""
        if new := [after for before, after in changes if before is None]:
            await self.insert(conn, new)
        if held := [(before, after) for before, after in changes if before is not None]:
            await self.update(conn, held)

    async def insert(self, conn: Connection, rows: Sequence[R]) -> None:
        """Add rows, or write them anew whole: one statement, an array for each column."""
        await conn.execute(_upsert(self), *_arrays(self.columns, rows))

    async def update(self, conn: Connection, changed: Sequence[tuple[R, R]]) -> None:
        """Write what is different, before and after, in rows that are there.

        Whole groups of columns are written, and the same for all rows, so that there are few
        statements to prepare: what no row of a batch changes isn't sent, nor written.
        """
        groups: set[str] = set()
        for column in self.columns:
            if column.group not in groups and column.group != FIXED:
                value = column.value
                # Most fields are the very same object, which spares comparing them.
                if any(
                    (new := value(after)) is not (old := value(before)) and new != old
                    for before, after in changed
                ):
                    groups.add(column.group)
        if groups:
            written = _written(self, frozenset(groups))
            rows = [after for _, after in changed]
            await conn.execute(_update(self, written), *_arrays(written, rows))


def _arrays(columns: Sequence[Column[R]], rows: Sequence[R]) -> list[list[object]]:
    return [[column.stored(row) for row in rows] for column in columns]


@cache
def _written(table: Table[R], groups: frozenset[str]) -> tuple[Column[R], ...]:
    """Name the key's columns and those of some groups."""
    return tuple(c for c in table.columns if c.name in table.key or c.group in groups)


@cache
def _upsert(table: Table[R]) -> str:
    changing = [c.name for c in table.columns if c.name not in table.key and c.group != FIXED]
    sets = ", ".join(f"{name} = excluded.{name}" for name in changing)
    action = f"UPDATE SET {sets}" if sets else "NOTHING"
    return (
        f"INSERT INTO {table.name} ({', '.join(c.name for c in table.columns)}) "
        f"SELECT {', '.join(_sent(c) for c in table.columns)} FROM {_unnested(table.columns)} "
        f"ON CONFLICT ({', '.join(table.key)}) DO {action}"
    )


@cache
def _update(table: Table[R], written: tuple[Column[R], ...]) -> str:
    sets = ", ".join(f"{c.name} = {_sent(c)}" for c in written if c.name not in table.key)
    same = " AND ".join(f"t.{name} = r.{name}" for name in table.key)
    return f"UPDATE {table.name} t SET {sets} FROM {_unnested(written)} WHERE {same}"


def _sent(column: Column[R]) -> str:
    """Name a column of `r`; asyncpg takes nested lists for dimensions, so JSON travels as text."""
    return f"r.{column.name}::jsonb" if column.type == "jsonb" else f"r.{column.name}"


def _unnested(columns: Sequence[Column[R]]) -> str:
    kinds = ("text" if c.type == "jsonb" else c.type for c in columns)
    arrays = ", ".join(f"${n}::{kind}[]" for n, kind in enumerate(kinds, 1))
    return f"unnest({arrays}) AS r ({', '.join(c.name for c in columns)})"
