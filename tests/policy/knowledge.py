"""Answers kept as knowledge, for tests of the invented city of Linzhou."""

from __future__ import annotations

from services.policy import Policy, load
from tests.policies import policy_files

#: Reviewed on 1 November 2026 and good until the end of the year.
DAYS = """source = "test"
reviewed = 2026-11-01
valid_until = 2026-12-31"""

ENTRY = """
[[answers]]
id = "{id}"
{conditions}
answer = {{ zh = "{answer}", en = "In English." }}
owner = "city-transport"
{days}
examples = [{{ {example}, expect = "answered" }}]
"""

CARD = """
[[answers]]
id = "bus-card"
words = ["公交卡"]
unless_words = ["公交卡被盗"]
answer = { zh = "请到任一服务点办理公交卡。", en = "At any service point." }
owner = "city-transport"
source = "test"
reviewed = 2026-11-01
valid_until = 2026-12-31
examples = [
  { text = "请问公交卡在哪里办", expect = "answered" },
  { text = "公交卡被盗了怎么办", expect = "not-answered" },
  { text = "公交卡在哪里办", nature = "complaint", expect = "not-answered" },
]
"""


def an_entry(
    conditions: str,
    answer: str = "请看公告。",
    *,
    id: str = "other",  # noqa: A002 - as the file has it
    days: str = DAYS,
    example: str = 'text = "公交卡"',
) -> str:
    """Write an entry."""
    return ENTRY.format(id=id, conditions=conditions, answer=answer, days=days, example=example)


def with_answers(text: str = CARD) -> dict[str, bytes]:
    """The tiny policy's files, with answers."""
    return policy_files() | {"answers.toml": text.encode()}


def knowing(text: str = CARD) -> Policy:
    """The tiny policy, loaded, with answers."""
    return load(with_answers(text))
