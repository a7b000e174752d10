"""`sla.toml`, `[scoring]`: how the three rates weigh, how they are graded, what doesn't count."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from services.policy.toml_tables import Table

#: The last day every month has.
_LAST_SAFE_DAY = 28
#: Weights are written with few decimals; this only forgives binary fractions.
_ROUNDING = 1e-9
_SCORE_MAX = 100


@dataclass(frozen=True, slots=True)
class Band:
    """A grade (档次) beside the rank: 国办函〔2025〕66号 asks for 分档分类评价, not for places."""

    key: str
    name: str  #: In the city's language.
    at_least: int  #: The score, 0 to 100, from which on it is given.


@dataclass(frozen=True, slots=True)
class ExclusionReason:
    """Why an officer may leave a verdict out of the rates (剔除)."""

    key: str
    name: str  #: In the city's language.
    basis: str | None = None  #: The rule that allows it.


@dataclass(frozen=True, slots=True)
class Scoring:
    """How the three rates (响应率, 解决率, 满意率) make one score."""

    weight_response: float
    weight_resolution: float
    weight_satisfaction: float
    basically_counts: float  #: What 基本满意 counts where 满意 counts 1.
    month_starts_on: int  #: Day on which the assessment month begins (previous month).
    valid_min: int = 1  #: With fewer valid call-backs there is neither rank nor band.
    bands: tuple[Band, ...] = ()  #: Best first; none where the city gives no grades.
    exclusions: tuple[ExclusionReason, ...] = ()  #: None: officers can exclude nothing.

    def allows_exclusion(self, reason: str | None) -> bool:
        """Tell whether a verdict may be excluded for a reason."""
        return any(one.key == reason for one in self.exclusions)


def read_scoring(table: Table) -> Scoring:
    """Read `[scoring]`; the three weights must add up to 1, and bands must fall down to 0.

    Args:
        table: The outermost table of `sla.toml`.

    Returns:
        The scoring.
    """
    inner = table.table("scoring")
    scoring = Scoring(
        weight_response=inner.share("weight_response"),
        weight_resolution=inner.share("weight_resolution"),
        weight_satisfaction=inner.share("weight_satisfaction"),
        basically_counts=inner.share("basically_counts"),
        month_starts_on=inner.integer("month_starts_on", least=1),
        valid_min=inner.integer("valid_min", least=1, default=1),
        bands=_read_bands(inner),
        exclusions=_read_exclusions(inner),
    )
    weights = (scoring.weight_response, scoring.weight_resolution, scoring.weight_satisfaction)
    if abs(sum(weights) - 1) > _ROUNDING:
        inner.error(f"the weights add up to {sum(weights):g}, not to 1")
    if scoring.month_starts_on > _LAST_SAFE_DAY:
        inner.error("not every month has that day", "month_starts_on")
    inner.optional_text("source")
    inner.finish()
    return scoring


def _read_bands(outer: Table) -> tuple[Band, ...]:
    """Read `[[scoring.bands]]`, best first; every score must fall into one of them."""
    bands: list[Band] = []
    for inner in outer.each("bands"):
        band = Band(inner.text("key"), inner.text("name"), inner.integer("at_least", least=0))
        if band.at_least > _SCORE_MAX:
            inner.error(f"no score is above {_SCORE_MAX}", "at_least")
        if bands and band.at_least >= bands[-1].at_least:
            inner.error("bands stand best first: this one begins no lower", "at_least")
        _once(inner, band.key, [one.key for one in bands])
        inner.optional_text("source")
        inner.finish()
        bands.append(band)
    if bands and bands[-1].at_least != 0:
        outer.error("the last band must begin at 0, or some scores have none", "bands")
    return tuple(bands)


def _read_exclusions(outer: Table) -> tuple[ExclusionReason, ...]:
    """Read `[[scoring.exclusions]]`."""
    reasons: list[ExclusionReason] = []
    for inner in outer.each("exclusions"):
        reason = ExclusionReason(
            inner.text("key"), inner.text("name"), inner.optional_text("basis")
        )
        _once(inner, reason.key, [one.key for one in reasons])
        inner.text("source")
        inner.finish()
        reasons.append(reason)
    return tuple(reasons)


def _once(inner: Table, key: str, before: list[str]) -> None:
    if key in before:
        inner.error(f"{key!r} is there already", "key")
