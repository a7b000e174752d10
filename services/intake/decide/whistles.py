"""A whistle (吹哨报到) at the door: whether its form is right, and what may be told of it.

Only the form is judged here: codes that must exist, times that can't be. Whether the street may
blow is the router's to say, on record.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.events import Coordination, Place, Whistle
from services.intake.decide.commands import Veil
from services.intake.decide.masking import mask
from services.intake.decide.place import LEVELS, UnknownCode, settle_fields

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from services.intake.decide.place import Gazetteer, Level
    from services.policy import Policy, WhistleRules

#: A field of the request, as callers write it, and what is wrong with it.
Fault = tuple[str, str]


def place_of(
    fields: Mapping[Level, str | None], own: str | None, gazetteer: Gazetteer
) -> Place | Fault:
    """Read where it is: codes or names, each of which must mean exactly one division.

    A citizen's complaint is never refused for a name that nobody knows; a street knows its own.
    A community's name alone is looked for in the street that blows: many streets have one like it.

    Args:
        fields: What the request says, by level.
        own: The street's own division.
        gazetteer: The city's.
    """
    if own and gazetteer.has("street", own) and not (fields["district"] or fields["street"]):
        fields = {**fields, "street": own}
    found = settle_fields(gazetteer, fields)
    if isinstance(found, UnknownCode):
        why = "isn't known" if found.reason == "unknown" else "lies elsewhere"
        return f"place.{found.field}", f"{found.value!r} {why}"
    place = Place(district=found.district, street=found.street, community=found.community)
    for level in LEVELS:
        if fields.get(level) and getattr(place, level) is None:
            return f"place.{level}", f"no division, or more than one, is called {fields[level]!r}"
    return place


def faults_of(whistle: Whistle, policy: Policy, rules: WhistleRules, now: datetime) -> list[Fault]:
    """List what is wrong with a whistle's form.

    Args:
        whistle: As the street wrote it.
        policy: The policy in force.
        rules: Its rules of whistles.
        now: What was tried can't have been tried later.
    """
    return [
        *_unknown("kind", (whistle.kind,), rules.kinds),
        *_unknown("category", filter(None, (whistle.category,)), policy.categories),
        *_unknown("wanted", whistle.wanted, policy.agencies),
        *_unknown("wanted_functions", whistle.wanted_functions, _functions(whistle, policy)),
        *_of_coordination(whistle.coordination, policy, now),
        *_of_approvals(whistle, rules),
    ]


def _unknown(field: str, codes: Iterable[str], known: Iterable[str]) -> Iterator[Fault]:
    known = set(known)
    is_list = field.startswith("wanted")
    for number, code in enumerate(codes):
        if code not in known:
            yield f"{field}.{number}" if is_list else field, f"nothing has the code {code!r}"


def _functions(whistle: Whistle, policy: Policy) -> Iterator[str]:
    """Give the functions that a department of the street's district has."""
    street = policy.agencies.get(whistle.raised_by)
    for agency in policy.agencies.values():
        function = agency.function
        if street and function and policy.department_of(function, street.division):
            yield function


def _of_coordination(
    attempts: Sequence[Coordination], policy: Policy, now: datetime
) -> Iterator[Fault]:
    for number, attempt in enumerate(attempts):
        for position, code in enumerate(attempt.agencies):
            if code not in policy.agencies:
                field = f"coordination.{number}.agencies.{position}"
                yield field, f"nothing has the code {code!r}"
        if attempt.tried_at > now:
            yield f"coordination.{number}.tried_at", "lies in the future"


def _of_approvals(whistle: Whistle, rules: WhistleRules) -> Iterator[Fault]:
    ranks = {rank.key for rank in rules.ranks}
    for number, approval in enumerate(whistle.approvals):
        if approval.rank not in ranks:
            yield f"approvals.{number}.rank", f"no rank is called {approval.rank!r}"
        if mask(approval.approver) != approval.approver:
            yield f"approvals.{number}.approver", "looks like somebody's own number: use the post's"


def veiled(whistle: Whistle, veils: Iterable[Veil]) -> Whistle:
    """Mask every word of a whistle: departments that hold no order will read it.

    Args:
        whistle: As the street wrote it.
        veils: Of everybody whose complaint it is linked to; the street may know their names.
    """
    known = tuple(veils)

    def over(text: str | None) -> str | None:
        if text is None:
            return None
        text = Veil().over(text)
        for veil in known:
            text = veil.hide(text)
        return text or None

    return whistle.model_copy(
        update={
            "title": over(whistle.title),
            "text": over(whistle.text) or "",
            "own_duty": over(whistle.own_duty),
            "coordination": tuple(
                attempt.model_copy(update={"result": over(attempt.result) or ""})
                for attempt in whistle.coordination
            ),
        }
    )
