"""Which field of a record goes into which column; the SQL of `cases` is made from these."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import orjson

from services.tracker.adapters.tables import FIXED, Column, Table

if TYPE_CHECKING:
    from collections.abc import Callable
    from uuid import UUID

    from services.events import Matter, TimelineStep
    from services.tracker.decide.case import Callback, Case, Exclusion, Note, Order, Supervision


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


def _matter(matter: Matter) -> str:
    return matter.model_dump_json(exclude_none=True)


def _detail(detail: dict[str, Any]) -> str:
    return orjson.dumps(detail).decode()


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


CASES: Table[Case] = Table(
    "tracker.case",
    ("complaint_id",),
    (
        Column("complaint_id", "uuid", lambda c: c.complaint_id),
        Column("number", "text", lambda c: c.matter.number, FIXED),
        Column("state", "text", lambda c: c.state),
        Column("outcome", "text", lambda c: c.outcome),
        Column("category", "text", lambda c: c.matter.category, "matter"),
        Column("district", "text", lambda c: c.matter.place.district, "matter"),
        Column("street", "text", lambda c: c.matter.place.street, "matter"),
        Column("matter", "jsonb", lambda c: c.matter, "matter", _matter),
        Column("policy", "text", lambda c: c.policy),
        Column("opened_at", "timestamptz", lambda c: c.opened_at, FIXED),
        Column("attempt", "int", lambda c: c.attempt),
        Column("round", "int", lambda c: c.round),
        Column("level", "int", lambda c: c.level),
        Column("urges", "int", lambda c: c.urges),
        Column("lead", "text", lambda c: c.lead),
        Column("scored", "text", lambda c: c.scored),
        Column("standard", "text", lambda c: c.standard),
        Column("copies", "jsonb", lambda c: c.copies, write=_codes),
        Column("excluded", "jsonb", lambda c: c.excluded, write=_codes),
        Column("held_because", "text", lambda c: c.held_because),
        Column("due_at", "timestamptz", _due_at),
        Column("closed_as", "text", lambda c: c.closed_as),
        Column("closed_at", "timestamptz", lambda c: c.closed_at),
        Column("supervisions", "int", lambda c: len(c.supervisions)),
        Column("merged_into", "uuid", lambda c: c.merged_into),
        Column("followers", "jsonb", lambda c: c.followers, write=_codes),
        Column("history_length", "int", lambda c: c.history_length, "history"),
    ),
)

ORDERS: Table[OrderRow] = Table(
    "tracker.work_order",
    ("complaint_id", "order_id"),
    (
        Column("complaint_id", "uuid", lambda r: r.case.complaint_id),
        Column("order_id", "uuid", lambda r: r.order.order_id),
        Column("position", "int", lambda r: r.position, FIXED),
        Column("agency", "text", lambda r: r.order.agency, FIXED),
        Column("role", "text", lambda r: r.order.role, FIXED),
        Column("round", "int", lambda r: r.order.round, FIXED),
        Column("attempt", "int", lambda r: r.order.attempt, FIXED),
        Column("standard", "text", lambda r: r.order.standard, FIXED),
        Column("scored", "text", lambda r: r.order.scored, FIXED),
        Column("category", "text", lambda r: r.case.matter.category, FIXED),
        Column("district", "text", lambda r: r.case.matter.place.district, FIXED),
        Column("street", "text", lambda r: r.case.matter.place.street, FIXED),
        Column("state", "text", lambda r: r.order.state),
        Column("dispatched_at", "timestamptz", lambda r: r.order.dispatched_at, FIXED),
        Column("sign_due_at", "timestamptz", lambda r: r.order.clock.sign_due_at, FIXED),
        Column("contact_due_at", "timestamptz", lambda r: r.order.clock.contact_due_at, FIXED),
        Column("at_risk_at", "timestamptz", lambda r: r.order.clock.at_risk_at, "clock"),
        Column("due_at", "timestamptz", lambda r: r.order.clock.due_at, "clock"),
        Column("is_provisional", "boolean", lambda r: r.order.clock.is_provisional, "clock"),
        Column("timeline", "jsonb", lambda r: r.order.clock.timeline, "clock", _timeline),
        Column("tenure", "text", lambda r: r.order.tenure, FIXED),
        Column("signed_at", "timestamptz", lambda r: r.order.signed_at),
        Column("ended_at", "timestamptz", lambda r: r.order.ended_at),
        Column("answer", "text", lambda r: r.order.answer),
        Column("is_on_time", "boolean", lambda r: r.order.is_on_time),
        Column("sign_breached_at", "timestamptz", lambda r: r.order.sign_breached_at, "marks"),
        Column("warned_at", "timestamptz", lambda r: r.order.warned_at, "marks"),
        Column("breached_at", "timestamptz", lambda r: r.order.breached_at, "marks"),
        Column("contacted_at", "timestamptz", lambda r: r.order.contacted_at, "marks"),
        Column(
            "contact_breached_at", "timestamptz", lambda r: r.order.contact_breached_at, "marks"
        ),
        Column("ledger", "jsonb", lambda r: r.order.ledger, "relief", _records),
        Column("extensions", "jsonb", lambda r: r.order.extensions, "relief", _records),
        Column("requests", "jsonb", lambda r: r.order.requests, "relief", _records),
        Column("cause", "text", lambda r: r.order.cause),
    ),
)

CALLBACKS: Table[CallbackRow] = Table(
    "tracker.callback",
    ("complaint_id", "callback_id"),
    (
        Column("complaint_id", "uuid", lambda r: r.case.complaint_id),
        Column("callback_id", "uuid", lambda r: r.callback.callback_id),
        Column("order_id", "uuid", lambda r: r.callback.order_id, FIXED),
        Column("round", "int", lambda r: r.callback.round, FIXED),
        Column("agency", "text", lambda r: r.callback.agency, FIXED),
        Column("scored", "text", lambda r: r.callback.scored, FIXED),
        Column("category", "text", lambda r: r.case.matter.category, FIXED),
        Column("district", "text", lambda r: r.case.matter.place.district, FIXED),
        Column("street", "text", lambda r: r.case.matter.place.street, FIXED),
        Column("answer", "text", lambda r: r.callback.answer, FIXED),
        Column("state", "text", lambda r: r.callback.state),
        Column("resolved_at", "timestamptz", lambda r: r.callback.resolved_at, FIXED),
        Column("lapses_at", "timestamptz", lambda r: r.callback.lapses_at, FIXED),
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
        Column("position", "int", lambda r: r.position, FIXED),
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
        Column("at", "timestamptz", lambda r: r.note.at, FIXED),
        Column("kind", "text", lambda r: r.note.kind, FIXED),
        Column("detail", "jsonb", lambda r: r.note.detail, FIXED, _detail),
        Column("cause", "uuid", lambda r: r.note.cause, FIXED),
    ),
)
