"""How alike two texts are, told from short sketches of them.

A sketch is the set of a text's grams (three characters in a row, five where all are ASCII),
each as a 32-bit hash. Digits, punctuation, letter case and the phrases of the trade (市民来电
反映…, please help) leave no grams: they are in everybody's words. Up to 256 hashes are kept,
the smallest: nearly all calls are kept whole, and of a longer text a fair sample.

Likeness is the share of the shorter text that stands in the longer one, for an operator who
writes about a call again copies the old words and adds to them (containment; Broder, "On the
resemblance and containment of documents", 1997). What is short and not the same counts less:
two words are easily found anywhere.

A sketch is no secret: who has it can test a guess of the words. It is made of masked words.
"""

from __future__ import annotations

import re
import struct
import zlib
from dataclasses import dataclass
from functools import lru_cache
from heapq import nsmallest

#: Hashes kept; a text of about 260 characters is kept whole.
KEPT_MAX = 256

#: Characters looked at: bounds the work on a long letter (1 ms); old words come first.
CHARACTERS_MAX = 3_000

#: So many grams are missing from every text that isn't the same as the other.
_SHORTNESS = 4

_NOISE = re.compile(r"[\W\d_]+")
_GRAM, _ASCII_GRAM = 3, 5

#: Phrases that say nothing about the matter, in an operator's or a citizen's words.
_PHRASES = """
市民来电反映 市民再次来电反映 市民来电咨询 市民来电投诉 市民来电求助 市民微信反映 市民公众号反映
群众来电反映 来电人反映 故来电投诉 故来电反映 故来电咨询 故来电要求 现来电反映 其表示 市民表示
希望相关部门 希望有关部门 请相关部门 请有关部门 相关部门核实处理 尽快核实处理 希望尽快处理
希望尽快解决 希望得到处理 给予答复 予以回复 回复市民 影响市民生活 影响居民生活 多次反映
多次投诉 未得到解决
一直没有解决 至今没有处理 该问题 的问题 关于反映 关于投诉 关于咨询 工单编号 工单号 您好 你好 谢谢
"""
_ENGLISH_PHRASES = (
    "i would like to report",
    "i want to report",
    "i am calling about",
    "i am writing about",
    "please help",
    "please fix this",
    "please send someone",
    "as soon as possible",
    "thank you very much",
)


@dataclass(frozen=True, slots=True)
class Sketch:
    """The grams of a text, or a fair sample of them."""

    size: int  #: How many different grams the text has.
    hashes: frozenset[int]  #: The smallest of them, `KEPT_MAX` at the most.

    @property
    def is_whole(self) -> bool:
        """Tell whether no gram was left out."""
        return len(self.hashes) == self.size


NOTHING = Sketch(0, frozenset())


def sketch(text: str) -> Sketch:
    """Sketch a text; one of 100 characters takes about 30 microseconds."""
    found = _grams(text) - _IDLE
    kept = found if len(found) <= KEPT_MAX else nsmallest(KEPT_MAX, found)
    return Sketch(len(found), frozenset(kept))


def _grams(text: str) -> set[int]:
    plain = _NOISE.sub("", text[:CHARACTERS_MAX]).casefold()
    width = 2 * (_ASCII_GRAM if plain.isascii() else _GRAM)
    # Two bytes a character, so that a gram is a slice. A lone surrogate is just another one.
    coded = plain.encode("utf-16-le", "surrogatepass")
    crc32 = zlib.crc32  # The same in every process and version, unlike `hash`.
    starts = range(0, len(coded) - width + 1, 2)
    grams = map(slice, starts, range(width, len(coded) + 1, 2))
    return set(map(crc32, map(coded.__getitem__, grams)))


_IDLE = frozenset[int]().union(*map(_grams, (*re.findall(r"\S+", _PHRASES), *_ENGLISH_PHRASES)))


def likeness(one: Sketch, other: Sketch) -> float:
    """Tell how alike two texts are.

    Returns:
        1 for the same grams, 0 for none in common; in any order of the two the same.
    """
    small, large = (one, other) if one.size <= other.size else (other, one)
    common = len(small.hashes & large.hashes)
    if not common:
        return 0.0
    share = common / _seen(small, large)
    union = small.size + large.size - share * small.size
    resemblance = min(1.0, share * small.size / union)
    return share * small.size / (small.size + _SHORTNESS * (1 - resemblance))


def covered(new: Sketch, old: Sketch) -> float:
    """Tell what share of `new` stands in `old`: 1 if it says nothing that `old` doesn't."""
    if not new.size:
        return 1.0
    common = len(new.hashes & old.hashes)
    return common / _seen(new, old) if common else 0.0


def _seen(one: Sketch, other: Sketch) -> int:
    """Count the grams of `one` that would show in `other` if they were there."""
    if other.is_whole:
        return len(one.hashes)
    top = max(other.hashes)
    return sum(value <= top for value in one.hashes)


def pack(made: Sketch) -> bytes:
    """Write a sketch for the database: 2 bytes, and 4 for each hash."""
    return struct.pack(f"<H{len(made.hashes)}I", made.size, *made.hashes)


@lru_cache(maxsize=4096)
def unpack(packed: bytes) -> Sketch:
    """Read what `pack` wrote; remembered, for in a surge the same ones are compared often."""
    size, *hashes = struct.unpack(f"<H{len(packed) // 4}I", packed)
    return Sketch(size, frozenset(hashes))
