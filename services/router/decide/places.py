"""Places and categories as people write them: by code or by name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from services.events import Place

if TYPE_CHECKING:
    from services.policy import Policy


@dataclass(frozen=True, slots=True)
class WrittenPlace:
    """Where a matter is, in codes or names, as somebody wrote it."""

    district: str | None = None
    street: str | None = None
    community: str | None = None


def find_place(written: WrittenPlace, policy: Policy) -> tuple[Place, list[tuple[str, str]]]:
    """Turn what somebody wrote into division codes.

    Args:
        written: Codes, names or aliases; a narrower one is looked for within the wider.
        policy: The gazetteer.

    Returns:
        The place, and (level, message) for each part that isn't clear.
    """
    faults: list[tuple[str, str]] = []
    codes: dict[str, str] = {}
    within: str | None = None
    for level in ("district", "street", "community"):
        text = getattr(written, level)
        if text is None:
            continue
        code = _find(text, level, within, policy)
        if code is None:
            inside = f" in {policy.divisions[within].name}" if within else ""
            faults.append((level, f"no {level}, or more than one, is called {text!r}{inside}"))
            continue
        codes[level] = within = code
    narrowest = codes.get("community") or codes.get("street")
    if narrowest is not None and "district" not in codes:
        codes["district"] = policy.district_of(narrowest) or ""
    return Place(**{level: code for level, code in codes.items() if code}), faults


def _find(text: str, level: str, within: str | None, policy: Policy) -> str | None:
    known = policy.divisions.get(text)
    code = text if known else policy.division_by_name(text, within if level != "district" else None)
    if code is None or policy.divisions[code].level != level:
        return None
    if within is not None and within not in policy.division_chain(code):
        return None
    return code


def find_category(text: str, policy: Policy) -> str | None:
    """Find a category by code, name, or path of names joined by `>`; None if unclear."""
    if text in policy.categories:
        return text
    path = tuple(part.strip() for part in text.split(">"))
    by_path = policy.category_by_path(path)
    if by_path is not None and len(policy.category_chain(by_path)) == len(path):
        return by_path
    named = [category.code for category in policy.categories.values() if category.name == text]
    return named[0] if len(named) == 1 else None
