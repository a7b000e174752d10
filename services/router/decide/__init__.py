"""The pure core: a complaint and a policy in, a decision and its trace out.

No clock, no I/O, no randomness; the only memory is of policies already prepared.
"""

from services.router.decide.decision import (
    Complaint,
    Decision,
    Diverted,
    Held,
    HeldReason,
    Routed,
    Specificity,
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
    trace_lines,
)
from services.router.decide.explain import Explanation, explain
from services.router.decide.places import WrittenPlace, find_category, find_place
from services.router.decide.record import (
    Decided,
    Origin,
    Outcome,
    Route,
    received,
    returned,
)
from services.router.decide.route import route
from services.router.decide.triage import (
    AlreadyDecided,
    Designation,
    NotReceived,
    Refusal,
    faults_of,
    settle,
)

__all__ = [
    "AlreadyDecided",
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
    "Origin",
    "Outcome",
    "Refusal",
    "Route",
    "Routed",
    "Specificity",
    "Trace",
    "Trial",
    "Verdict",
    "WrittenPlace",
    "broken_example",
    "broken_examples",
    "complaint_of",
    "explain",
    "faults_of",
    "find_category",
    "find_place",
    "outcome_of",
    "received",
    "returned",
    "route",
    "settle",
    "trace_lines",
]
