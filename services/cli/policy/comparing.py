"""`whistle policy diff`: what one policy says and the other doesn't."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.text import Text

from services.cli.policy.bundles import find
from services.cli.policy.differences import differences
from services.cli.policy.screen import Json, print_json, screen

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rich.console import Console

    from services.cli.policy.differences import Difference, FieldChange
    from services.policy import Policy

#: Records of one part and kind that are shown to people; `--json` has all.
_SHOWN_MAX = 20
#: Fields of one changed record that are shown to people.
_FIELDS_MAX = 12
#: Characters of one value or record that are shown to people.
_VALUE_MAX = 160

_TITLES = {
    "city": "city 城市",
    "routing": "routing 派单参数",
    "divisions": "divisions 行政区划",
    "agencies": "agencies 承办单位",
    "categories": "categories 问题分类",
    "catalogue": "catalogue 派单目录",
    "diversions": "diversions 分流规则",
    "answers": "answers 知识库答复",
    "powers": "street powers 街道职责清单",
    "areas": "areas 专属区域",
    "standards": "standards 办理标准",
    "urgency": "urgency 紧急用语",
    "natures": "natures 诉求性质用语",
    "choices": "choices 办理标准选用",
    "limits": "limits 法定时限",
    "calendar": "calendar 工作日历",
    "calendars": "calendars 其他工作日历",
    "callback": "call-back 回访规则",
    "escalation": "escalation 升级规则",
    "supervision": "supervision 督办规则",
    "relief": "relief 延期与暂停规则",
    "scoring": "scoring 考评权重",
    "notices": "notices 通知模板",
    "imports": "imports 导入格式",
    "hooks": "hooks 系统对接",
    "landmarks": "landmarks 地标",
    "boundaries": "boundaries 边界",
    "open311": "Open311 公开接口",
    "whistles": "whistles 吹哨规则",
    "causes": "causes 根因",
}
_SIGNS = {"added": ("+", "green"), "removed": ("-", "red"), "changed": ("~", "yellow")}

_Which = "A folder, the hash of a published policy, or `current`."


def diff(
    before: Annotated[str, typer.Argument(metavar="A", help=_Which, show_default=False)],
    after: Annotated[str, typer.Argument(metavar="B", help=_Which, show_default=False)],
    *,
    data: Annotated[Path, typer.Option(help="Data folder of `whistle up`.")] = Path(".data"),
    as_json: Json = False,
) -> None:
    """Say what differs between two policies; exit status 0: nothing, 1: something, 2: trouble.

    Records are compared by their code: where they stand in a file doesn't matter.
    """
    old, new = find(before, data), find(after, data)
    found = differences(old, new)
    if as_json:
        print_json(_as_json(old, new, found))
    else:
        _show(old, new, found)
    raise typer.Exit(1 if found else 0)


def _as_json(old: Policy, new: Policy, found: Sequence[Difference]) -> dict[str, Any]:
    return {
        "before": old.hash,
        "after": new.hash,
        "counts": _counts(found),
        "differences": [asdict(one) for one in found],
    }


def _counts(found: Sequence[Difference]) -> dict[str, dict[str, int]]:
    """Count by part, then by kind; parts without a difference are left out."""
    return {
        part: dict(Counter(one.kind for one in records))
        for part, records in groupby(found, key=lambda one: one.part)
    }


def _show(old: Policy, new: Policy, found: Sequence[Difference]) -> None:
    console = screen()
    title = f"{old.city.name} {old.hash} → {new.city.name} {new.hash}"
    console.print(Text(title, style="bold"), soft_wrap=True)
    if not found:
        console.print("nothing differs")
    counts = _counts(found)
    for part, records in groupby(found, key=lambda one: one.part):
        said = ", ".join(f"{count} {kind}" for kind, count in counts[part].items())
        console.print(Text(f"\n{_TITLES.get(part, part)}: {said}", style="bold"), soft_wrap=True)
        _show_part(console, list(records))


def _show_part(console: Console, records: list[Difference]) -> None:
    for kind, of_kind in groupby(records, key=lambda one: one.kind):
        same = list(of_kind)
        for one in same[:_SHOWN_MAX]:
            _show_record(console, one)
        if len(same) > _SHOWN_MAX:
            rest = f"  and {len(same) - _SHOWN_MAX} more {kind}; --json has all"
            console.print(Text(rest, style="dim"))


def _show_record(console: Console, one: Difference) -> None:
    sign, style = _SIGNS[one.kind]
    name = f"  {one.name}" if one.name and one.name != one.code else ""
    if one.code:
        console.print(Text(f"  {sign} {one.code}{name}", style), soft_wrap=True)
    for line in _lines(one):
        console.print(Text(f"      {line}"), soft_wrap=True)


def _lines(one: Difference) -> Iterator[str]:
    """Write a record that came or went in one line, and one that changed field by field."""
    if one.kind != "changed":
        told = ((change.field, change.after or change.before or "") for change in one.fields)
        if text := "; ".join(f"{name} {value}".strip() for name, value in told):
            yield _short(text)
        return
    for change in one.fields[:_FIELDS_MAX]:
        yield from _lines_of_field(change)
    if len(one.fields) > _FIELDS_MAX:
        yield f"and {len(one.fields) - _FIELDS_MAX} more fields"


def _lines_of_field(change: FieldChange) -> Iterator[str]:
    label = f"{change.field}: " if change.field else ""
    if not change.gone and not change.came:
        before, after = change.before or "(nothing)", change.after or "(nothing)"
        yield f"{label}{_short(before)} → {_short(after)}"
    for sign, values in (("-", change.gone), ("+", change.came)):
        if values:
            yield f"{label}{sign} {_short(', '.join(values))}"


def _short(text: str) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= _VALUE_MAX else f"{flat[: _VALUE_MAX - 1]}…"
