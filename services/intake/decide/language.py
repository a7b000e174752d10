"""Which language a text is in, by its script and its smallest words. Good enough for a reply."""

from __future__ import annotations

import re

_LATIN = re.compile(r"[A-Za-z\u00c0-\u024f]")
_CHINESE = re.compile(r"[\u4e00-\u9fff]")
_SCRIPTS = (
    ("ja", re.compile(r"[\u3040-\u30ff]")),
    ("ko", re.compile(r"[\uac00-\ud7af]")),
    ("ru", re.compile(r"[\u0400-\u04ff]")),
    ("ar", re.compile(r"[\u0600-\u06ff]")),
)
#: Any of these scripts; nearly no text holds one, so they are counted only then.
_OTHER = re.compile(r"[\u3040-\u30ff\uac00-\ud7af\u0400-\u04ff\u0600-\u06ff]")
_SPANISH = re.compile(r"\b(?:el|la|los|las|que|hay|por|una|calle|está|del)\b|[ñ¿¡]", re.IGNORECASE)

#: Weight of a sign against a Latin letter: it says about as much as a word of four letters.
_SIGN = 4
_SPANISH_WORDS_MIN = 2


def language_of(text: str, default: str) -> str:
    """Guess the language of a text.

    Args:
        text: A person's words; the first 400 characters decide.
        default: The city's language, where a text has no letters.

    Returns:
        Two letters (ISO 639-1).
    """
    text = text[:400]
    if not _LATIN.search(text) and not _OTHER.search(text):
        return "zh" if _CHINESE.search(text) else default
    weights = {"la": len(_LATIN.findall(text)), "zh": _SIGN * len(_CHINESE.findall(text))}
    if _OTHER.search(text):
        for name, pattern in _SCRIPTS:
            weights[name] = _SIGN * len(pattern.findall(text))
        # A shop's name in kana doesn't make a text Japanese; beyond that, its signs are, too.
        is_japanese = weights["ja"] * _SIGN >= weights["zh"]
        weights["ja"] = weights["ja"] + weights["zh"] if is_japanese and weights["ja"] else 0
    best = max(weights, key=lambda name: weights[name])
    if not weights[best]:
        return default
    if best != "la":
        return best
    if len(_SPANISH.findall(text)) >= _SPANISH_WORDS_MIN:
        return "es"
    return default if default not in ("zh", "ja", "ko", "ru", "ar") else "en"
