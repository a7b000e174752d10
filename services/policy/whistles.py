"""`whistles.toml`: who may blow a whistle (吹哨报到), when, for whom, and how fast they report in.

A city without the file has no whistles. Legal ground in Beijing: 北京市街道办事处条例 art. 5
(whom a street may call) and art. 17 (own duty, coordination and transfer come first).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from services.policy.agencies import TERRITORIAL, AgencyKind
from services.policy.durations import Duration, DurationUnit
from services.policy.notices import fill, template_faults

if TYPE_CHECKING:
    from collections.abc import Mapping

    from services.policy.toml_tables import Table

FILE = "whistles.toml"


class Precondition(StrEnum):
    """What a kind may demand before it may be blown, in the order of art. 17."""

    OWN_DUTY = "own-duty"  #: The street has done what is its own.
    SEVERAL_DEPARTMENTS = "several-departments"  #: One department's duty is a transfer.
    COORDINATION = "coordination"  #: Every target has been asked without a whistle.


#: Why a whistle is refused, in the order in which it is judged, and what the text may name.
REFUSALS: Mapping[str, frozenset[str]] = {
    "unknown-kind": frozenset({"kind"}),
    "may-not-raise": frozenset({"kind"}),
    "not-your-place": frozenset({"kind"}),
    "approval": frozenset({"kind", "rank", "approvals"}),
    "complaints": frozenset({"kind", "least", "most"}),
    "unknown-target": frozenset({"kind", "agencies"}),
    "own-duty": frozenset({"kind"}),
    "one-department": frozenset({"kind", "agencies"}),
    "not-to-be-whistled": frozenset({"kind", "agencies"}),
    "other-district": frozenset({"kind", "agencies"}),
    "one-district": frozenset({"kind"}),
    "no-target": frozenset({"kind"}),
    "coordination": frozenset({"kind", "agencies"}),
}

#: So long a whistle stays open, and so long both sides may judge, where the file says nothing.
_LAPSE_WITHIN = Duration(30, DurationUnit.DAYS)
JUDGE_WITHIN = Duration(10, DurationUnit.WORKING_DAYS)

#: Bodies that nobody below them can call.
_NEVER = {AgencyKind.CENTRAL_UNIT, AgencyKind.HOTLINE, AgencyKind.STREET}


@dataclass(frozen=True, slots=True)
class Rank:
    """A rank that may approve a whistle."""

    key: str
    name: str


@dataclass(frozen=True, slots=True)
class WhistleStandard:
    """How fast a target must report in; every clock starts when the whistle is routed."""

    key: str
    sign_within: Duration
    contact_within: Duration
    arrive_within: Duration
    lapse_within: Duration = _LAPSE_WITHIN  #: Then it is over, whether the street closed it or not.


@dataclass(frozen=True, slots=True)
class WhistleRate:
    """How many whistles a street should blow (吹哨率), per 1,000 orders that it leads."""

    low_per_1000: int  #: Fewer: it may carry alone what it should call for.
    high_per_1000: int  #: More: the everyday mechanism may be broken.


@dataclass(frozen=True, slots=True)
class WhistleKind:
    """A kind of whistle, and what must be true before it may be blown."""

    key: str
    name: str
    raisers: frozenset[AgencyKind]
    requires: frozenset[Precondition]
    rank: str  #: Lowest rank that may approve it.
    approvals_min: int  #: So many people of that rank or above.
    complaints_min: int
    complaints_max: int
    standard: str
    crosses_districts: bool = False  #: It calls bodies of another district, and must.
    basis: str | None = None


@dataclass(frozen=True, slots=True)
class WhistleRules:
    """All rules of whistles of a city."""

    kinds: Mapping[str, WhistleKind]
    ranks: tuple[Rank, ...]  #: Lowest first.
    standards: Mapping[str, WhistleStandard]
    targets: frozenset[AgencyKind]  #: Kinds of bodies that may be called.
    refusals: Mapping[tuple[str, str], str]  #: Texts by (reason, language).
    judge_within: Duration = JUDGE_WITHIN  #: After the end, for the judgements of both sides.
    rate: WhistleRate | None = None  #: None: no street is flagged.

    @property
    def raisers(self) -> frozenset[AgencyKind]:
        """Kinds of bodies that may blow a whistle of some kind."""
        return frozenset(kind for one in self.kinds.values() for kind in one.raisers)

    def is_rank_enough(self, rank: str, least: str) -> bool:
        """Tell whether a rank stands at least as high as another; an unknown one doesn't."""
        keys = [known.key for known in self.ranks]
        return rank in keys and keys.index(rank) >= keys.index(least)

    def rank_name(self, key: str) -> str:
        """Name a rank as people say it."""
        return next((rank.name for rank in self.ranks if rank.key == key), key)

    def words(self, reason: str, values: Mapping[str, str]) -> dict[str, str]:
        """Say why a whistle is refused and what to do instead, in every language there is."""
        return {
            language: fill(text, values)
            for (known, language), text in self.refusals.items()
            if known == reason
        }


def read_whistles(table: Table | None, language: str) -> WhistleRules | None:
    """Read `whistles.toml`.

    Args:
        table: The file's outermost table; None where there is no file.
        language: The city's; every refusal must be there in it.

    Returns:
        The rules, or None: the city has no whistles.
    """
    if table is None:
        return None
    ranks = _read_ranks(table)
    standards = {key: _standard(key, one) for key, one in table.named("standards").items()}
    kinds = {key: _kind(key, one) for key, one in table.named("kinds").items()}
    if not kinds:
        table.error("there are no kinds of whistles", "kinds")
    for key, inner in table.named("kinds").items():
        if kinds[key].standard and kinds[key].standard not in standards:
            inner.error(f"no standard is called {kinds[key].standard!r}", "standard")
        if kinds[key].rank and kinds[key].rank not in {rank.key for rank in ranks}:
            inner.error(f"no rank is called {kinds[key].rank!r}", "rank")
    rules = WhistleRules(
        kinds=kinds,
        ranks=ranks,
        standards=standards,
        targets=_targets(table),
        refusals=_read_refusals(table.table("refusals"), language),
        judge_within=table.optional_duration("judge_within") or JUDGE_WITHIN,
        rate=_read_rate(table),
    )
    table.finish()
    return rules


def _read_rate(table: Table) -> WhistleRate | None:
    if table.values.get("rate") is None:
        return None
    inner = table.table("rate")
    rate = WhistleRate(
        low_per_1000=inner.integer("low_per_1000", least=0),
        high_per_1000=inner.integer("high_per_1000", least=1),
    )
    if rate.low_per_1000 >= rate.high_per_1000:
        inner.error("what is too few isn't less than what is too many", "low_per_1000")
    inner.text("source")
    inner.finish()
    return rate


def _read_ranks(table: Table) -> tuple[Rank, ...]:
    ranks: dict[str, Rank] = {}
    for inner in table.each("ranks"):
        rank = Rank(inner.text("key"), inner.text("name"))
        if rank.key in ranks:
            inner.error(f"rank {rank.key} is here twice", "key")
        ranks[rank.key] = rank
        inner.text("source")
        inner.finish()
    if not ranks:
        table.error("there are no ranks", "ranks")
    return tuple(ranks.values())


def _standard(key: str, table: Table) -> WhistleStandard:
    standard = WhistleStandard(
        key=key,
        sign_within=table.duration("sign_within"),
        contact_within=table.duration("contact_within"),
        arrive_within=table.duration("arrive_within"),
        lapse_within=table.optional_duration("lapse_within") or _LAPSE_WITHIN,
    )
    table.text("source")
    if standard.sign_within.rough_seconds > standard.arrive_within.rough_seconds:
        table.error("signing may take longer than arriving", "sign_within")
    if standard.contact_within.rough_seconds > standard.arrive_within.rough_seconds:
        table.error("contacting may take longer than arriving", "contact_within")
    if standard.arrive_within.rough_seconds >= standard.lapse_within.rough_seconds:
        table.error("the whistle is over before anybody must have arrived", "lapse_within")
    table.finish()
    return standard


def _kind(key: str, table: Table) -> WhistleKind:
    crosses = table.texts("crosses")
    if crosses not in ((), ("districts",)):
        table.error('`crosses` may only be "districts"', "crosses")
    kind = WhistleKind(
        key=key,
        name=table.text("name"),
        raisers=_agency_kinds(table, "raisers"),
        requires=_preconditions(table),
        rank=table.text("rank"),
        approvals_min=table.integer("approvals_min", least=1),
        complaints_min=table.integer("complaints_min", least=0),
        complaints_max=table.integer("complaints_max", least=0),
        standard=table.text("standard"),
        crosses_districts=bool(crosses),
        basis=table.optional_text("basis"),
    )
    if kind.raisers - TERRITORIAL:
        table.error("only a body with a division of its own can blow", "raisers")
    if kind.complaints_max < kind.complaints_min:
        table.error("no number of complaints is enough", "complaints_max")
    table.text("source")
    table.day("date")
    table.finish()
    return kind


def _targets(table: Table) -> frozenset[AgencyKind]:
    targets = _agency_kinds(table, "targets")
    for kind in sorted(targets & _NEVER):
        table.error(f"a {kind} can't be whistled", "targets")
    return targets


def _agency_kinds(table: Table, key: str) -> frozenset[AgencyKind]:
    named = table.texts(key)
    if not named:
        table.error(f"`{key}` names nobody", key)
    for name in named:
        if name not in tuple(AgencyKind):
            table.error(f"kind {name!r} is none of {', '.join(AgencyKind)}", key)
    return frozenset(AgencyKind(name) for name in named if name in tuple(AgencyKind))


def _preconditions(table: Table) -> frozenset[Precondition]:
    named = table.texts("requires")
    for name in named:
        if name not in tuple(Precondition):
            message = f"precondition {name!r} is none of {', '.join(Precondition)}"
            table.error(message, "requires")
    return frozenset(Precondition(name) for name in named if name in tuple(Precondition))


def _read_refusals(table: Table, language: str) -> dict[tuple[str, str], str]:
    texts: dict[tuple[str, str], str] = {}
    for reason in table.values:
        inner = table.table(reason)
        if reason not in REFUSALS:
            table.error(f"no refusal is called {reason!r}", reason)
            continue
        for written_in in inner.values:
            text = inner.text(written_in)
            for fault in template_faults(text, REFUSALS[reason]):
                inner.error(fault, written_in)
            texts[reason, written_in] = text
    for reason in REFUSALS:
        if (reason, language) not in texts:
            table.error(f"the refusal `{reason}` lacks the city's language, {language}", reason)
    return texts
