"""Errors, named by what the caller does next.

    DispatchError
      InvalidEventError      not an event we know          -> dead-letter, go on
      TransientError         our Kafka or PostgreSQL away  -> back off, commit nothing
        FencedError          another instance owns it now  -> forget the batch, read offsets again
      PermanentError         can never succeed             -> dead-letter, go on
      MisconfiguredError     bad settings or policy        -> exit 2 before consuming
      StoppedError           too many dead letters         -> stop consuming, stay visible
    anything else            a bug -> tried again one by one, then dead-lettered

`InvalidEventError` lives with the schema in `services.events`. A business outcome is never an
exception: decisions return `Ignored` or `Early`.
"""

from __future__ import annotations

import asyncpg

from services.events import InvalidEventError


class DispatchError(Exception):
    """Something in the delivery of an event went wrong."""

    code = "dispatch-error"

    def __init__(self, message: str | None = None) -> None:
        """Take the docstring's first line as the message if none is given."""
        super().__init__(message or (self.__doc__ or "").splitlines()[0])


class TransientError(DispatchError):
    """Our own Kafka or PostgreSQL cannot be reached right now."""

    code = "unavailable"


class FencedError(TransientError):
    """Another instance has taken over this partition."""

    code = "fenced"


class PermanentError(DispatchError):
    """This can never succeed."""

    code = "permanent"


class MisconfiguredError(DispatchError):
    """Settings or policy are unusable."""

    code = "misconfigured"


class StoppedError(DispatchError):
    """Too many dead letters in a row: stopped before losing sight of the rest."""

    code = "stopped"


#: What asyncpg and the sockets under it raise when the database is away or overloaded.
DATABASE_TROUBLE = (
    OSError,
    TimeoutError,
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.CannotConnectNowError,
    asyncpg.InsufficientResourcesError,  # Disk full, out of memory, too many connections.
    asyncpg.ReadOnlySQLTransactionError,  # A standby, or a server that was stopped for writing.
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.SerializationError,
    asyncpg.DeadlockDetectedError,
    asyncpg.LockNotAvailableError,  # Somebody holds it for longer than `lock_timeout`.
    asyncpg.IdleInTransactionSessionTimeoutError,  # We stalled, and were cut off; asyncpg
    asyncpg.InternalClientError,  # says this if the next statement meets that message.
)


def is_transient(error: BaseException) -> bool:
    """Tell whether trying the same thing again later can succeed."""
    return isinstance(error, (TransientError, *DATABASE_TROUBLE))


__all__ = [
    "DATABASE_TROUBLE",
    "DispatchError",
    "FencedError",
    "InvalidEventError",
    "MisconfiguredError",
    "PermanentError",
    "StoppedError",
    "TransientError",
    "is_transient",
]
