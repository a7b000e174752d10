"""The page a citizen answers on: Chinese or English, without script, for every reader.

It holds nothing of the person and as little as possible of the case: whoever finds the link
learns the complaint's number and what the office says it did.
"""

from __future__ import annotations

import hashlib
from base64 import b64encode
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Final
from urllib.parse import urlencode

from fastapi import Response

from services.intake.http.bodies import WISH_MAX

if TYPE_CHECKING:
    from collections.abc import Mapping

    from services.intake.http.words import Language

_STYLE = """
:root{color-scheme:light dark;background:#fff;color:#1a1a1a}
body{font:1.125rem/1.6 system-ui,sans-serif;max-width:38rem;margin:0 auto;padding:1.25rem;
overflow-wrap:anywhere}
h1{font-size:1.5rem;line-height:1.3}
blockquote{margin:0 0 1rem;padding:.25rem 1rem;border-inline-start:.25rem solid #2a6df4}
fieldset{min-inline-size:0;border:1px solid #888;
border-radius:.5rem;margin:0 0 1.25rem;padding:.5rem 1rem}
legend{font-weight:600;padding:0 .35rem}
.choice{display:flex;align-items:center;gap:.75rem;min-height:2.75rem}
input[type=radio]{flex:none;width:1.5rem;height:1.5rem;margin:0}
textarea{box-sizing:border-box;width:100%;font:inherit;padding:.5rem}
button{font:inherit;font-weight:600;min-height:3rem;padding:0 1.75rem;border:0;border-radius:.5rem;
background:#1a56c4;color:#fff}
:focus-visible{outline:.2rem solid #d97706;outline-offset:.15rem}
.open{border-color:#c62828}
[role=alert]{border-inline-start:.25rem solid #c62828;padding:.25rem 1rem}
.other{text-align:end}
a{color:#1a56c4}
@media(prefers-color-scheme:dark){:root{background:#121212;color:#f0f0f0}a{color:#8ab4f8}}
"""

_STYLE_HASH = b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()

HEADERS = {
    "Content-Security-Policy": (
        f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; form-action 'self';"
        " frame-ancestors 'none'; base-uri 'none'"
    ),
    # The address is the key to the answer: it must not travel on or stay in a cache.
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "X-Robots-Tag": "noindex, nofollow",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Vary": "Accept-Language",
}

_WORDS: Mapping[Language, Mapping[str, str]] = {
    "zh": {
        "title": "请评价诉求办理情况",
        "intro": "您的诉求 {number} 已有答复：",
        "intro-bare": "您的诉求 {number} 已有答复。",
        "contacted": "承办单位是否与您联系？",
        "solved": "您的问题是否解决？",
        "satisfaction": "您对办理是否满意？",
        "yes": "是",
        "no": "否",
        "satisfied": "满意",
        "basically": "基本满意",
        "dissatisfied": "不满意",
        "wish": "还有什么想说的（选填，请勿填写个人信息）",
        "send": "提交",
        "missing": "请回答全部三个问题。",
        "too-long": "最后一栏太长：最多 {most} 字。",
        "chosen": "已按您点开的链接选好，点击“提交”后才会记录。",
        "thanks": "谢谢，您的评价已收到",
        "thanks-more": "本次评价只计一次。如未解决，我们会交回承办单位重新办理。",
        "already": "您已评价过，谢谢",
        "already-more": "以第一次评价为准。",
        "over": "评价已结束",
        "over-more": "此链接已过期。如仍有问题，请重新拨打热线。",
        "closed": "评价已结束",
        "closed-more": "此事项其间已办结，不再需要这次评价。如仍有问题，请重新拨打热线。",
        "gone": "页面不存在",
        "gone-more": "请检查链接是否完整。",
        "other": "English",
    },
    "en": {
        "title": "How was your request handled?",
        "intro": "This is the answer to your request {number}:",
        "intro-bare": "Your request {number} has been answered.",
        "contacted": "Did the office contact you?",
        "solved": "Is the problem solved?",
        "satisfaction": "Are you satisfied with how it was handled?",
        "yes": "Yes",
        "no": "No",
        "satisfied": "Satisfied",
        "basically": "More or less satisfied",
        "dissatisfied": "Not satisfied",
        "wish": "Anything else? (optional; please no personal details)",
        "send": "Send",
        "missing": "Please answer all three questions.",
        "too-long": "The last field is too long: {most} characters at the most.",
        "chosen": "What your link says is selected below. Nothing is recorded until you send it.",
        "thanks": "Thank you, your answer has arrived",
        "thanks-more": "It counts once. If it isn't solved, the office must handle it again.",
        "already": "You have answered already, thank you",
        "already-more": "The first answer counts.",
        "over": "It is too late to answer",
        "over-more": "This link has expired. If it isn't solved, please call the hotline.",
        "closed": "It is too late to answer",
        "closed-more": "It was closed meanwhile. If it isn't solved, please call the hotline.",
        "gone": "There is no such page",
        "gone-more": "Please check that the link is complete.",
        "other": "中文",
    },
}

_YES_NO: Final = ("yes", "no")
_HOW: Final = ("satisfied", "basically", "dissatisfied")

#: What a link may preselect: the form's field and its values, by the word in the address.
_FIELDS: Final[dict[str, tuple[str, tuple[str, ...]]]] = {
    "contacted": ("is_contacted", _YES_NO),
    "solved": ("is_solved", _YES_NO),
    "satisfaction": ("satisfaction", _HOW),
}


def preselected(query: Mapping[str, str]) -> dict[str, str]:
    """Take from a link what it says was chosen; a GET records nothing, whatever it says.

    Messages are opened by machines before people see them: only the form's button answers.

    Args:
        query: Of the address.

    Returns:
        Values by the form's fields; what isn't one of the form's values is left out.
    """
    return {
        field: query[word] for word, (field, values) in _FIELDS.items() if query.get(word) in values
    }


@dataclass(frozen=True, slots=True)
class Question:
    """What the page asks about."""

    number: str
    answer: str | None  #: What the office says it did, if known here already.


def form(
    question: Question,
    language: Language,
    chosen: Mapping[str, str] | None = None,
    faults: frozenset[str] = frozenset(),
) -> Response:
    """Show the questions.

    Args:
        question: What is asked about.
        language: Of the page.
        chosen: By field, what a link preselects or a form held that can't be taken.
        faults: Fields of that form that are open or wrong; empty if none was sent.
    """
    chosen = chosen or {}
    words = _WORDS[language]
    intro = words["intro" if question.answer else "intro-bare"].format(number=question.number)
    parts = [f"<p>{escape(intro)}</p>"]
    if question.answer:
        parts.append(f"<blockquote><p>{escape(question.answer)}</p></blockquote>")
    parts += _alerts(words, faults)
    if chosen and not faults:
        parts.append(f"<p>{escape(words['chosen'])}</p>")
    parts.append(f'<form method="post" action="?lang={language}">')
    for word, (field, values) in _FIELDS.items():
        labels = tuple((value, words[value]) for value in values)
        is_open = field in faults
        parts.append(_choices(field, words[word], labels, chosen.get(field), is_open=is_open))
    wish = _wish(chosen.get("wish", ""), is_too_long="wish" in faults)
    parts += [
        f'<p><label for="wish">{escape(words["wish"])}</label>{wish}</p>',
        f"<p><button>{escape(words['send'])}</button></p></form>",
        _other_language(language, chosen),
    ]
    return _page(words["title"], "".join(parts), language, 422 if faults else 200)


def message(what: str, language: Language, status: int = 200) -> Response:
    """Show one sentence: `thanks`, `already`, `over`, `closed` or `gone`."""
    words = _WORDS[language]
    return _page(words[what], f"<p>{escape(words[f'{what}-more'])}</p>", language, status)


def _alerts(words: Mapping[str, str], faults: frozenset[str]) -> list[str]:
    """Say what is wrong with a form; each sentence under the name that the field refers to."""
    said = {}
    if faults - {"wish"}:
        said["missing"] = words["missing"]
    if "wish" in faults:
        said["too-long"] = words["too-long"].format(most=WISH_MAX)
    return [f'<p role="alert" id="{name}">{escape(text)}</p>' for name, text in said.items()]


def _wish(said: str, *, is_too_long: bool) -> str:
    mark = ' class="open" aria-invalid="true" aria-describedby="too-long"' if is_too_long else ""
    field = f'<textarea id="wish" name="wish" rows="3" maxlength="{WISH_MAX}"{mark}>'
    return f"{field}{escape(said)}</textarea>"


def _choices(
    name: str,
    legend: str,
    choices: tuple[tuple[str, str], ...],
    chosen: str | None,
    *,
    is_open: bool,
) -> str:
    boxes = "".join(
        f'<label class="choice"><input type="radio" name="{name}" value="{value}" required'
        f"{' checked' if value == chosen else ''}>{escape(label)}</label>"
        for value, label in choices
    )
    mark = ' class="open" aria-describedby="missing"' if is_open else ""
    return f"<fieldset{mark}><legend>{escape(legend)}</legend>{boxes}</fieldset>"


def _other_language(language: Language, chosen: Mapping[str, str]) -> str:
    """Link the same page in the other language; what was chosen goes along, a wish doesn't."""
    other = "en" if language == "zh" else "zh"
    label = _WORDS[language]["other"]
    kept = {word: chosen[field] for word, (field, _) in _FIELDS.items() if field in chosen}
    query = escape(urlencode({"lang": other, **kept}))
    link = f'<a href="?{query}" lang="{other}" hreflang="{other}">{label}</a>'
    return f'<p class="other">{link}</p>'


def _page(title: str, body: str, language: Language, status: int) -> Response:
    written = (
        f'<!doctype html><html lang="{"zh-CN" if language == "zh" else "en"}"><head>'
        '<meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head>"
        f"<body><main><h1>{escape(title)}</h1>{body}</main></body></html>"
    )
    return Response(
        written, status, {**HEADERS, "Content-Language": language}, media_type="text/html"
    )
