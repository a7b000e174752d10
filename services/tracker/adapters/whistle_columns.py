"""Which field of a whistle goes into which column; the SQL of `whistles` is made from these."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import orjson

from services.tracker.adapters.tables import FIXED, Column, Table

if TYPE_CHECKING:
    from services.tracker.decide.case import Note
    from services.tracker.decide.whistle import Call, Judgement, Whistle


class CallRow(NamedTuple):
    """A call with what its table repeats of the whistle, for searching and counting."""

    whistle: Whistle
    position: int
    call: Call


class LineRow(NamedTuple):
    """A line of a whistle's history and its place."""

    whistle: Whistle
    position: int
    note: Note


def _timeline(call: Call) -> str:
    return orjson.dumps([step.model_dump(mode="json") for step in call.timeline]).decode()


def _judgement(judgement: Judgement | None) -> str | None:
    return None if judgement is None else orjson.dumps(judgement).decode()


WHISTLES: Table[Whistle] = Table(
    "tracker.whistle",
    ("key", "whistle_id"),
    (
        Column("key", "uuid", lambda w: w.key),
        Column("whistle_id", "uuid", lambda w: w.whistle_id),
        Column("number", "int", lambda w: w.number, FIXED),
        Column("state", "text", lambda w: w.state),
        Column("kind", "text", lambda w: w.content.kind, FIXED),
        Column("raised_by", "text", lambda w: w.raised_by, FIXED),
        Column("content", "jsonb", lambda w: w.content.model_dump_json(exclude_none=True), FIXED),
        Column("policy", "text", lambda w: w.policy, FIXED),
        Column("blown_at", "timestamptz", lambda w: w.blown_at, FIXED),
        Column("lapses_at", "timestamptz", lambda w: w.lapses_at, FIXED),
        Column("copies", "jsonb", lambda w: orjson.dumps(w.copies).decode(), FIXED),
        Column("result", "text", lambda w: w.result),
        Column("closed_at", "timestamptz", lambda w: w.closed_at),
        Column("closed_because", "text", lambda w: w.closed_because),
        Column("judged_until", "timestamptz", lambda w: w.judged_until),
        Column("history_length", "int", lambda w: w.history_length),
    ),
)

CALLS: Table[CallRow] = Table(
    "tracker.summons",
    ("key", "whistle_id", "agency"),
    (
        Column("key", "uuid", lambda r: r.whistle.key),
        Column("whistle_id", "uuid", lambda r: r.whistle.whistle_id),
        Column("position", "int", lambda r: r.position, FIXED),
        Column("agency", "text", lambda r: r.call.agency),
        Column("raised_by", "text", lambda r: r.whistle.raised_by, FIXED),
        Column("blown_at", "timestamptz", lambda r: r.whistle.blown_at, FIXED),
        Column("state", "text", lambda r: r.call.state),
        Column("sign_due_at", "timestamptz", lambda r: r.call.sign.due_at, FIXED),
        Column("signed_at", "timestamptz", lambda r: r.call.sign.done_at),
        Column("sign_missed_at", "timestamptz", lambda r: r.call.sign.missed_at),
        Column("contact_due_at", "timestamptz", lambda r: r.call.contact.due_at, FIXED),
        Column("contacted_at", "timestamptz", lambda r: r.call.contact.done_at),
        Column("contact_missed_at", "timestamptz", lambda r: r.call.contact.missed_at),
        Column("arrive_due_at", "timestamptz", lambda r: r.call.arrive.due_at, FIXED),
        Column("arrived_at", "timestamptz", lambda r: r.call.arrive.done_at),
        Column("arrive_missed_at", "timestamptz", lambda r: r.call.arrive.missed_at),
        Column("timeline", "jsonb", lambda r: _timeline(r.call), FIXED),
        Column("left_at", "timestamptz", lambda r: r.call.left_at),
        Column("result", "text", lambda r: r.call.result),
        Column("ended_at", "timestamptz", lambda r: r.call.ended_at),
        Column("verdict", "jsonb", lambda r: _judgement(r.call.verdict)),
        Column("opinion", "jsonb", lambda r: _judgement(r.call.opinion)),
    ),
)

LINES: Table[LineRow] = Table(
    "tracker.whistle_history",
    ("key", "whistle_id", "position"),
    (
        Column("key", "uuid", lambda r: r.whistle.key),
        Column("whistle_id", "uuid", lambda r: r.whistle.whistle_id),
        Column("position", "int", lambda r: r.position),
        Column("at", "timestamptz", lambda r: r.note.at, FIXED),
        Column("kind", "text", lambda r: r.note.kind, FIXED),
        Column("detail", "jsonb", lambda r: orjson.dumps(r.note.detail).decode(), FIXED),
        Column("cause", "uuid", lambda r: r.note.cause, FIXED),
    ),
)
