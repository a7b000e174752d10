"""How a what-if is told: to people, and to programs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from rich.table import Table
from rich.text import Text

from services.cli.policy.rerouting import rule_of, said
from services.cli.policy.screen import wide_screen

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from rich.console import Console

    from services.cli.policy.rerouting import Instance, Replay
    from services.policy import Policy
    from services.router.decide import Decision

#: Rows of a table that people are shown; `--json` has all.
_ROWS_MAX = 15
_EXAMPLES_MAX = 10
#: Characters of a complaint's masked words.
_WORDS_MAX = 60


def as_json(
    replay: Replay,
    policy: Policy,
    span: tuple[datetime, datetime],
    unreadable: Mapping[str, int],
) -> dict[str, Any]:
    """Give a what-if to programs, with an example or two of every move."""
    return {
        "policy": policy.hash,
        "from": span[0],
        "to": span[1],
        "complaints": replay.complaints,
        "changed": replay.changed,
        "changed_share": replay.changed / replay.complaints if replay.complaints else None,
        "otherwise": replay.otherwise,
        "mended": replay.mended,
        "undone": replay.undone,
        "moved_since": replay.moved_since,
        "differs_from_record": dict(replay.differs_from_record),
        "left_out": dict(unreadable),
        **_tables(replay, policy),
    }


def _tables(replay: Replay, policy: Policy) -> dict[str, list[dict[str, Any]]]:
    return {
        "by_agency": [
            {"outcome": one, "name": _agency_name(one, policy), "loses": loses, "gets": gets}
            for one, loses, gets in _agencies(replay)
        ],
        "by_category": [
            {
                "category": code,
                "name": _category_name(code, policy),
                "changed": changed,
                "complaints": replay.by_category[code],
            }
            for code, changed in replay.changed_by_category.most_common()
        ],
        "moves": [
            {
                "before": move.before,
                "after": move.after,
                "complaints": count,
                "examples": [_example(one) for one in replay.examples.get(move, ())],
            }
            for move, count in replay.moves.most_common()
        ],
    }


def _example(one: Instance) -> dict[str, Any]:
    return {
        "complaint_id": one.past.complaint_id,
        "number": one.past.matter.number,
        "decided_at": one.past.decided_at,
        "text": one.past.matter.text,
        "before": _told(one.before),
        "after": _told(one.after),
        "lead_now": one.past.lead_now,
    }


def _told(decision: Decision) -> dict[str, Any]:
    return {
        "outcome": said(decision),
        "rule": rule_of(decision),
        "category": decision.category,
        "because": decision.explanation,
    }


def show(
    replay: Replay,
    policy: Policy,
    span: tuple[datetime, datetime],
    unreadable: Mapping[str, int],
) -> None:
    """Show a what-if to people: the sums, by agency, by category, and examples."""
    console = wide_screen()
    zone = ZoneInfo(policy.city.time_zone)
    times = " to ".join(f"{one.astimezone(zone):%Y-%m-%d %H:%M}" for one in span)
    title = f"{policy.city.name} {policy.hash}, {times}"
    console.print(Text(title, style="bold"))
    sums = Table.grid(padding=(0, 2))
    for count, meaning in _sums(replay, unreadable):
        sums.add_row(Text(f"{count:>9,}", style="bold"), Text(meaning))
    console.print(sums)
    if replay.changed:
        _show_agencies(console, replay, policy)
        _show_categories(console, replay, policy)
        _show_examples(console, replay, policy)


def _sums(replay: Replay, unreadable: Mapping[str, int]) -> Iterable[tuple[int, str]]:
    share = f" ({replay.changed / replay.complaints:.1%})" if replay.complaints else ""
    yield replay.complaints, "complaints were routed again"
    yield replay.changed, f"would go elsewhere{share}"
    if replay.changed:
        yield replay.mended, "of these would go at once where they ended up"
        yield replay.undone, "of these would leave an agency that kept them"
    yield replay.otherwise, "more stay, with other assists, copies, score, standard or category"
    yield replay.moved_since, "have been moved since by a return or a person, whichever policy"
    for decider, count in replay.differs_from_record.items():
        yield count, f"are on record otherwise than these rules decide now (by {decider})"
    for why, count in unreadable.items():
        yield count, f"left out: {why}"


def _show_agencies(console: Console, replay: Replay, policy: Policy) -> None:
    table = Table("by agency", title_justify="left", box=None, padding=(0, 2, 0, 0))
    for name in ("loses", "gets", "net"):
        table.add_column(name, justify="right")
    rows = _agencies(replay)
    for one, loses, gets in rows[:_ROWS_MAX]:
        table.add_row(Text(_outcome(one, policy)), str(loses), str(gets), f"{gets - loses:+}")
    console.print()
    console.print(table, *_more(len(rows)))


def _show_categories(console: Console, replay: Replay, policy: Policy) -> None:
    table = Table("by category", box=None, padding=(0, 2, 0, 0))
    for name in ("would change", "of"):
        table.add_column(name, justify="right")
    rows = replay.changed_by_category.most_common()
    for code, changed in rows[:_ROWS_MAX]:
        table.add_row(Text(_category(code, policy)), str(changed), str(replay.by_category[code]))
    console.print()
    console.print(table, *_more(len(rows)))


def _show_examples(console: Console, replay: Replay, policy: Policy) -> None:
    moves = replay.moves.most_common()
    console.print()
    console.print(Text("examples", style="bold"))
    for move, count in moves[:_EXAMPLES_MAX]:
        before, after = _outcome(move.before, policy), _outcome(move.after, policy)
        console.print(Text(f"{count:>7,}  {before} → {after}"))
        for one in replay.examples.get(move, ())[:1]:
            words = " ".join(one.past.matter.text.split())
            cut = words if len(words) <= _WORDS_MAX else f"{words[: _WORDS_MAX - 1]}…"
            console.print(Text(f"         {one.past.matter.number}  {cut}", style="dim"))
            for sign, decision in (("-", one.before), ("+", one.after)):
                line = f"         {sign} {rule_of(decision) or 'no rule'}: {decision.explanation}"
                console.print(Text(line, style="red" if sign == "-" else "green"))
    for rest in _more(len(moves), _EXAMPLES_MAX):
        console.print(rest)


def _agencies(replay: Replay) -> list[tuple[str, int, int]]:
    """Give outcomes with how many they would lose and get, the most concerned first."""
    rows = [(one, loses, gets) for one, (loses, gets) in replay.agencies.items()]
    return sorted(rows, key=lambda row: (-row[1] - row[2], row[0]))


def _more(count: int, shown: int = _ROWS_MAX) -> list[Text]:
    return [Text(f"and {count - shown} more; --json has all", "dim")] if count > shown else []


def _outcome(outcome: str, policy: Policy) -> str:
    return f"{_agency_name(outcome, policy)} {outcome}".strip()


def _category(code: str, policy: Policy) -> str:
    return f"{_category_name(code, policy)} {code}".strip() or "(no category)"


def _agency_name(code: str, policy: Policy) -> str:
    """Name an agency; other outcomes have no name but their code."""
    return policy.agencies[code].name if code in policy.agencies else ""


def _category_name(code: str, policy: Policy) -> str:
    return policy.categories[code].name if code in policy.categories else ""
