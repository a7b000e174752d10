"""The files of a bundle, and putting what they say together."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.policy import (
    agencies,
    calendar,
    catalogue,
    categories,
    city,
    diversions,
    divisions,
    imports,
    notices,
    standards,
    urgency,
)
from services.policy.callback import read_callback
from services.policy.escalation import read_escalation, read_scoring
from services.policy.indexes import build_indexes
from services.policy.naming import Gazetteer
from services.policy.policy import Policy
from services.policy.toml_tables import Table, read_toml

if TYPE_CHECKING:
    from collections.abc import Mapping

    from services.policy.faults import FaultLog

#: Every file a bundle may hold, and whether it must.
FILES: Mapping[str, bool] = {
    city.FILE: True,
    divisions.FILE: True,
    agencies.FILE: True,
    categories.FILE: True,
    catalogue.FILE: True,
    diversions.FILE: True,
    standards.FILE: True,
    urgency.FILE: True,
    calendar.FILE: True,
    notices.FILE: True,
    imports.FILE: False,
}


def assemble(texts: Mapping[str, str], bundle: str, faults: FaultLog) -> Policy | None:
    """Read every file and build the policy.

    Args:
        texts: Texts by name; missing ones have been noted.
        bundle: The bundle's hash.
        faults: Where faults go.

    Returns:
        The policy, perhaps with unsound references that are still to be checked;
        None where a required file is missing.
    """
    if any(is_required and name not in texts for name, is_required in FILES.items()):
        return None
    tables = {
        name: read_toml(name, text, faults)
        for name, text in texts.items()
        if name.endswith(".toml")
    }
    the_city, routing = city.read_city(tables[city.FILE])
    places = divisions.read_divisions(texts[divisions.FILE], faults)
    kinds = categories.read_categories(texts[categories.FILE], faults)
    bodies = agencies.read_agencies(texts[agencies.FILE], faults)
    gazetteer = Gazetteer(places)
    rules = tuple(
        gazetteer.in_rule(rule, faults) for rule in catalogue.read_catalogue(tables[catalogue.FILE])
    )
    sla = tables[standards.FILE]
    mappings = tables.get(imports.FILE) or Table(imports.FILE, faults, {}, {})
    policy = Policy(
        hash=bundle,
        city=the_city,
        routing=routing,
        divisions=places,
        agencies=bodies,
        categories=kinds,
        catalogue=rules,
        diversions=diversions.read_diversions(tables[diversions.FILE]),
        standards=standards.read_standards(sla),
        urgency=urgency.read_urgency(tables[urgency.FILE]),
        calendar=calendar.read_calendar(tables[calendar.FILE]),
        callback=read_callback(sla),
        escalation=read_escalation(sla),
        scoring=read_scoring(sla),
        notices=notices.read_notices(tables[notices.FILE], the_city.language),
        imports=imports.read_imports(mappings, the_city.time_zone, the_city.language),
        indexes=build_indexes(places, bodies, kinds, rules),
    )
    sla.finish()
    return policy
