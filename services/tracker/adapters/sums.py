"""Reading the sums of a period that are kept, with the notes that wait; `tallies` keeps them.

One statement reads both, so it sees each change exactly once, whenever a round takes notes away.
Where nothing is kept for the period, a statement finds no row.
"""

from __future__ import annotations

from typing import Final

from services.tracker.adapters.counts import COUNTED, PLEASING, each

_KEPT = ("dispatched", "resolved_on_time", "resolved_late", "taken_back", "breached")
_PERIOD = """
    period AS MATERIALIZED (
        SELECT period_id FROM tracker.tally_period WHERE begins_at = $1 AND ends_at = $2
    ), waiting AS MATERIALIZED (
        SELECT c.* FROM tracker.tally_change c, period WHERE at >= $1 AND at < $2
    )
"""


def _summed(part: str, names: tuple[str, ...]) -> str:
    """Write the sums of each group: those that are kept, and what waits."""
    listed = ", ".join(names)
    return f"""
        SELECT key, {each("sum({name})::int AS {name}", names)} FROM (
            SELECT key, {listed} FROM tracker.tally
            WHERE part = '{part}' AND period_id = (SELECT period_id FROM period)
            UNION ALL SELECT {part} AS key, {listed} FROM waiting
        ) AS both_of GROUP BY key
    """


_ALL = ("ended", *COUNTED)
_PART = f"""
    WITH {_PERIOD}, part AS ({{part}})
    SELECT nullif(key, '') AS key, {", ".join(COUNTED)} FROM part WHERE ended > 0
"""
# `others` of a group is the sum over kinds of n - n x n / (the city's n). Few cells have changes
# that wait, and with w of them n x n is kept x kept + w x (2 x kept + w): so the kept cells are
# gone through once, as they are.
_COMPARED = f"""
    WITH {_PERIOD}, part AS ({{part}}), kinds AS MATERIALIZED (
        {_summed("category", _ALL)}
    ), city AS MATERIALIZED (
        SELECT key AS category, {each("{name}::float8 / valid AS {name}", PLEASING)},
            1 / valid::float8 AS share
        FROM kinds WHERE valid > 0
    ), whole AS MATERIALIZED (
        SELECT {each("sum({name})::int AS city_{name}", COUNTED)} FROM kinds
    ), moved AS (
        SELECT {{by}} AS key, category, sum(valid)::int AS n FROM waiting
        GROUP BY 1, 2 HAVING sum(valid) <> 0
    ), moved_by AS (
        SELECT w.*, w.n::float8 * (2 * coalesce(m.valid, 0) + w.n) AS square
        FROM moved w LEFT JOIN tracker.tally_mix m ON m.part = '{{by}}' AND m.key = w.key
            AND m.category = w.category AND m.period_id = (SELECT period_id FROM period)
    ), fair AS (
        SELECT key, sum(valid::float8 * valid * share) AS own,
            {each("sum(valid * city.{name}) AS {name}", PLEASING)}
        FROM tracker.tally_mix JOIN city USING (category)
        WHERE part = '{{by}}' AND period_id = (SELECT period_id FROM period) GROUP BY key
        UNION ALL
        SELECT key, sum(square * share), {each("sum(n * city.{name})", PLEASING)}
        FROM moved_by JOIN city USING (category) GROUP BY key
    ), expected AS (
        SELECT key, sum(own) AS own, {each("sum({name}) AS expected_{name}", PLEASING)}
        FROM fair GROUP BY key
    )
    SELECT nullif(part.key, '') AS key, {each("part.{name}", COUNTED)},
        part.valid - own AS others, {each("expected_{name}", PLEASING)}, whole.*
    FROM part LEFT JOIN expected e ON e.key = part.key AND part.valid > 0 CROSS JOIN whole
    WHERE part.ended > 0
"""
#: By what figures are grouped by: the counts of call-backs, and what they are compared with.
VERDICTS: Final = {
    by: (_PART if by == "category" else _COMPARED).format(by=by, part=_summed(by, _ALL))
    for by in ("agency", "district", "street", "category")
}
#: The same of dispatched orders.
KEPT: Final = {
    by: f"""
        WITH {_PERIOD}, part AS ({_summed(by, _KEPT)})
        SELECT nullif(key, '') AS key, {", ".join(_KEPT)},
            dispatched - resolved_on_time - resolved_late - taken_back AS open
        FROM part WHERE dispatched > 0
    """
    for by in ("agency", "district", "street", "category")
}
#: Orders that each agency led.
LED: Final = f"""
    WITH {_PERIOD}, part AS ({_summed("agency", ("led",))})
    SELECT key AS agency, led AS orders FROM part WHERE led > 0
"""
