"""`sla.toml`, relief: what may move a clock, for how long, and who may grant it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal, get_args

from services.policy.durations import Duration, DurationUnit

if TYPE_CHECKING:
    from collections.abc import Mapping

    from services.policy.toml_tables import Table

#: `policy`: granted at once; `operator`: by any officer; `supervisor`: by supervisors only.
Grantor = Literal["policy", "operator", "supervisor"]
_GRANTORS: Final[tuple[Grantor, ...]] = get_args(Grantor)

#: How long a clock stands still at the most where neither request nor policy says.
PAUSE_DEFAULT: Final = Duration(30, DurationUnit.DAYS)


@dataclass(frozen=True, slots=True)
class PauseReason:
    """Why a clock may stand still."""

    key: str
    name: str
    granted_by: Grantor = "operator"
    at_most: Duration | None = None  #: Longest pause; None: no limit.
    times_max: int | None = None  #: For this reason, of one order; None: no limit.


@dataclass(frozen=True, slots=True)
class ExtensionRules:
    """More time (延期): 接诉即办工作条例 art. 15 wants it rare, and the citizen told why."""

    granted_by: Grantor = "supervisor"
    at_most: Duration | None = None  #: From the due instant that it moves; None: no limit.
    times_max: int | None = None  #: Of one order; None: no limit.


@dataclass(frozen=True, slots=True)
class ReliefRules:
    """What agencies may ask for; without a table, anything, and an officer decides."""

    extension: ExtensionRules = ExtensionRules()
    #: By key; none: any reason will do.
    pauses: Mapping[str, PauseReason] = field(default_factory=dict)
    deferral_at_most: Duration | None = None  #: 挂账: to the plan's date; None: no limit.

    def pause_reason(self, key: str) -> PauseReason | None:
        """Find a reason; None where the city lists its reasons and this is none of them."""
        return self.pauses.get(key) if self.pauses else PauseReason(key, key)


def read_relief(table: Table) -> ReliefRules:
    """Read `[relief]`, which may be missing.

    Args:
        table: The outermost table of `sla.toml`.

    Returns:
        The rules.
    """
    inner = table.table("relief")
    rules = ReliefRules(
        extension=_extension(inner.table("extension")),
        pauses={key: _reason(key, one) for key, one in inner.named("pauses").items()},
        deferral_at_most=_deferral(inner.table("deferral")),
    )
    inner.finish()
    return rules


def _extension(table: Table) -> ExtensionRules:
    rules = ExtensionRules(
        granted_by=_grantor(table, "supervisor"),
        at_most=_limit(table),
        times_max=_times(table),
    )
    _done(table)
    return rules


def _reason(key: str, table: Table) -> PauseReason:
    reason = PauseReason(
        key=key,
        name=table.text("name"),
        granted_by=_grantor(table, "operator"),
        at_most=_limit(table),
        times_max=_times(table),
    )
    if reason.granted_by == "policy" and (reason.at_most is None or reason.times_max is None):
        table.error("what the policy grants at once needs `at_most` and `times_max`", "granted_by")
    _done(table)
    return reason


def _deferral(table: Table) -> Duration | None:
    at_most = _limit(table)
    _done(table)
    return at_most


def _grantor(table: Table, default: Grantor) -> Grantor:
    text = table.optional_text("granted_by") or default
    for known in _GRANTORS:
        if text == known:
            return known
    table.error(f"`granted_by` must be one of {', '.join(_GRANTORS)}", "granted_by")
    return default


def _limit(table: Table) -> Duration | None:
    at_most = table.optional_duration("at_most")
    if at_most is not None and not at_most.amount:
        table.error("`at_most` leaves no time at all", "at_most")
    return at_most


def _times(table: Table) -> int | None:
    return table.integer("times_max", least=1) if "times_max" in table.values else None


def _done(table: Table) -> None:
    table.optional_text("source")
    table.finish()
