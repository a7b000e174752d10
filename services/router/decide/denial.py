"""Words of danger that say the danger isn't there: 没有漏电, 谨防触电, "no gas leak".

Only words of urgency and of emergencies are weighed so. For what kind of matter it is, a
denied word still tells: 没有暖气 is about heating. A question is no denial: 有没有漏电 counts.
Where it isn't clear the word counts: rather an ambulance too many.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from services.router.decide.lexicon import Hit

#: Right before a word. Neither 有没有 nor 是不是 denies, nor the 没 of 淹没, nor 消防.
_DENIED = re.compile(
    r"(?:(?:(?<!有)没有|(?<!有)没(?=发生|出现)|并未|从未|并没有|(?<!有)并无|并非|(?<![是要])不是|不存在"
    r"|(?<!会)不会|不再|避免|防止|预防|谨防|严防|(?<!消)防)(?:再次)?(?:发生|出现)?(?:任何)?"
    r"|(?<![a-z])(?:no|not a|never a|without(?: a| any)?|isn't a|prevent(?: a)?) )\Z"
)
#: Before a word that itself begins with 有: 没有人被困, 没有人落水.
_DENIED_HAVING = re.compile(r"(?<![有淹埋沉吞出])没\Z")
_REACH = 12


def meant_words(text: str, hits: Iterable[Hit], words: Collection[str]) -> frozenset[str]:
    """Find the words that stand somewhere in a text without being denied there.

    Args:
        text: In normal form.
        hits: Words found in it.
        words: The words to weigh; others are left out.
    """
    return frozenset(
        hit.word for hit in hits if hit.word in words and not _is_denied(text, hit.start)
    )


def _is_denied(text: str, start: int) -> bool:
    before = text[max(0, start - _REACH) : start]
    if _DENIED.search(before) is not None:
        return True
    return text.startswith("有", start) and _DENIED_HAVING.search(before) is not None
