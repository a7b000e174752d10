"""What the person wants, where the first words say so; else unknown.

An operator's record opens with it (市民来电投诉…, 关于咨询…的问题). Deep in a text the same
words mean little: "投诉多次无果，希望处理" asks for help. So only the title and the opening
count, and only if they name one nature (接诉即办工作条例 art. 2).
"""

from __future__ import annotations

import re

from services.events import Nature

#: Characters in which an operator's record has said what it is.
_OPENING = 24

_WORDS = {
    "咨询": Nature.CONSULTATION,
    "请问": Nature.CONSULTATION,
    "求助": Nature.HELP,
    "投诉": Nature.COMPLAINT,
    "举报": Nature.REPORT,
    "建议": Nature.SUGGESTION,
    "表扬": Nature.PRAISE,
    "complain": Nature.COMPLAINT,
    "suggest": Nature.SUGGESTION,
}
_FIND = re.compile("|".join(_WORDS))


def nature_of(title: str | None, text: str) -> Nature:
    """Name the nature that title or opening words make evident, else `unknown`."""
    for words in (title or "", text[:_OPENING]):
        found = {_WORDS[word] for word in _FIND.findall(words.lower())}
        if len(found) == 1:
            return found.pop()
    return Nature.UNKNOWN
