"""Answers to a service's questions, judged by its definition (GeoReport v2, `attribute`)."""

from __future__ import annotations

import math
import re
from datetime import datetime
from typing import TYPE_CHECKING

from services.events import Attribute
from services.intake.decide.open311_faults import Wrong
from services.policy.open311_services import LISTED, Datatype

if TYPE_CHECKING:
    from collections.abc import Sequence

    from services.intake.decide.open311_faults import Fields
    from services.policy.open311_services import AttributeRule

_NAMED = re.compile(r"attribute\[([^\[\]]+)\](?:\[\d*\])?")

#: Characters of one written answer.
_LONGEST = {Datatype.TEXT: 4_000}
_LINE_MAX = 500


def read_attributes(
    fields: Fields, asked: Sequence[AttributeRule], wrong: list[Wrong]
) -> tuple[Attribute, ...]:
    """Read the answers `attribute[code]` and `attribute[code][]`.

    Args:
        fields: The form.
        asked: The service's questions.
        wrong: Gets everything that is wrong.

    Returns:
        What was answered, in the order of the questions.
    """
    said: dict[str, list[str]] = {}
    for name, values in fields.items():
        if named := _NAMED.fullmatch(name):
            said.setdefault(named[1], []).extend(v.strip() for v in values if v.strip())
    answers = []
    for rule in asked:
        values = tuple(dict.fromkeys(said.get(rule.code, ())))
        fault = _fault(rule, values)
        if fault:
            wrong.append(Wrong(f"attribute[{rule.code}]: {fault}"))
        elif values and rule.is_question:
            answers.append(Attribute(code=rule.code, values=values))
    return tuple(answers)


def _fault(rule: AttributeRule, values: tuple[str, ...]) -> str | None:
    if not values:
        return "is missing" if rule.is_required else None
    if len(values) > 1 and rule.datatype is not Datatype.MULTIPLE:
        return "takes one value"
    if rule.datatype in LISTED:
        known = {choice.key for choice in rule.choices}
        unknown = [value for value in values if value not in known]
        return f"has no value {unknown[0][:50]!r}" if unknown else None
    return _writing_fault(rule.datatype, values[0])


def _writing_fault(datatype: Datatype, value: str) -> str | None:
    longest = _LONGEST.get(datatype, _LINE_MAX)
    if len(value) > longest:
        return f"{longest} characters at the most"
    if datatype is Datatype.NUMBER and not _is_number(value):
        return "must be a number"
    if datatype is Datatype.DATETIME and not _is_instant(value):
        return "must be a date and time such as 2026-01-31T08:00:00+08:00"
    if datatype is Datatype.STRING and len(value.splitlines()) > 1:
        return "must be one line"
    return None


def _is_number(value: str) -> bool:
    try:
        return math.isfinite(float(value))
    except ValueError:
        return False


def _is_instant(value: str) -> bool:
    try:
        datetime.fromisoformat(value)
    except ValueError:
        return False
    return True
