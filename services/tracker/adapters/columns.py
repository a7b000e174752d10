"""Which field of a record goes into which column; the SQL of `cases` is made from these.

One place for name, type and value, so that 25 columns of an `unnest` can't slip by one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, NamedTuple, TypeVar

import orjson

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from uuid import UUID

    from services.events import TimelineStep
    from services.tracker.decide.case import Callback, Case, Exclusion, Note, Order, Supervision

R = TypeVar("R")


class OrderRow(NamedTuple):
    """An order with what its table repeats of the case, for searching."""

    case: Case
    position: int
    order: Order


class CallbackRow(NamedTuple):
    """A call-back with what its table repeats of the case, for the rates."""

    case: Case
    callback: Callback


class SupervisionRow(NamedTuple):
    """A supervision and its place."""

    case: Case
    position: int
    supervision: Supervision


class NoteRow(NamedTuple):
    """A line of history and its place."""

    case: Case
    position: int
    note: Note


@dataclass(frozen=True, slots=True)
class Column(Generic[R]):
    """One column: name, type, and where its value comes from."""

    name: str
    type: str
    value: Callable[[R], object]
    is_fixed: bool = False  #: Never changes once the row is there.


@dataclass(frozen=True, slots=True)
class Table(Generic[R]):
    """A table that is written in bulk."""

    name: str
    key: tuple[str, ...]
    columns: tuple[Column[R], ...]

    def upsert(self) -> str:
        """One statement for any number of rows: an array for each column."""
        names = ", ".join(column.name for column in self.columns)
        # asyncpg takes nested lists for dimensions, so JSON travels as text.
        wire = ["text" if c.type == "jsonb" else c.type for c in self.columns]
        arrays = ", ".join(f"${n}::{kind}[]" for n, kind in enumerate(wire, 1))
        values = ", ".join(
            f"r.{c.name}::jsonb" if c.type == "jsonb" else f"r.{c.name}" for c in self.columns
        )
        changing = [c.name for c in self.columns if c.name not in self.key and not c.is_fixed]
        sets = ", ".join(f"{name} = excluded.{name}" for name in changing)
        action = f"UPDATE SET {sets}" if sets else "NOTHING"
        return (
            f"INSERT INTO {self.name} ({names}) "
            f"SELECT {values} FROM unnest({arrays}) AS r ({names}) "
            f"ON CONFLICT ({', '.join(self.key)}) DO {action}"
        )

    def arrays(self, rows: Sequence[R]) -> list[list[object]]:
        """The statement's arguments."""
        return [[column.value(row) for row in rows] for column in self.columns]


def _codes(codes: tuple[str, ...] | tuple[UUID, ...]) -> str:
    return orjson.dumps(codes).decode()


def _timeline(steps: tuple[TimelineStep, ...]) -> str:
    return orjson.dumps([step.model_dump(mode="json") for step in steps]).decode()


def _records(records: tuple[object, ...]) -> str:
    """Write dataclasses as objects."""
    return orjson.dumps(records).decode() if records else "[]"


def _exclusion(field: str) -> Callable[[CallbackRow], object]:
    def value(row: CallbackRow) -> object:
        exclusion: Exclusion | None = row.callback.exclusion
        return getattr(exclusion, field) if exclusion else None

    return value


def _due_at(case: Case) -> object:
    lead = case.latest_lead()
    return lead.clock.due_at if lead else None


_FIXED = True

CASES: Table[Case] = Table(
    "tracker.case",
    ("complaint_id",),
    (
        Column("complaint_id", "uuid", lambda c: c.complaint_id),
        Column("number", "text", lambda c: c.matter.number, _FIXED),
        Column("state", "text", lambda c: c.state),
        Column("outcome", "text", lambda c: c.outcome),
        Column("category", "text", lambda c: c.matter.category),
        Column("district", "text", lambda c: c.matter.place.district),
        Column("street", "text", lambda c: c.matter.place.street),
        Column("matter", "jsonb", lambda c: c.matter.model_dump_json(exclude_none=True)),
        Column("policy", "text", lambda c: c.policy),
        Column("opened_at", "timestamptz", lambda c: c.opened_at, _FIXED),
        Column("attempt", "int", lambda c: c.attempt),
        Column("round", "int", lambda c: c.round),
        Column("level", "int", lambda c: c.level),
        Column("urges", "int", lambda c: c.urges),
        Column("lead", "text", lambda c: c.lead),
        Column("scored", "text", lambda c: c.scored),
        Column("standard", "text", lambda c: c.standard),
        Column("copies", "jsonb", lambda c: _codes(c.copies)),
        Column("excluded", "jsonb", lambda c: _codes(c.excluded)),
        Column("held_because", "text", lambda c: c.held_because),
        Column("due_at", "timestamptz", _due_at),
        Column("closed_as", "text", lambda c: c.closed_as),
        Column("closed_at", "timestamptz", lambda c: c.closed_at),
        Column("supervisions", "int", lambda c: len(c.supervisions)),
        Column("merged_into", "uuid", lambda c: c.merged_into),
        Column("followers", "jsonb", lambda c: _codes(c.followers)),
        Column("history_length", "int", lambda c: c.history_length),
    ),
)

ORDERS: Table[OrderRow] = Table(
    "tracker.work_order",
    ("complaint_id", "order_id"),
    (
        Column("complaint_id", "uuid", lambda r: r.case.complaint_id),
        Column("order_id", "uuid", lambda r: r.order.order_id),
        Column("position", "int", lambda r: r.position, _FIXED),
        Column("agency", "text", lambda r: r.order.agency, _FIXED),
        Column("role", "text", lambda r: r.order.role, _FIXED),
        Column("round", "int", lambda r: r.order.round, _FIXED),
        Column("attempt", "int", lambda r: r.order.attempt, _FIXED),
        Column("standard", "text", lambda r: r.order.standard, _FIXED),
        Column("scored", "text", lambda r: r.order.scored, _FIXED),
        Column("category", "text", lambda r: r.case.matter.category, _FIXED),
        Column("district", "text", lambda r: r.case.matter.place.district, _FIXED),
        Column("street", "text", lambda r: r.case.matter.place.street, _FIXED),
        Column("state", "text", lambda r: r.order.state),
        Column("dispatched_at", "timestamptz", lambda r: r.order.dispatched_at, _FIXED),
        Column("sign_due_at", "timestamptz", lambda r: r.order.clock.sign_due_at, _FIXED),
        Column("contact_due_at", "timestamptz", lambda r: r.order.clock.contact_due_at, _FIXED),
        Column("at_risk_at", "timestamptz", lambda r: r.order.clock.at_risk_at),
        Column("due_at", "timestamptz", lambda r: r.order.clock.due_at),
        Column("is_provisional", "boolean", lambda r: r.order.clock.is_provisional),
        Column("timeline", "jsonb", lambda r: _timeline(r.order.clock.timeline)),
        Column("tenure", "text", lambda r: r.order.tenure, _FIXED),
        Column("signed_at", "timestamptz", lambda r: r.order.signed_at),
        Column("ended_at", "timestamptz", lambda r: r.order.ended_at),
        Column("answer", "text", lambda r: r.order.answer),
        Column("is_on_time", "boolean", lambda r: r.order.is_on_time),
        Column("sign_breached_at", "timestamptz", lambda r: r.order.sign_breached_at),
        Column("warned_at", "timestamptz", lambda r: r.order.warned_at),
        Column("breached_at", "timestamptz", lambda r: r.order.breached_at),
        Column("contacted_at", "timestamptz", lambda r: r.order.contacted_at),
        Column("contact_breached_at", "timestamptz", lambda r: r.order.contact_breached_at),
        Column("ledger", "jsonb", lambda r: _records(r.order.ledger)),
        Column("extensions", "jsonb", lambda r: _records(r.order.extensions)),
        Column("requests", "jsonb", lambda r: _records(r.order.requests)),
        Column("cause", "text", lambda r: r.order.cause),
    ),
)

CALLBACKS: Table[CallbackRow] = Table(
    "tracker.callback",
    ("complaint_id", "callback_id"),
    (
        Column("complaint_id", "uuid", lambda r: r.case.complaint_id),
        Column("callback_id", "uuid", lambda r: r.callback.callback_id),
        Column("order_id", "uuid", lambda r: r.callback.order_id, _FIXED),
        Column("round", "int", lambda r: r.callback.round, _FIXED),
        Column("agency", "text", lambda r: r.callback.agency, _FIXED),
        Column("scored", "text", lambda r: r.callback.scored, _FIXED),
        Column("category", "text", lambda r: r.case.matter.category, _FIXED),
        Column("district", "text", lambda r: r.case.matter.place.district, _FIXED),
        Column("street", "text", lambda r: r.case.matter.place.street, _FIXED),
        Column("answer", "text", lambda r: r.callback.answer, _FIXED),
        Column("state", "text", lambda r: r.callback.state),
        Column("resolved_at", "timestamptz", lambda r: r.callback.resolved_at, _FIXED),
        Column("lapses_at", "timestamptz", lambda r: r.callback.lapses_at, _FIXED),
        Column("asked_at", "timestamptz", lambda r: r.callback.asked_at),
        Column("ended_at", "timestamptz", lambda r: r.callback.ended_at),
        Column("answered_by", "text", lambda r: r.callback.answered_by),
        Column("is_contacted", "boolean", lambda r: r.callback.is_contacted),
        Column("is_solved", "boolean", lambda r: r.callback.is_solved),
        Column("satisfaction", "text", lambda r: r.callback.satisfaction),
        Column("lapse_reason", "text", lambda r: r.callback.lapse_reason),
        Column("excluded_because", "text", _exclusion("reason")),
        Column("excluded_by", "text", _exclusion("approved_by")),
        Column("excluded_at", "timestamptz", _exclusion("excluded_at")),
        Column("exclusion_note", "text", _exclusion("note")),
        Column("cause", "text", lambda r: r.callback.cause),
    ),
)

SUPERVISIONS: Table[SupervisionRow] = Table(
    "tracker.supervision",
    ("complaint_id", "supervision_id"),
    (
        Column("complaint_id", "uuid", lambda r: r.case.complaint_id),
        Column("supervision_id", "uuid", lambda r: r.supervision.supervision_id),
        Column("position", "int", lambda r: r.position, _FIXED),
        Column("because", "text", lambda r: r.supervision.because),
        Column("level", "int", lambda r: r.supervision.level),
        Column("raised_to", "text", lambda r: r.supervision.raised_to),
        Column("order_id", "uuid", lambda r: r.supervision.order_id),
        Column("agency", "text", lambda r: r.supervision.agency),
        Column("opened_at", "timestamptz", lambda r: r.supervision.opened_at),
        Column("closed_at", "timestamptz", lambda r: r.supervision.closed_at),
        Column("closed_because", "text", lambda r: r.supervision.closed_because),
    ),
)

HISTORY: Table[NoteRow] = Table(
    "tracker.history",
    ("complaint_id", "position"),
    (
        Column("complaint_id", "uuid", lambda r: r.case.complaint_id),
        Column("position", "int", lambda r: r.position),
        Column("at", "timestamptz", lambda r: r.note.at, _FIXED),
        Column("kind", "text", lambda r: r.note.kind, _FIXED),
        Column("detail", "jsonb", lambda r: orjson.dumps(r.note.detail).decode(), _FIXED),
        Column("cause", "uuid", lambda r: r.note.cause, _FIXED),
    ),
)
