"""`whistle policy notices`: what people would read, and what it costs."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path  # noqa: TC003 - typer reads it
from typing import Annotated

import typer
from rich.panel import Panel
from rich.text import Text

from services.cli.policy.screen import Json, print_json, screen, stop
from services.policy import PolicyError, load
from services.policy.folder import read
from services.policy.notices import NOTICES, fill

#: As wide as a message on a telephone.
_WIDTH = 40

#: Example values, by variable and language; another language gets the English ones.
_EXAMPLES = {
    "number": {"en": "-261124-000123"},
    "link": {"en": "https://12345.example/v1/callbacks/" + "x" * 60},
    "date": {"zh": "11月27日18:00", "en": "2026-11-27 18:00"},
    "agency": {"zh": "某某街道办事处", "en": "Example Street Office"},
    "reason": {"zh": "更换部件到货需要时间", "en": "a spare part has to be ordered"},
    "plan": {"zh": "纳入明年管线改造", "en": "renew the pipes next year"},
    "answer": {"zh": "已更换阀门，供水恢复。", "en": "The valve was replaced, water is back."},
    "reply": {"zh": "周五9时至12时停水检修。", "en": "Water is off on Friday from 9 to 12."},
}
#: GSM 03.38, the basic set and, at two units each, its extension.
_GSM = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡"
    "ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_GSM_LONG = frozenset("^{}\\[~]|€\f")


@dataclass(frozen=True, slots=True)
class Preview:
    """One notice in one language, with example values.

    Attributes:
        notice: Its name.
        language: Two letters.
        text: What a person would read.
        characters: How many it has.
        segments: Of how many SMS it is.
    """

    notice: str
    language: str
    text: str
    characters: int
    segments: int


def notices(
    folder: Annotated[Path, typer.Argument(help="Policy folder.", show_default=False)],
    *,
    notice: Annotated[str | None, typer.Option(help="Only this one.")] = None,
    lang: Annotated[str | None, typer.Option(help="Only this language.")] = None,
    as_json: Json = False,
) -> None:
    """Show what people would read, with example values, and how many SMS it is."""
    if notice is not None and notice not in NOTICES:
        raise stop(f"no notice is called {notice!r}; there are {', '.join(NOTICES)}")
    try:
        policy = load(read(folder))
    except PolicyError as error:
        raise stop("\n".join(str(fault) for fault in error.faults)) from error
    shown = [
        preview(name, language, template, policy.city.number_prefix)
        for (name, language), template in policy.notices.items()
        if notice in {None, name} and lang in {None, language}
    ]
    if as_json:
        print_json({"notices": [asdict(one) for one in shown]})
        return
    console = screen()
    for one in shown:
        size = f"{one.characters} characters, {one.segments} SMS"
        title = f"{one.notice} · {one.language}"
        console.print(Panel(Text(one.text), title=title, subtitle=size, width=_WIDTH))


def preview(name: str, language: str, template: str, prefix: str) -> Preview:
    """Fill a template with example values.

    Args:
        name: Of the notice.
        language: Two letters.
        template: Its text.
        prefix: Of the city's complaint numbers.
    """
    values = {key: said.get(language, said["en"]) for key, said in _EXAMPLES.items()}
    values["number"] = prefix + values["number"]
    text = fill(template, values)
    return Preview(name, language, text, len(text), segments(text))


def segments(text: str) -> int:
    """Count the SMS that a text is sent as (3GPP TS 23.038 and 23.040).

    Args:
        text: Without limits: 160 GSM or 70 other characters are one SMS, in longer ones each
            holds 153 or 67.
    """
    if all(letter in _GSM or letter in _GSM_LONG for letter in text):
        units = len(text) + sum(letter in _GSM_LONG for letter in text)
        alone, each = 160, 153
    else:
        units, alone, each = len(text.encode("utf-16-be")) // 2, 70, 67
    return 1 if units <= alone else -(-units // each)
