"""Named places where a test can kill the process, to prove what survives.

`WHISTLE_FAILPOINT=name` dies at the first hit, `name:n` at the n-th. The process is killed
with SIGKILL, so nothing is cleaned up: the same as a power cut or the kernel's memory killer.
"""

from __future__ import annotations

import os
import signal
from typing import Literal, get_args

Failpoint = Literal[
    "before_transaction",  #: Intake has read requests and begun nothing.
    "before_commit",  #: The batch is decided, nothing is durable.
    "after_commit_before_publish",  #: Durable, told to nobody.
    "after_publish_before_mark_sent",  #: Told, but the outbox still holds it.
    "after_commit_before_kafka_commit",  #: PostgreSQL knows the offset, Kafka doesn't.
    "after_timer_commit",  #: A deadline fired, its fact is not yet told.
    "after_accept_before_answer",  #: Intake has stored a complaint, the caller doesn't know.
    "midway_through_answers",  #: Some callers of one transaction know, others don't.
    "after_sweep_before_delete",  #: What a crash left behind is told, its rows are still there.
    "after_delivery_commit_before_send",  #: A delivery is planned, no request was made.
    "after_http_200_before_row_update",  #: The receiver has it, our row doesn't say so.
    "after_notice_sent_before_record",  #: A person was told, our row doesn't say so.
]

FAILPOINTS: tuple[str, ...] = get_args(Failpoint)


def _armed() -> tuple[str | None, int]:
    name, _, count = os.environ.get("WHISTLE_FAILPOINT", "").partition(":")
    return (name or None), int(count or 1)


_name, _hits_left = _armed()


def hit(name: Failpoint) -> None:
    """Die here if this failpoint is armed and its turn has come."""
    global _hits_left  # noqa: PLW0603 - one counter a process is the point
    if name != _name:
        return
    _hits_left -= 1
    if _hits_left == 0:
        os.kill(os.getpid(), signal.SIGKILL)
