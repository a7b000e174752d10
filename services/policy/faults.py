"""What is wrong with a policy, said so that an official can find the line."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

#: An error keeps the policy from being loaded; a warning is only told.
Severity = Literal["error", "warning"]


@dataclass(frozen=True, slots=True, order=True)
class Fault:
    """One thing that is wrong, and where."""

    file: str  #: Name within the bundle, such as `catalogue.toml`.
    line: int  #: Counted from 1; the `[[rules]]` header, the key, or the CSV row.
    message: str
    severity: Severity = "error"

    def __str__(self) -> str:
        """Write it as compilers do, so that editors can jump there."""
        return f"{self.file}:{self.line}: {self.severity}: {self.message}"


class PolicyError(ValueError):
    """A bundle can't be used; `faults` says why, in file and line order."""

    def __init__(self, faults: tuple[Fault, ...]) -> None:
        """Keep every fault; the message shows the first few.

        Args:
            faults: At least one error; warnings may stand among them.
        """
        super().__init__("\n".join(str(fault) for fault in faults[:20]))
        self.faults = faults


@dataclass(slots=True)
class FaultLog:
    """Collects faults while files are read, so that one run names them all."""

    faults: list[Fault] = field(default_factory=list)

    def error(self, file: str, line: int, message: str) -> None:
        """Note something that makes the policy unusable."""
        self.faults.append(Fault(file, line, message, "error"))

    def warning(self, file: str, line: int, message: str) -> None:
        """Note something an official should know, yet that does no harm at once."""
        self.faults.append(Fault(file, line, message, "warning"))

    @property
    def has_errors(self) -> bool:
        """Tell whether anything makes the policy unusable."""
        return any(fault.severity == "error" for fault in self.faults)

    def ordered(self) -> tuple[Fault, ...]:
        """Give every fault once, by file and line."""
        return tuple(sorted(set(self.faults)))
