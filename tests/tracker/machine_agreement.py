"""The tables and the clerk's cards must say the same: invariants of a Hypothesis machine."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import asyncpg
from hypothesis.stateful import invariant

from tests.tracker.clerk import Card
from tests.tracker.machine_cases import Cases
from tests.tracker.machine_telling import counted

_CASES = """
    SELECT complaint_id, state, attempt, round, level, urges, lead,
        CASE state WHEN 'merged' THEN merged_into END AS into
    FROM tracker.case WHERE complaint_id = ANY($1)
"""
_JOBS = """
    SELECT DISTINCT ON (complaint_id) complaint_id, agency, state, due_at, is_on_time,
        sign_breached_at IS NOT NULL AS signs_late, breached_at IS NOT NULL AS is_late,
        contact_breached_at IS NOT NULL AS contacts_late,
        ARRAY(SELECT one ->> 'relief' FROM jsonb_array_elements(requests) one ORDER BY 1) AS asked,
        jsonb_array_length(extensions) AS extended
    FROM tracker.work_order WHERE complaint_id = ANY($1) AND role = 'lead'
    ORDER BY complaint_id, position DESC
"""
_CLOCKS = "SELECT key, kind, due_at FROM tracker.deadline WHERE key = ANY($1)"
_QUESTIONS = """
    SELECT complaint_id, state, excluded_at IS NOT NULL AS is_excluded
    FROM tracker.callback WHERE complaint_id = ANY($1) ORDER BY round
"""
_WATCHES = """
    SELECT complaint_id, because, level, closed_at IS NULL AS is_open
    FROM tracker.supervision WHERE complaint_id = ANY($1) ORDER BY position
"""


class Agreement(Cases):
    """Every step is settled and compared with the cards."""

    @invariant()
    def agrees(self) -> None:
        """The tables say what the cards say, and every clock is set to the clerk's instant."""
        if self.place.path is None:
            return
        self.desk.settle()
        found = self._fetch(self._read)
        for key, card in self.desk.cards.items():
            assert {what: of[key] for what, of in found.items() if key in of} == written(card)

    async def _read(self, pool: asyncpg.Pool) -> dict[str, dict[UUID, Any]]:
        keys = self.keys()
        found: dict[str, dict[UUID, Any]] = {
            "case": {key: tuple(rest) for key, *rest in await pool.fetch(_CASES, keys)},
            "job": {key: tuple(rest) for key, *rest in await pool.fetch(_JOBS, keys)},
        }
        clocks = await pool.fetch(_CLOCKS, keys)
        for key, kind, due_at in clocks:
            found.setdefault("clocks", {}).setdefault(key, {})[kind] = due_at
        for name, sql in (("questions", _QUESTIONS), ("watches", _WATCHES)):
            for key, *rest in await pool.fetch(sql, keys):
                found.setdefault(name, {}).setdefault(key, []).append(tuple(rest))
        return found

    @invariant()
    def tells_once(self) -> None:
        """Every fact that the clerk would tell was told, and no other."""
        for key, card in self.desk.cards.items():
            assert counted(self._events(key)) == +card.told


def written(card: Card) -> dict[str, Any]:
    """What the tables should say of a card."""
    if card.case is None:
        return {}
    into = card.into if card.case == "merged" else None
    found: dict[str, Any] = {
        "case": (card.case, card.attempt, card.round, card.level, card.urges, card.lead, into),
        "clocks": card.diary,
        "questions": [(one.state, one.is_excluded) for one in card.questions],
        "watches": [(one.because, one.level, one.is_open) for one in card.watches],
    }
    if card.last is not None:
        job = card.last
        late = (job.signs_late, job.is_late, job.contacts_late)
        asked = (sorted(job.requests), job.extended)
        found["job"] = (job.agency, job.state, job.due_at, job.is_on_time, *late, *asked)
    return {what: of for what, of in found.items() if of}
