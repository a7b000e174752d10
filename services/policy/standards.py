"""`sla.toml`, standards: how fast an order must be signed, the citizen called, it be handled."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from services.policy.durations import Duration
    from services.policy.toml_tables import Table

FILE = "sla.toml"


@dataclass(frozen=True, slots=True)
class Standard:
    """A promise; all its clocks start when the order is dispatched, not when it is signed."""

    key: str
    name: str
    sign_within: Duration | None  #: None: nobody waits for a signature.
    handle_within: Duration
    at_risk_before: Duration  #: The warning comes this long before the due instant.
    source: str
    basis: str | None = None
    line: int = 0  #: Of the table's header, for faults.
    contact_within: Duration | None = None  #: First contact (首次联系); None: no time is named.
    calendar: str | None = None  #: One of `[calendars.KEY]`; None: the city's own.

    def durations(self) -> tuple[Duration, ...]:
        """Every time it names."""
        named = (self.sign_within, self.contact_within, self.handle_within, self.at_risk_before)
        return tuple(duration for duration in named if duration is not None)


def read_standards(table: Table) -> dict[str, Standard]:
    """Read the tables `[standards.KEY]`.

    Args:
        table: The outermost table of `sla.toml`.

    Returns:
        Standards by key.
    """
    tables = table.named("standards")
    if not tables:
        table.error("there are no standards")
    return {key: _standard(key, inner) for key, inner in tables.items()}


def _standard(key: str, table: Table) -> Standard:
    standard = Standard(
        key=key,
        name=table.text("name"),
        sign_within=table.optional_duration("sign_within"),
        handle_within=table.duration("handle_within"),
        at_risk_before=table.duration("at_risk_before"),
        source=table.text("source"),
        basis=table.optional_text("basis"),
        line=table.line,
        contact_within=table.optional_duration("contact_within"),
        calendar=table.optional_text("calendar"),
    )
    handle = standard.handle_within.rough_seconds
    if standard.at_risk_before.rough_seconds >= handle:
        table.error("the warning would come before the order", "at_risk_before")
    if standard.sign_within is not None and standard.sign_within.rough_seconds > handle:
        table.error("signing may take longer than handling", "sign_within")
    if standard.contact_within is not None and standard.contact_within.rough_seconds > handle:
        table.error("the first contact may come after the answer", "contact_within")
    table.finish()
    return standard
