"""The files of a bundle, and putting what they say together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from services.policy import (
    agencies,
    answers,
    areas,
    boundaries,
    calendar,
    catalogue,
    categories,
    causes,
    channels,
    city,
    diversions,
    divisions,
    hooks,
    imports,
    landmarks,
    nature,
    notices,
    open311,
    powers,
    standards,
    urgency,
    whistles,
)
from services.policy.callback import read_callback
from services.policy.choices import read_choices
from services.policy.escalation import read_escalation
from services.policy.indexes import build_indexes
from services.policy.naming import Gazetteer
from services.policy.policy import Policy
from services.policy.relief import read_relief
from services.policy.scoring import read_scoring
from services.policy.supervision import read_supervision
from services.policy.toml_tables import Table, read_toml

if TYPE_CHECKING:
    from collections.abc import Mapping

    from services.policy.faults import FaultLog

    #: By file name.
    Texts = Mapping[str, str]
    Tables = Mapping[str, Table]

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
    nature.FILE: False,
    open311.FILE: False,
    landmarks.FILE: False,
    boundaries.FILE: False,
    whistles.FILE: False,
    areas.FILE: False,
    powers.FILE: False,
    answers.FILE: False,
    causes.FILE: False,
    channels.FILE: False,
}


def is_part(name: str) -> bool:
    """Tell whether a bundle may hold a file of this name."""
    return name in FILES or hooks.is_file(name)


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
    optional = [name for name in FILES if name.endswith(".toml") and name not in texts]
    tables = {
        name: read_toml(name, texts.get(name, ""), faults)
        for name in (*texts, *optional)
        if name.endswith(".toml")
    }
    policy = _policy(texts, tables, bundle, faults)
    tables[standards.FILE].finish()
    return policy


def _policy(texts: Texts, tables: Tables, bundle: str, faults: FaultLog) -> Policy:
    the_city, routing = city.read_city(tables[city.FILE])
    places = divisions.read_divisions(texts[divisions.FILE], faults)
    kinds = categories.read_categories(texts[categories.FILE], faults)
    bodies = agencies.read_agencies(texts[agencies.FILE], faults)
    gazetteer, listed = Gazetteer(places), catalogue.read_catalogue(tables[catalogue.FILE])
    rules = tuple(gazetteer.in_rule(rule, faults) for rule in listed)
    sla, zone, language = tables[standards.FILE], the_city.time_zone, the_city.language
    sources = {name: table for name, table in tables.items() if hooks.is_file(name)}
    public = tables[open311.FILE] if open311.FILE in texts else None
    blown = tables[whistles.FILE] if whistles.FILE in texts else None
    own_calendar, named_calendars = calendar.read_calendars(tables[calendar.FILE])
    return Policy(
        hash=bundle,
        city=the_city,
        routing=routing,
        divisions=places,
        agencies=bodies,
        categories=kinds,
        catalogue=rules,
        diversions=diversions.read_diversions(tables[diversions.FILE]),
        answers=gazetteer.in_answers(answers.read_answers(tables[answers.FILE]), faults),
        **_promises(sla),
        urgency=urgency.read_urgency(tables[urgency.FILE]),
        natures=nature.read_nature(tables[nature.FILE]),
        calendar=own_calendar,
        calendars=named_calendars,
        notices=notices.read_notices(tables[notices.FILE], language),
        imports=imports.read_imports(tables[imports.FILE], zone, language),
        open311=open311.read_open311(public, kinds, language),
        hooks=hooks.read_hooks(sources, kinds, zone),
        landmarks=landmarks.read_landmarks(texts.get(landmarks.FILE), places, faults),
        boundaries=boundaries.read_boundaries(texts.get(boundaries.FILE), places, faults),
        areas=areas.read_areas(texts.get(areas.FILE), faults),
        powers=powers.read_powers(texts.get(powers.FILE), faults),
        whistles=whistles.read_whistles(blown, language),
        channels=channels.read_channels(tables[channels.FILE]),
        causes=causes.read_causes(tables[causes.FILE] if causes.FILE in texts else None),
        indexes=build_indexes(places, bodies, kinds, rules),
    )


def _promises(sla: Table) -> dict[str, Any]:
    """Read all of `sla.toml`, by the policy's fields."""
    choices, limits = read_choices(sla)
    return {
        "standards": standards.read_standards(sla),
        "choices": choices,
        "limits": limits,
        "callback": read_callback(sla),
        "escalation": read_escalation(sla),
        "supervision": read_supervision(sla),
        "scoring": read_scoring(sla),
        "relief": read_relief(sla),
    }
