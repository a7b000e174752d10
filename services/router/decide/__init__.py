"""The pure core: a complaint and a policy in, a decision and its trace out.

No clock, no I/O, no randomness; the only memory is of policies already prepared.
"""

from services.router.decide.decision import (
    Answered,
    Complaint,
    Decision,
    Diverted,
    Held,
    HeldReason,
    Routed,
    Trace,
    Trial,
    Verdict,
)
from services.router.decide.examples import (
    BrokenExample,
    broken_example,
    broken_examples,
    complaint_of,
    outcome_of,
    outcome_on_record,
    trace_lines,
)
from services.router.decide.explain import Explanation, explain
from services.router.decide.places import WrittenPlace, find_category, find_place
from services.router.decide.record import (
    Decided,
    Origin,
    Outcome,
    Route,
    closed,
    received,
    returned,
)
from services.router.decide.route import route
from services.router.decide.supplemented import supplemented
from services.router.decide.triage import (
    AlreadyDecided,
    Answer,
    Designation,
    NotReceived,
    OrderDue,
    Refusal,
    faults_of,
    settle,
    unknown_entry,
)

__all__ = [
    "AlreadyDecided",
    "Answer",
    "Answered",
    "BrokenExample",
    "Complaint",
    "Decided",
    "Decision",
    "Designation",
    "Diverted",
    "Explanation",
    "Held",
    "HeldReason",
    "NotReceived",
    "OrderDue",
    "Origin",
    "Outcome",
    "Refusal",
    "Route",
    "Routed",
    "Trace",
    "Trial",
    "Verdict",
    "WrittenPlace",
    "broken_example",
    "broken_examples",
    "closed",
    "complaint_of",
    "explain",
    "faults_of",
    "find_category",
    "find_place",
    "outcome_of",
    "outcome_on_record",
    "received",
    "returned",
    "route",
    "settle",
    "supplemented",
    "trace_lines",
    "unknown_entry",
]
