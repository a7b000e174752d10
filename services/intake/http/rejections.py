"""Why a command was not carried out, as a problem: one table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.runtime.problems import Problem

if TYPE_CHECKING:
    from services.intake.decide.commands import Rejected

_PROBLEMS = {
    "no-such-complaint": (404, "No complaint has this id."),
    "withdrawn": (409, "The complaint was withdrawn; hand in a new one."),
    "closed": (409, "The complaint is closed; hand in a new one."),
    "no-such-callback": (404, "No call-back has this id."),
    "already-answered": (409, "This was answered before; the first answer counts."),
    "over": (410, "It is too late to answer."),
}


def rejected(why: Rejected) -> Problem:
    """Give the problem that tells a caller why."""
    status, detail = _PROBLEMS[why.code]
    return Problem(status, why.code, detail)
