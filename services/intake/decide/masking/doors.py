"""The door of somebody who asked for secrecy (保密): it would tell the agency who complained."""

from __future__ import annotations

import re

from services.intake.decide.masking.signs import DOOR, Span

_BUILDING = r"(?:[A-Za-z]?[0-9]{1,4}|[A-Za-z])\s?(?:号楼|号院|号|栋|幢|座|楼|门|区)[\s,，]?"
_UNIT = r"(?:[0-9]{1,3}|[A-Za-z])\s?单元[\s,，]?"
_FLOOR = r"[0-9]{1,3}\s?[层楼][\s,，]?"
_ROOM = r"[A-Za-z]?[0-9]{1,5}[A-Za-z]?\s?(?:号?房间|号房|室|房|户|号)?"
_NAMED_ROOM = r"[A-Za-z]?[0-9]{2,5}[A-Za-z]?\s?(?:号?房间|号房|室|房(?![产价租屋贷]))"
_SUM = r"(?![0-9年元米人户路万多月日天点个次平])"
_DOOR = re.compile(
    rf"(?<![0-9A-Za-z])(?:"
    rf"(?:{_BUILDING}){{0,3}}{_UNIT}(?:{_FLOOR})?(?:{_ROOM}{_SUM})?"
    rf"|(?:{_BUILDING}){{0,3}}(?:{_FLOOR})?{_NAMED_ROOM}"
    rf"|[A-Za-z]?[0-9]{{1,4}}(?:号楼|栋|幢|座)[0-9]{{3,4}}{_SUM}"
    rf"|[0-9]{{1,3}}-[0-9]{{1,2}}-(?!(?:19|20)[0-9]{{2}}(?![0-9]))[0-9]{{3,4}}(?![0-9\-])"
    rf")"
    r"|(?<![A-Za-z])(?:apartment|apt|suite|room|flat|unit)\.?\s?#?\s?"
    r"(?:[0-9]{1,5}[A-Za-z]?|[A-Za-z]?[0-9]{1,5}|[A-Za-z])(?![0-9A-Za-z])",
    re.IGNORECASE,
)


def doors_in(plain: str) -> list[Span]:
    """Find exact doors: building with unit or room, a room by itself, an apartment.

    Args:
        plain: A text as `signs.plain` writes it.

    Returns:
        Their spans. A building alone (3号楼) isn't one: the matter may be about it.
    """
    return [Span(*_trimmed(match), DOOR) for match in _DOOR.finditer(plain)]


def _trimmed(match: re.Match[str]) -> tuple[int, int]:
    """Leave the space or comma after a door where it was."""
    return match.start(), match.start() + len(match.group().rstrip(" ,，\n\t"))
