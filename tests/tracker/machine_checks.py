"""What must hold in the tracker's tables whatever happens, asked of the tables themselves."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg

#: A clock belongs to something that is still open, and of which it is a clock.
_ORPHANS = """
    SELECT 'orphan clock ' || d.kind FROM tracker.deadline d
    WHERE d.key = ANY($1) AND NOT CASE
        WHEN d.kind IN ('sign', 'contact', 'at-risk', 'due', 'resume', 'ladder', 'unsigned')
            THEN EXISTS (SELECT FROM tracker.work_order o
                WHERE (o.complaint_id, o.order_id) = (d.key, d.subject) AND o.ended_at IS NULL
                AND (d.kind = 'resume') = (o.state IN ('paused', 'deferred')
                    AND d.kind <> 'contact')
                AND (d.kind <> 'sign' OR o.state = 'dispatched'))
        WHEN d.kind = 'callback' THEN EXISTS (SELECT FROM tracker.callback b
            WHERE (b.complaint_id, b.callback_id) = (d.key, d.subject) AND b.state = 'waiting')
        WHEN d.kind IN ('follow', 'unassigned') THEN EXISTS (SELECT FROM tracker.case c
            WHERE c.complaint_id = d.key AND d.subject = d.key
            AND c.state = CASE d.kind WHEN 'follow' THEN 'merged' ELSE 'held' END)
        WHEN d.kind = 'whistle-lapse' THEN EXISTS (SELECT FROM tracker.whistle w
            WHERE (w.key, w.whistle_id) = (d.key, d.subject) AND w.closed_at IS NULL)
        WHEN d.kind LIKE 'whistle-%' THEN EXISTS (SELECT FROM tracker.summons s
            WHERE s.key = d.key AND s.ended_at IS NULL)
        ELSE EXISTS (SELECT FROM tracker.proactive p
            WHERE p.proactive_id = d.key AND d.subject = d.key AND p.state = 'open')
    END
"""
#: What isn't over has a clock, or somebody is named who has been told.
_FORSAKEN = """
    SELECT 'forsaken case, ' || c.state FROM tracker.case c
    WHERE c.complaint_id = ANY($1) AND NOT CASE c.state
        WHEN 'held' THEN EXISTS (SELECT FROM tracker.deadline d
                WHERE d.key = c.complaint_id AND d.kind = 'unassigned')
            OR EXISTS (SELECT FROM tracker.supervision s
                WHERE s.complaint_id = c.complaint_id AND s.because = 'unassigned')
        WHEN 'handling' THEN EXISTS (SELECT FROM tracker.work_order o
            WHERE o.complaint_id = c.complaint_id AND o.role = 'lead' AND o.ended_at IS NULL)
        WHEN 'resolved' THEN EXISTS (SELECT FROM tracker.callback b
            WHERE b.complaint_id = c.complaint_id AND b.ended_at IS NULL)
        WHEN 'merged' THEN EXISTS (SELECT FROM tracker.deadline d
            WHERE d.key = c.complaint_id AND d.kind = 'follow')
        ELSE NOT EXISTS (SELECT FROM tracker.deadline d
            WHERE d.key = c.complaint_id AND d.kind NOT LIKE 'whistle-%')
    END
    UNION ALL SELECT 'forsaken order, ' || o.state FROM tracker.work_order o
    WHERE o.complaint_id = ANY($1) AND o.ended_at IS NULL AND o.breached_at IS NULL
        AND NOT EXISTS (SELECT FROM tracker.deadline d
            WHERE (d.key, d.subject) = (o.complaint_id, o.order_id) AND d.kind =
                CASE WHEN o.state IN ('paused', 'deferred') THEN 'resume' ELSE 'due' END)
    UNION ALL SELECT 'forsaken callback' FROM tracker.callback b
    WHERE b.complaint_id = ANY($1) AND b.state = 'waiting'
        AND NOT EXISTS (SELECT FROM tracker.deadline d
            WHERE (d.key, d.subject, d.kind) = (b.complaint_id, b.callback_id, 'callback'))
    UNION ALL SELECT 'forsaken whistle' FROM tracker.whistle w
    WHERE w.key = ANY($1) AND w.closed_at IS NULL
        AND NOT EXISTS (SELECT FROM tracker.deadline d
            WHERE (d.key, d.subject, d.kind) = (w.key, w.whistle_id, 'whistle-lapse'))
    UNION ALL SELECT 'forsaken proactive case' FROM tracker.proactive p
    WHERE p.proactive_id = ANY($1) AND p.state = 'open' AND p.overdue_at IS NULL
        AND NOT EXISTS (SELECT FROM tracker.deadline d WHERE d.key = p.proactive_id)
"""
_HISTORIES = """
    SELECT 'history of ' || what FROM (
        SELECT 'case' AS what, c.history_length AS wanted, count(h) AS found,
            max(h.position) - min(h.position) + 1 AS spread
        FROM tracker.case c JOIN tracker.history h USING (complaint_id)
        WHERE c.complaint_id = ANY($1) GROUP BY c.complaint_id
        UNION ALL SELECT 'whistle', w.history_length, count(h),
            max(h.position) - min(h.position) + 1
        FROM tracker.whistle w JOIN tracker.whistle_history h USING (key, whistle_id)
        WHERE w.key = ANY($1) GROUP BY w.key, w.whistle_id
        UNION ALL SELECT 'proactive case', p.history_length, count(h),
            max(h.position) - min(h.position) + 1
        FROM tracker.proactive p JOIN tracker.proactive_history h USING (proactive_id)
        WHERE p.proactive_id = ANY($1) GROUP BY p.proactive_id
    ) lengths WHERE wanted <> found OR wanted <> spread
"""
_LOST = """
    SELECT 'dead letter: ' || message FROM tracker.dead_letter WHERE key = ANY($1)
    UNION ALL SELECT 'untold fact' FROM tracker.outbox WHERE key = ANY($2)
"""
_ALL = f"{_ORPHANS} UNION ALL {_FORSAKEN} UNION ALL {_HISTORIES} UNION ALL {_LOST}"
_TIMELINES = """
    SELECT timeline, due_at FROM tracker.work_order
    WHERE complaint_id = ANY($1) AND ended_at IS NULL
"""


async def broken(pool: asyncpg.Pool, keys: Sequence[UUID]) -> list[str]:
    """Say what doesn't hold together about complaints, whistles or proactive cases."""
    names = [str(key).encode() for key in keys]
    found = [row[0] for row in await pool.fetch(_ALL, keys, names)]
    orders = await pool.fetch(_TIMELINES, keys)
    gaps = [at for text, at in orders if not _adds_up(json.loads(text), at)]
    found.extend(f"timeline of what is due {at}" for at in gaps)
    return found


def _adds_up(timeline: list[dict[str, Any]], due_at: datetime) -> bool:
    """Whether the steps join without a gap, and end when the order is due."""
    ends = [datetime.fromisoformat(step["ends_at"]) for step in timeline]
    starts = [datetime.fromisoformat(step["starts_at"]) for step in timeline]
    is_forward = all(start < end for start, end in zip(starts, ends, strict=True))
    return is_forward and starts[1:] == ends[:-1] and ends[-1] == due_at
