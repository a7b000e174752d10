"""A complaint's status in a citizen's words, Chinese or English."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from services.intake.decide.view import Status

if TYPE_CHECKING:
    from collections.abc import Mapping

    from services.intake.adapters.views import PublicStatus
    from services.policy import Agency

Language = Literal["zh", "en"]

STATUS_WORDS: dict[Status, tuple[str, str]] = {
    Status.RECEIVED: ("已受理", "Received"),
    Status.BEING_ASSESSED: ("正在确定承办单位", "Being assessed: which office must handle it"),
    Status.DISPATCHED: ("已派单", "Passed on to the office in charge"),
    Status.IN_PROGRESS: ("办理中", "Being handled"),
    Status.ANSWERED: ("已答复，等待您评价", "Answered; we will ask you whether it is solved"),
    Status.SETTLED: ("已直接答复，如未解决可继续补充", "Answered; tell us if that isn't enough"),
    Status.REOPENED: ("重新办理", "Being handled again"),
    Status.CLOSED: ("已办结", "Closed"),
    Status.DIVERTED: ("已告知其他途径", "Another way applies; you have been told which"),
    Status.WITHDRAWN: ("已撤回", "Withdrawn"),
}

#: What happened, by the code of a moment; `{agency}` is the office's name.
MOMENT_WORDS: dict[str, tuple[str, str]] = {
    "received": ("诉求已受理", "Received"),
    "being-assessed": ("正在确定承办单位", "It is being decided which office must handle it"),
    "opened": ("已立案", "A case was opened"),
    "diverted": ("已告知其他途径", "Another way applies"),
    "dispatched": ("已派单至{agency}", "Passed on to {agency}"),
    "assisting": ("{agency}协办", "{agency} assists"),
    "signed": ("{agency}已签收", "{agency} has taken it on"),
    "returned": ("{agency}退回，将另行派单", "{agency} has returned it; another will be chosen"),
    "extended": ("{agency}办理时限已依法延长", "{agency} has been given more time"),
    "recomputed": ("{agency}办理时限已重新计算", "the time {agency} has was counted anew"),
    "paused": ("{agency}办理计时暂停", "{agency} has to wait; the time stands still"),
    "continued": ("{agency}办理计时恢复", "{agency} goes on; the time runs again"),
    "deferred": (
        "{agency}暂时无法解决，已制定计划并督办",
        "{agency} can't solve it yet; it is put off to a date, and supervised",
    ),
    "late-sign": ("{agency}签收超时", "{agency} is late in taking it on"),
    "late-contact": ("{agency}联系诉求人超时", "{agency} is late in contacting you"),
    "late-handle": ("{agency}办理超时", "{agency} is late in handling it"),
    "escalated": ("已提级督办至{agency}", "Raised to {agency}"),
    "merged": (
        "与同类诉求合并办理，办结后仍会单独回访您",
        "Handled together with a like matter; you will still be asked yourself",
    ),
    "answered": ("{agency}已答复", "{agency} has answered"),
    "asked-back": ("已收到您的评价", "Your verdict has arrived"),
    "reopened": ("重新办理", "It is handled again"),
    "supplemented": ("已补充情况", "Facts were added"),
    "urged": ("已催办", "The office was urged"),
    "withdrawn": ("已撤回", "Withdrawn"),
    "closed-confirmed": ("经您确认办结", "Closed, as you confirmed"),
    "closed-unconfirmed": ("办结，未收到评价", "Closed without a verdict"),
    "closed-unsatisfied": ("办结，您未满意", "Closed, though you were not content"),
    "closed-withdrawn": ("因撤回办结", "Closed, as you withdrew it"),
    "closed-diverted": ("已告知其他途径，办结", "Closed; another way applies"),
    "closed-answered": ("已直接答复", "Answered"),
}


def language_for(asked: str | None, accepted: str | None, city: str) -> Language:
    """Choose Chinese or English: what the address asks for, what the browser prefers, the city's.

    Args:
        asked: `lang` of the address.
        accepted: The header `Accept-Language`.
        city: The language of the policy's city.
    """
    for part in (asked or "", *(accepted or "").split(",")):
        match part.strip().lower()[:2]:
            case "zh":
                return "zh"
            case "en":
                return "en"
    return "zh" if city == "zh" else "en"


def in_words(
    found: PublicStatus, agencies: Mapping[str, Agency], language: Language
) -> dict[str, Any]:
    """Write a public status; nothing of what was said, by whom, or where."""
    index = 0 if language == "zh" else 1
    moments = [{"at": found.accepted_at.isoformat(), "what": "received"}, *found.timeline]
    return {
        "complaint_id": str(found.complaint_id),
        "number": found.number,
        "status": found.status.value,
        "status_text": STATUS_WORDS[found.status][index],
        "expected_at": found.expected_at.isoformat() if found.expected_at else None,
        "urged": sum(moment["what"] == "urged" for moment in moments),
        "reply": _reply(found),
        "timeline": [_moment(moment, agencies, index) for moment in moments],
    }


def _reply(found: PublicStatus) -> str | None:
    """Give what the citizen was told where no order is due."""
    if found.status not in (Status.SETTLED, Status.DIVERTED):
        return None
    return next((one["reply"] for one in reversed(found.timeline) if "reply" in one), None)


def _moment(moment: dict[str, str], agencies: Mapping[str, Agency], index: int) -> dict[str, Any]:
    code = moment.get("agency", "")
    name = agencies[code].name if code in agencies else code
    words = MOMENT_WORDS.get(moment["what"], (moment["what"],) * 2)[index]
    return {
        "at": moment["at"],
        "what": moment["what"],
        "agency": name or None,
        "reply": moment.get("reply"),
        "text": words.format(agency=name),
    }
