"""Whether a model still fits: what is held although it was asked, what it decided and got back."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    import asyncpg

    from services.runtime.postgres import Database

# First decisions of the span, from their index. A model's own has its confidence; one that was
# held has that of the candidate it was surest of.
_BANDS = """
    WITH asked AS (
        SELECT a.outcome = 'held' AS is_held, f.fell = 'returned' AS is_returned,
            coalesce((a.decision ->> 'confidence')::float, (
                SELECT max((one ->> 'confidence')::float)
                FROM jsonb_array_elements(coalesce(a.decision -> 'candidates', '[]')) AS one
            )) AS confidence
        FROM router.route_attempt AS a LEFT JOIN router.first_dispatch AS f USING (complaint_id)
        WHERE a.number = 1 AND a.decided_at >= $1 AND a.decided_at < $2
            AND (a.outcome = 'held' OR a.decision ->> 'decided_by' = 'model')
    )
    SELECT width_bucket(confidence, $3::float[]) AS band,
        count(*) FILTER (WHERE is_held) AS held,
        count(*) FILTER (WHERE NOT is_held) AS dispatched,
        count(*) FILTER (WHERE NOT is_held AND is_returned) AS returned
    FROM asked WHERE confidence IS NOT NULL GROUP BY band
"""


async def count_bands(
    db: Database, start: datetime, end: datetime, bands: Sequence[float]
) -> list[asyncpg.Record]:
    """Count first decisions that a model was asked about, by its confidence.

    Args:
        db: The router's schema.
        start: First instant.
        end: The instant after the last.
        bands: Lower ends, ascending.

    Returns:
        Rows of band (1 for the lowest), held, dispatched, returned; empty bands are left out.
    """
    return await db.fetch(_BANDS, start, end, list(bands))
