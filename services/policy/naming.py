"""Places by name: rules may say `朝阳区` or `朝阳区/望京街道` where a code is meant."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from services.policy.answers import FILE as ANSWERS
from services.policy.answers import KnowledgeEntry
from services.policy.catalogue import FILE, Rule
from services.policy.divisions import LEVELS, Division

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from services.policy.examples import Example
    from services.policy.faults import FaultLog


class Gazetteer:
    """Division codes by code, name, alias or path of names."""

    def __init__(self, divisions: Mapping[str, Division]) -> None:
        """Index every name once.

        Args:
            divisions: By code.
        """
        self._divisions = divisions
        self._named: dict[str, list[Division]] = {}
        for division in divisions.values():
            for name in {division.name, *division.aliases}:
                self._named.setdefault(name, []).append(division)

    def code(self, written: str) -> str | None:
        """Find the division somebody wrote.

        Args:
            written: A code, a name, or names from wide to narrow joined by `/`.

        Returns:
            A code; None where nothing, or more than one at the widest level, fits.
        """
        if written in self._divisions:
            return written
        *above, name = written.split("/")
        fitting = [d for d in self._named.get(name, []) if self._lies_in(d, above)]
        for level in LEVELS:
            at_level = [division for division in fitting if division.level == level]
            if at_level:
                return at_level[0].code if len(at_level) == 1 else None
        return None

    def _lies_in(self, division: Division, names: list[str]) -> bool:
        wanted = list(names)
        above = division.parent
        for _ in LEVELS:
            parent = self._divisions.get(above or "")
            if parent is None:
                break
            if wanted and wanted[-1] in (parent.name, *parent.aliases):
                wanted.pop()
            above = parent.parent
        return not wanted

    def in_rule(self, rule: Rule, faults: FaultLog) -> Rule:
        """Put codes where a rule and its examples name places.

        Args:
            rule: As read.
            faults: Gets an error at the rule or example for each unknown place.

        Returns:
            The rule with division codes only.
        """
        return replace(
            rule,
            places=self._codes(rule.places, rule.line, faults),
            except_places=self._codes(rule.except_places, rule.line, faults),
            examples=tuple(self._in_example(example, faults) for example in rule.examples),
        )

    def in_answers(
        self, entries: Iterable[KnowledgeEntry], faults: FaultLog
    ) -> tuple[KnowledgeEntry, ...]:
        """Put codes where knowledge entries and their examples name places.

        Args:
            entries: As read.
            faults: Gets an error at the entry or example for each unknown place.

        Returns:
            The entries with division codes only.
        """
        return tuple(self._in_answer(entry, faults) for entry in entries)

    def _in_answer(self, entry: KnowledgeEntry, faults: FaultLog) -> KnowledgeEntry:
        examples = (self._in_example(example, faults, ANSWERS) for example in entry.examples)
        return replace(
            entry,
            places=self._codes(entry.places, entry.line, faults, ANSWERS),
            examples=tuple(examples),
        )

    def _codes(
        self, written: tuple[str, ...], line: int, faults: FaultLog, file: str = FILE
    ) -> tuple[str, ...]:
        return tuple(filter(None, (self._told(text, line, faults, file) for text in written)))

    def _in_example(self, example: Example, faults: FaultLog, file: str = FILE) -> Example:
        district, street = example.district, example.street
        if district is not None:
            district = self._told(district, example.line, faults, file)
        if street is not None:
            name = (
                street if "/" in street or not example.district else f"{example.district}/{street}"
            )
            code = self.code(street) if street in self._divisions else None
            street = code or self._told(name, example.line, faults, file)
        return replace(example, district=district, street=street)

    def _told(self, written: str, line: int, faults: FaultLog, file: str) -> str | None:
        code = self.code(written)
        if code is None:
            faults.error(file, line, f"no place, or more than one, is called {written!r}")
        return code
