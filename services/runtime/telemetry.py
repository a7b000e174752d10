"""Every metric by name, and how logs are written. Ids never become labels."""

from __future__ import annotations

import logging
import sys
from typing import Any

import structlog
from prometheus_client import Counter, Gauge, Histogram

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60, 600)

CONSUMED = Counter("whistle_events_consumed", "Events read.", ["topic"])
EMITTED = Counter("whistle_events_emitted", "Facts made durable.", ["type"])
PUBLISHED = Counter("whistle_events_published", "Records acknowledged by the broker.", ["topic"])
DUPLICATES = Counter("whistle_events_duplicate", "Events known already and dropped.", ["topic"])
IGNORED = Counter("whistle_events_ignored", "Events that changed nothing.", ["reason"])
PARKED = Counter("whistle_events_parked", "Events set aside until their turn.", ["reason"])
DEAD_LETTERS = Counter("whistle_dead_letters", "Events given up.", ["topic", "code"])
BATCH_SECONDS = Histogram("whistle_batch_seconds", "One batch's transaction.", buckets=_SECONDS)
BATCH_EVENTS = Histogram(
    "whistle_batch_events", "Events in a batch.", buckets=(1, 2, 5, 10, 20, 50, 100, 200, 500)
)
LAG_SECONDS = Gauge("whistle_lag_seconds", "Age of the newest event applied.", ["topic"])
RETRIES = Counter("whistle_batch_retries", "Batches tried again.", ["code"])
OUTBOX_WAITING = Gauge("whistle_outbox_waiting", "Facts durable but not yet told by this process.")
OUTBOX_SWEPT = Counter("whistle_outbox_swept", "Facts a crash or outage had left behind.")
TIMER_LATENESS = Histogram("whistle_timer_lateness_seconds", "Firing minus due.", buckets=_SECONDS)
TIMERS_FIRED = Counter("whistle_timers_fired", "Deadlines fired.", ["kind"])
HOOK_CALLS = Counter("whistle_hook_calls", "City systems' calls.", ["source", "outcome"])
MODEL_IN_USE = Gauge("whistle_model_in_use", "1 while a learned model fits the policy in force.")
UNREAD = Gauge("whistle_unread", "Requests that are durable and wait to be understood.")
HOOK_CALLS_PARKED = Gauge("whistle_hook_calls_parked", "Calls that wait for somebody's repair.")
ATTACHMENTS = Counter(
    "whistle_attachments", "Attempts to fetch an attachment: stored, refused, later.", ["outcome"]
)
FIRST_DISPATCHES = Counter(
    "whistle_first_dispatches", "Complaints given to an agency at first.", ["decided_by", "kind"]
)
FIRST_DISPATCHES_FALLEN = Counter(
    "whistle_first_dispatches_fallen",
    "Of these, returned or given to another agency since.",
    ["decided_by", "kind", "how"],
)
WHISTLES = Counter(
    "whistle_whistles", "Judged: routed, or the precondition that failed.", ["kind", "outcome"]
)
HOOK_FILTER_ERRORS = Counter(
    "whistle_hook_filter_errors", "Filters of endpoints that raised, so that nobody was told."
)
HTTP_SECONDS = Histogram(
    "whistle_http_seconds", "One request.", ["method", "path", "status"], buckets=_SECONDS
)


def configure_logs(service: str, level: str = "info") -> None:
    """Write JSON lines to standard error, each with the service's name."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, level.upper())),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    structlog.contextvars.bind_contextvars(service=service)
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING)


def get_logger() -> Any:  # noqa: ANN401 - structlog's bound loggers have no static type
    """Give the logger; bind ids as keyword arguments, never text of a complaint."""
    return structlog.get_logger()
