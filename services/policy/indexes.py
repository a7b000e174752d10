"""What is looked up for every event, worked out once when a bundle is loaded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from services.policy.agencies import Agency, AgencyKind
from services.policy.categories import newest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from services.policy.catalogue import Rule
    from services.policy.categories import Category
    from services.policy.divisions import Division, DivisionLevel


@dataclass(frozen=True, slots=True)
class Indexes:
    """Look-ups behind the methods of `Policy`."""

    division_chains: Mapping[str, tuple[str, ...]]  #: The division, its parent … the city.
    division_levels: Mapping[str, Mapping[DivisionLevel, str]]  #: The division's own district …
    category_chains: Mapping[str, tuple[str, ...]]  #: The category (newest code), its parent ….
    agency_by_division: Mapping[tuple[AgencyKind, str], str]
    department_by_function: Mapping[tuple[str, str], str]  #: By (function, district).
    agency_by_name: Mapping[str, str | None]  #: None where two share the name.
    division_by_name: Mapping[tuple[str, str], str]  #: By (parent, name or alias).
    streets_by_name: Mapping[str, str | None]  #: Districts and streets; None where ambiguous.
    category_by_path: Mapping[tuple[str, ...], str]  #: By names from the root down.
    rules_by_category: Mapping[str | None, tuple[Rule, ...]]


def build_indexes(
    divisions: Mapping[str, Division],
    agencies: Mapping[str, Agency],
    categories: Mapping[str, Category],
    catalogue: tuple[Rule, ...],
) -> Indexes:
    """Work out every look-up.

    Args:
        divisions: By code; parents exist.
        agencies: By code.
        categories: By code; parents exist.
        catalogue: Every rule.

    Returns:
        The look-ups.
    """
    chains = {code: _division_chain(code, divisions) for code in divisions}
    category_chains = {code: _category_chain(code, categories) for code in categories}
    return Indexes(
        division_chains=chains,
        division_levels={
            code: {divisions[above].level: above for above in chain}
            for code, chain in chains.items()
        },
        category_chains=category_chains,
        agency_by_division={
            (agency.kind, agency.division): agency.code
            for agency in agencies.values()
            if agency.division is not None and agency.kind is not AgencyKind.DISTRICT_DEPARTMENT
        },
        department_by_function={
            (agency.function, agency.division): agency.code
            for agency in agencies.values()
            if agency.function is not None and agency.division is not None
        },
        agency_by_name=_agency_names(agencies),
        division_by_name=_division_names(divisions),
        streets_by_name=_clear_names(divisions),
        category_by_path={_category_path(code, categories): code for code in categories},
        rules_by_category=_rules_by_category(catalogue),
    )


def _division_chain(code: str, divisions: Mapping[str, Division]) -> tuple[str, ...]:
    chain: list[str] = []
    above: str | None = code
    while above is not None and above in divisions and above not in chain:
        chain.append(above)
        above = divisions[above].parent
    return tuple(chain)


def _category_chain(code: str, categories: Mapping[str, Category]) -> tuple[str, ...]:
    """An older code stands for its successor, here and at every step up."""
    chain: list[str] = []
    above: str | None = code
    while above is not None and above in categories:
        above = newest(above, categories)
        if above in chain:
            break
        chain.append(above)
        above = categories[above].parent
    return tuple(chain)


def _category_path(code: str, categories: Mapping[str, Category]) -> tuple[str, ...]:
    """Names from the root down, as records write them: an older code keeps its own."""
    names: list[str] = []
    above: str | None = code
    while above is not None and above in categories and len(names) < len(categories):
        names.append(categories[above].name)
        above = categories[above].parent
    return tuple(reversed(names))


def _agency_names(agencies: Mapping[str, Agency]) -> dict[str, str | None]:
    names: dict[str, str | None] = {}
    for agency in agencies.values():
        for name in {agency.name, *agency.aliases}:
            names[name] = None if name in names else agency.code
    return names


def _division_names(divisions: Mapping[str, Division]) -> dict[tuple[str, str], str]:
    return {
        (division.parent or "", name): division.code
        for division in divisions.values()
        for name in (division.name, *division.aliases)
    }


def _clear_names(divisions: Mapping[str, Division]) -> dict[str, str | None]:
    """Names of the city, districts and streets; communities repeat too often to count."""
    names: dict[str, str | None] = {}
    for division in divisions.values():
        if division.level == "community":
            continue
        for name in {division.name, *division.aliases}:
            names[name] = None if name in names else division.code
    return names


def _rules_by_category(catalogue: tuple[Rule, ...]) -> dict[str | None, tuple[Rule, ...]]:
    rules: dict[str | None, list[Rule]] = {}
    for rule in catalogue:
        rules.setdefault(rule.category, []).append(rule)
    return {category: tuple(found) for category, found in rules.items()}
