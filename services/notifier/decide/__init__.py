"""Pure decisions of the notifier: who is told, what an answer means, when to ask again."""

from services.notifier.decide.about import About
from services.notifier.decide.ask import ask
from services.notifier.decide.asking import Asking
from services.notifier.decide.attempt import (
    Answer,
    Decision,
    Delivered,
    Disable,
    GiveUp,
    RetryAt,
    Schedule,
    Trouble,
    judge,
)
from services.notifier.decide.callback import (
    ATTEMPT,
    LAPSE,
    Callback,
    Contact,
    Sending,
)
from services.notifier.decide.callback_steps import (
    after_attempt,
    attempt_due,
    cancel,
    lapse,
    plan,
)
from services.notifier.decide.callback_table import CallbackState
from services.notifier.decide.directory import Directory, Endpoint, SigningKey, audience
from services.notifier.decide.notices import (
    Notice,
    Telling,
    Told,
    after_telling,
    fact_of,
    is_too_late,
    tell,
)
from services.notifier.decide.payload import for_outside
from services.notifier.decide.watch import (
    LEASE,
    Backlog,
    Job,
    Planned,
    Watch,
    watch,
)

__all__ = [
    "ATTEMPT",
    "LAPSE",
    "LEASE",
    "About",
    "Answer",
    "Asking",
    "Backlog",
    "Callback",
    "CallbackState",
    "Contact",
    "Decision",
    "Delivered",
    "Directory",
    "Disable",
    "Endpoint",
    "GiveUp",
    "Job",
    "Notice",
    "Planned",
    "RetryAt",
    "Schedule",
    "Sending",
    "SigningKey",
    "Telling",
    "Told",
    "Trouble",
    "Watch",
    "after_attempt",
    "after_telling",
    "ask",
    "attempt_due",
    "audience",
    "cancel",
    "fact_of",
    "for_outside",
    "is_too_late",
    "judge",
    "lapse",
    "plan",
    "tell",
    "watch",
]
