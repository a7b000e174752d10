"""`city.toml`: what city this is, and the few figures of routing itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from services.events import Urgency

if TYPE_CHECKING:
    from collections.abc import Mapping

    from services.policy.durations import Duration
    from services.policy.toml_tables import Table

FILE = "city.toml"

#: Where the policy says nothing: only what is nearly word for word the same.
REPEAT_SCORE_MIN = 0.9

#: Where the policy says nothing. Assumption: no rule says how long a mark may stand.
MARK_DAYS_MAX = 90


@dataclass(frozen=True, slots=True)
class City:
    """The city a bundle is for."""

    code: str  #: Such as `beijing`.
    name: str
    time_zone: str  #: IANA name; days and calendars are counted here.
    number_prefix: str  #: Complaint numbers begin with it: `BJ`.
    hotline: str  #: Agency code of the hotline body (市政务服务部门), which triages.
    language: str  #: Two letters; the language of notices unless another is asked for.
    line: int = 0  #: Of the `[city]` header, for faults.


@dataclass(frozen=True, slots=True)
class RoutingRules:
    """Figures of routing that no single catalogue rule can hold."""

    returns_max: int  #: Returns (退单) after which a person decides (`too-many-returns`).
    fallback_standard: str  #: Standard where no rule and no category names one.
    urgency_standards: Mapping[Urgency, str]  #: At least this strict for this urgency.
    repeat_score_min: float = REPEAT_SCORE_MIN  #: A repeat scored less gets an order.
    #: How often a model must have been right, on orders held out, from a confidence on, to decide
    #: at that confidence; None: it only suggests.
    model_precision_min: float | None = None
    return_within: Duration | None = None  #: From dispatch; None: while the order is open.
    mark_days_max: int = MARK_DAYS_MAX  #: A mark of malicious calling ends after as many at most.
    line: int = 0  #: Of the `[routing]` header, for faults.


def read_city(table: Table) -> tuple[City, RoutingRules]:
    """Read `city.toml`.

    `extends` is resolved when the folder is read, so it only passes by here.

    Args:
        table: The file's outermost table.

    Returns:
        The city, and the rules of routing.
    """
    table.optional_text("extends")
    inner = table.table("city")
    city = City(
        code=inner.text("code"),
        name=inner.text("name"),
        time_zone=inner.text("time_zone"),
        number_prefix=inner.text("number_prefix"),
        hotline=inner.text("hotline"),
        language=inner.text("language"),
        line=inner.line,
    )
    if city.time_zone and not is_time_zone(city.time_zone):
        inner.error(f"no time zone is called {city.time_zone!r}", "time_zone")
    inner.finish()
    routing = _read_routing(table.table("routing"))
    table.finish()
    return city, routing


def is_time_zone(name: str) -> bool:
    """Tell whether the time zone database has a zone of this name."""
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):  # The last for a folder's name.
        return False
    return True


def _read_routing(table: Table) -> RoutingRules:
    urgencies = table.table("urgency_standards")
    standards: dict[Urgency, str] = {}
    for name in urgencies.values:
        if name in tuple(Urgency):
            standards[Urgency(name)] = urgencies.text(name)
        else:
            urgencies.error(f"no urgency is called {name!r}", name)
    rules = RoutingRules(
        returns_max=table.integer("returns_max", least=1),
        fallback_standard=table.text("fallback_standard"),
        urgency_standards=standards,
        repeat_score_min=(
            table.share("repeat_score_min")
            if "repeat_score_min" in table.values
            else REPEAT_SCORE_MIN
        ),
        model_precision_min=(
            table.share("model_precision_min") if "model_precision_min" in table.values else None
        ),
        return_within=table.optional_duration("return_within"),
        mark_days_max=table.integer("mark_days_max", least=1, default=MARK_DAYS_MAX),
        line=table.line,
    )
    table.finish()
    return rules
