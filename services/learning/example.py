"""What the model learns from: settled orders, and nothing that their answer was typed into."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Example:
    """One settled order of a city's history."""

    order_id: str
    text: str  #: Without the operator's closing request, which would name the answer.
    label: str  #: The department that handled it, as the records call it.
    group: str  #: What belongs together has one group; a split never parts it.
    unit: str = ""  #: The very office, such as one district's; empty where not told.
    #: Codes of the policy, from the category up; empty where not told.
    categories: tuple[str, ...] = ()
    nature: str = ""  #: A `Nature`; empty where not told.
    date: str = ""  #: ISO date; empty where not told.
    title: str = ""  #: Stands in the text, too; empty where there is none.
