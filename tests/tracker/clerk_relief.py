"""What the clerk does with a request for relief, knowing the limits by heart.

More time: a supervisor grants it, twice an order, five days from the due instant at most. A clock
that stands still: `unreachable` at once, once, for three days at most; `inspection` by any
officer, twice, for thirty. 挂账: a supervisor, for a year.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from tests.tracker.clerk import Card
from tests.tracker.clerk_promise import Job, Pause, Request

EXTENDED_AT_MOST, EXTENDED_TIMES = timedelta(days=5), 2
DEFERRED_AT_MOST = timedelta(days=365)
STILL_AT_MOST = {"unreachable": timedelta(days=3), "inspection": timedelta(days=30)}
STILL_TIMES = {"unreachable": 1, "inspection": 2}


def ask(card: Card, request: Request) -> None:
    """The agency asks."""
    job = card.job
    if not card.is_handled or job is None:
        return
    why = _refusal(job, request)
    if why is not None:
        card.told[f"refused-{why}"] += 1
        return
    card.told["requested"] += 1
    job.requests[request.kind] = request
    if request.reason == "unreachable":
        grant(card, request.number, None)


def _refusal(job: Job, request: Request) -> str | None:
    if job.state == "dispatched":
        return "not-signed"
    if job.is_still:
        return job.state
    if request.kind in job.requests:
        return "open-request"
    return _bad_date(job, request) or _too_much(job, request)


def _bad_date(job: Job, request: Request) -> str | None:
    if request.kind == "pause" and request.reason not in STILL_AT_MOST:
        return "unknown-reason"
    if request.kind != "deferral" and request.asked_at > job.due_at:
        return "too-late"
    if request.until is None:
        return None
    if request.kind == "extension" and request.until <= job.due_at:
        return "not-longer"
    return "past" if request.until <= request.asked_at else None


def _too_much(job: Job, request: Request) -> str | None:
    times = sum(reason == request.reason for reason, _ in job.pauses)
    if request.kind == "pause" and times >= STILL_TIMES[request.reason or ""]:
        return "too-often"
    if request.kind == "extension" and job.extended >= EXTENDED_TIMES:
        return "too-often"
    too_long = request.until is not None and request.until > _at_most(job, request)
    return "too-long" if too_long else None


def _at_most(job: Job, request: Request) -> datetime:
    if request.kind == "extension":
        return job.due_at + EXTENDED_AT_MOST
    if request.kind == "deferral":
        return request.asked_at + DEFERRED_AT_MOST
    return request.asked_at + STILL_AT_MOST[request.reason or ""]


def _find(card: Card, number: UUID) -> tuple[Job, Request] | None:
    job = card.job
    if not card.is_handled or job is None:
        return None
    return next(((job, one) for one in job.requests.values() if one.number == number), None)


def may_decide(request: Request, role: str) -> bool:
    """A pause for an inspection is anybody's, everything else a supervisor's."""
    return role == "supervisor" or request.kind == "pause"


def grant(card: Card, number: UUID, until: datetime | None, role: str = "supervisor") -> None:
    """An officer grants it, perhaps late, perhaps with another date; it must still fit."""
    found = _find(card, number)
    if found is None or not may_decide(found[1], role):
        return
    job, request = found
    until = until or request.until
    if request.kind == "extension":
        _extend(card, job, request, until)
    elif job.state == "signed":
        _stand_still(card, job, request, until or _at_most(job, request))


def _extend(card: Card, job: Job, request: Request, until: datetime | None) -> None:
    assert until is not None
    if until <= max(card.now, job.due_at) or until > _at_most(job, request):
        return
    del job.requests[request.kind]
    job.extended += 1
    job.promise.extensions.append((card.now, until))
    card.told["extended"] += 1
    if job.is_still:
        job.is_late = job.is_late and job.due_at <= card.now
    else:
        card.runs(job)


def _stand_still(card: Card, job: Job, request: Request, until: datetime) -> None:
    """It counts from when it was asked for, however late it is granted."""
    since = max([request.asked_at, *(pause.until for _, pause in job.pauses)])
    if until <= since or until > _at_most(job, request):
        return
    del job.requests[request.kind]
    pause = Pause(since, until)
    job.pauses.append((request.reason or "", pause))
    job.promise.pauses.append(pause)
    job.state = "paused" if request.kind == "pause" else "deferred"
    job.is_late = job.is_late and job.due_at <= card.now
    for clock in ("at-risk", "due"):
        card.diary.pop(clock, None)
    card.diary["resume"] = until
    card.told[job.state] += 1
    if job.state == "deferred":
        card.see_to_it("deferred", 0, job)


def refuse(card: Card, number: UUID, role: str) -> None:
    """An officer says no."""
    found = _find(card, number)
    if found is not None and may_decide(found[1], role):
        del found[0].requests[found[1].kind]
        card.told["refused-officer"] += 1
