"""Why a command was not carried out, as a problem: one table.

Apps show the details to citizens as they are, so each is in Chinese and in English.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.runtime.problems import Problem

if TYPE_CHECKING:
    from uuid import UUID

    from services.intake.decide.commands import Rejected

_PROBLEMS = {
    "no-such-complaint": (404, "没有这个编号的诉求。No complaint has this id."),
    "withdrawn": (409, "诉求已撤回，请重新提交。The complaint was withdrawn; hand in a new one."),
    "closed": (409, "诉求已办结，新情况请重新提交。The complaint is closed; hand in a new one."),
    "diverted": (
        409,
        "诉求已告知其他途径，新情况请重新提交。Another way applies, see its status.",
    ),
    "no-such-callback": (404, "没有这次回访。No call-back has this id."),
    "already-answered": (
        409,
        "已评价过，以首次评价为准。This was answered before; the first answer counts.",
    ),
    "over": (410, "评价时间已过。It is too late to answer."),
}


def rejected(why: Rejected) -> Problem:
    """Give the problem that tells a caller why."""
    status, detail = _PROBLEMS[why.code]
    return Problem(status, why.code, detail)


def repeats(first: UUID) -> Problem:
    """Say that a complaint repeats another of the same person, to which more belongs."""
    return Problem(
        409,
        "repeat",
        "这件诉求与此前的诉求重复，请在前一件上补充或催办。"
        "This complaint repeats an earlier one: add to that, or urge it.",
        repeat_of=str(first),
    )
