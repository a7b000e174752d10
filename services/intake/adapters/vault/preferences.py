"""What people want: whether they are told anything unasked. By token, so nothing here is sealed."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from uuid import UUID

    from services.runtime.transaction import Tx

_KEEP = """
    INSERT INTO identity.preference (reporter, do_not_call, changed_at, changed_by)
    VALUES ($1, $2, $3, $4)
    ON CONFLICT (reporter) DO UPDATE SET do_not_call = excluded.do_not_call,
        changed_at = excluded.changed_at, changed_by = excluded.changed_by
"""
#: Of the token of a secret report and the person's own, whichever was spoken of last: a wish taken
#: back holds for both, and one for a single report holds beside an older one for all.
_FIND = """
    SELECT do_not_call FROM identity.preference
    WHERE reporter = ANY($1::text[]) ORDER BY changed_at DESC, do_not_call DESC LIMIT 1
"""


async def keep(tx: Tx, reporter: str, key_id: UUID, *, do_not_call: bool) -> None:
    """Write down what a person wants.

    Args:
        tx: Writes.
        reporter: Token of the person, or of their secret report.
        key_id: Who writes it down.
        do_not_call: They want to be told nothing unasked.
    """
    await tx.conn.execute(_KEEP, reporter, do_not_call, tx.now, key_id)


async def is_do_not_call(tx: Tx, *tokens: str | None) -> bool:
    """Tell whether a person wants to be told nothing; the last word under any token counts."""
    found: bool | None = await tx.conn.fetchval(_FIND, [token for token in tokens if token])
    return found is True
