"""What differs between two policies, record by record and not line by line.

Pure. Records are matched by their code, so that moving a rule in its file or sorting a table is
no difference, and a part of policies that is new one day is compared like all others.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, fields, is_dataclass
from datetime import date, time
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Literal

from services.policy import Landmark, Owner

if TYPE_CHECKING:
    from collections.abc import Iterator

    from services.policy import Policy

Kind = Literal["changed", "removed", "added"]

#: In this order: what is new harms least.
_KINDS: tuple[Kind, ...] = ("changed", "removed", "added")

#: What a bundle is called, and look-ups that follow from the rest.
_NOT_CONTENT = {"hash", "indexes"}
#: Where a record stands in its file, and what was made of another field.
_NOT_MEANING = {"line", "file", "parsed"}
#: Words of people; one that happens to be a code isn't meant as one.
_WORDY = {
    *("words", "unless_words", "unless", "text", "aliases", "name", "keywords", "reply"),
    *("answer", "description", "source"),
}
#: What names a record, the first that it has.
_CODES = ("id", "code", "key", "level", "name", "text")


@dataclass(frozen=True, slots=True)
class FieldChange:
    """How one field of a record changed: from one value to another, or by some of several."""

    field: str  #: Such as `lead`, or `services[noise].description[zh]`.
    before: str | None = None  #: None where there was none.
    after: str | None = None
    gone: tuple[str, ...] = ()
    came: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Difference:
    """A record that is new, gone, or another."""

    part: str  #: Field of `Policy`, such as `catalogue`.
    code: str  #: Empty for a part that is one record, such as `city`.
    name: str  #: What people call it; empty where it has no name.
    kind: Kind
    fields: tuple[FieldChange, ...]


def differences(before: Policy, after: Policy) -> tuple[Difference, ...]:
    """Compare two policies.

    Args:
        before: The one that is or was in force.
        after: The other.

    Returns:
        What differs, part by part, then by kind and code; nothing where they say the same.
    """
    names = {**_names(before), **_names(after)}
    found: list[Difference] = []
    for one in fields(before):
        if one.name not in _NOT_CONTENT:
            old = _records(getattr(before, one.name))
            new = _records(getattr(after, one.name))
            found += sorted(_of_part(one.name, old, new, names), key=_rank)
    return tuple(found)


def _rank(one: Difference) -> tuple[int, str]:
    return _KINDS.index(one.kind), one.code


def _of_part(
    part: str, old: Mapping[str, Any], new: Mapping[str, Any], names: Mapping[str, str]
) -> Iterator[Difference]:
    for code in sorted({*old, *new}):
        if code not in old or code not in new:
            record = new.get(code, old.get(code))
            kind: Kind = "added" if code in new else "removed"
            told = tuple(_told(record, names, is_new=kind == "added"))
            yield Difference(part, code, _name_of(record, names), kind, told)
        elif changes := tuple(_changes("", old[code], new[code], names)):
            yield Difference(part, code, _name_of(new[code], names), "changed", changes)


def _names(policy: Policy) -> dict[str, str]:
    """Give the names of codes that stand in other records."""
    known: tuple[Mapping[str, Any], ...] = (
        policy.standards,
        policy.categories,
        policy.divisions,
        policy.agencies,
    )
    return {code: one.name for table in known for code, one in table.items()}


def _name_of(record: object, names: Mapping[str, str]) -> str:
    name = getattr(record, "name", None) or names.get(getattr(record, "category", None) or "")
    return name if isinstance(name, str) else ""


def _records(part: object) -> dict[str, Any]:
    """Give the records of a part by code; a part that is one record has the code ``""``."""
    if part is None:
        return {}
    if isinstance(part, Mapping):
        return {_code(key): record for key, record in part.items()}
    if not isinstance(part, tuple):
        return {"": part}
    found: dict[str, Any] = {}
    for record in part:
        code = _code_of(record)
        while code in found:  # Two of one code, such as a word that shows two natures.
            code += "'"
        found[code] = record
    return found


def _code(key: object) -> str:
    return "/".join(map(str, key)) if isinstance(key, tuple) else str(key)


def _code_of(record: object) -> str:
    code = next((getattr(record, one) for one in _CODES if hasattr(record, one)), record)
    # A landmark speaks for a division; the same name may speak for several.
    return f"{code}@{record.division}" if isinstance(record, Landmark) else str(code)


def _told(record: object, names: Mapping[str, str], *, is_new: bool) -> Iterator[FieldChange]:
    """Say what a record that is new or gone says."""
    if not is_dataclass(record):
        text = _text(record, names)
        yield FieldChange("", after=text) if is_new else FieldChange("", before=text)
        return
    # Code and name say which record it is; they are told beside these.
    code = next((one for one in _CODES if hasattr(record, one)), None)
    for one in fields(record):
        text = _text(getattr(record, one.name), {} if one.name in _WORDY else names)
        if text and one.name not in {*_NOT_MEANING, "name", code}:
            yield FieldChange(one.name, after=text) if is_new else FieldChange(one.name, text)


def _changes(path: str, old: Any, new: Any, names: Mapping[str, str]) -> Iterator[FieldChange]:  # noqa: ANN401 - whatever a policy holds
    if path.rpartition(".")[2].partition("[")[0] in _WORDY:
        names = {}
    if _is_record(old) and type(old) is type(new):
        for one in fields(old):
            if one.name not in _NOT_MEANING:
                inner = f"{path}.{one.name}" if path else one.name
                yield from _changes(inner, getattr(old, one.name), getattr(new, one.name), names)
    elif isinstance(old, Mapping) and isinstance(new, Mapping):
        for key in sorted({*old, *new}, key=_code):
            yield from _changes(f"{path}[{_code(key)}]", old.get(key), new.get(key), names)
    elif _is_several(old) and _is_several(new):
        yield from _changes_of_several(path, old, new, names)
    else:
        yield from _change_of_value(path, _text(old, names), _text(new, names))


def _change_of_value(path: str, before: str, after: str) -> Iterator[FieldChange]:
    if before != after:
        yield FieldChange(path, before or None, after or None)


def _changes_of_several(
    path: str, old: Collection[Any], new: Collection[Any], names: Mapping[str, str]
) -> Iterator[FieldChange]:
    before, after = _texts(old, names), _texts(new, names)
    gone, came = Counter(before) - Counter(after), Counter(after) - Counter(before)
    if gone or came:
        yield FieldChange(path, gone=tuple(gone.elements()), came=tuple(came.elements()))
    elif before != after:
        yield FieldChange(path, ", ".join(before), ", ".join(after))


def _is_record(value: object) -> bool:
    """Tell whether a value has fields of its own; one that can be written in a word hasn't."""
    return is_dataclass(value) and type(value).__str__ is object.__str__


def _is_several(value: object) -> bool:
    return isinstance(value, tuple | list | AbstractSet) and not _is_outline(value)


def _is_outline(value: object) -> bool:
    """Tell whether it is a polygon: numbers in pairs, or deeper."""
    depth = 0
    while isinstance(value, tuple | list) and value:
        value, depth = value[0], depth + 1
    return depth > 1 and isinstance(value, int | float)


def _texts(values: Collection[Any], names: Mapping[str, str]) -> list[str]:
    texts = [_text(value, names) for value in values]
    return sorted(texts) if isinstance(values, AbstractSet) else texts


def _text(value: object, names: Mapping[str, str]) -> str:
    """Write a value for people, with the name behind a code."""
    if _is_record(value):
        return _text_of_record(value, names)
    if isinstance(value, Mapping):
        return ", ".join(f"{_code(key)}: {_text(one, names)}" for key, one in value.items())
    if _is_outline(value):
        return _text_of_outline(value)
    if isinstance(value, tuple | list | AbstractSet):
        return ", ".join(_texts(value, names))
    return _word(value, names)


def _word(value: object, names: Mapping[str, str]) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    text = value.isoformat() if isinstance(value, date | time) else str(value)
    name = names.get(value.code or "" if isinstance(value, Owner) else text)
    return text if name in (None, text) else f"{text} {name}"


def _text_of_record(record: Any, names: Mapping[str, str]) -> str:  # noqa: ANN401 - any dataclass
    if hasattr(record, "written"):
        return str(record.written)
    said = (
        (one.name, _text(getattr(record, one.name), {} if one.name in _WORDY else names))
        for one in fields(record)
        if one.name not in _NOT_MEANING
    )
    return "; ".join(f"{name} {text}" for name, text in said if text)


def _text_of_outline(value: object) -> str:
    mark = sha256(repr(value).encode()).hexdigest()[:8]
    return f"{_corners(value)} corners ({mark})"


def _corners(value: object) -> int:
    if isinstance(value, Sequence) and value and not isinstance(value[0], Sequence):
        return 1
    return sum(map(_corners, value)) if isinstance(value, Sequence) else 0
