"""The services as their entry points put them together, with nothing started or connected."""

from __future__ import annotations

import functools
import importlib
from typing import TYPE_CHECKING, Any, cast

from services.runtime import deadletters
from services.runtime.clock import SystemClock
from services.runtime.policies import PolicyStore
from services.runtime.service import Context
from services.runtime.settings import Secrets, ServiceSettings
from services.runtime.vault_keys import VaultKeys

if TYPE_CHECKING:
    from types import ModuleType

    from services.runtime.postgres import Database
    from services.runtime.service import Service

#: The right shape and no secret: no request is ever served with it.
_SECRETS = Secrets(
    VaultKeys({"1": bytes(32)}, "1"), bytes(32), bytes(32), bytes(32), "whk_admin", "whk_service"
)


def settings_of(service: str) -> type[ServiceSettings]:
    """Give the class of a service's settings: its own, or the one all share."""
    entry = _entry(service)
    own = [
        one
        for one in vars(entry).values()
        if isinstance(one, type)
        and issubclass(one, ServiceSettings)
        and one.__module__.startswith(f"services.{service}")
    ]
    return own[0] if own else ServiceSettings


@functools.cache
def assembled(service: str) -> Service:
    """Build a service. Its routes reach for the database only when they are called."""
    nowhere = cast("Database", object())
    settings: Any = settings_of(service)()
    settings.__dict__["secrets"] = _SECRETS  # Where `cached_property` keeps it.
    policies = PolicyStore(cast("Any", None))
    built: Service = _entry(service).build(Context(settings, nowhere, policies, SystemClock()))
    built.app.include_router(deadletters.routes(nowhere))
    return built


def topics_read(service: str) -> tuple[str, ...]:
    """Name the topics that a service's consumer reads."""
    consumer = assembled(service).consumer
    return consumer.topics if consumer else ()


def openapi(service: str) -> dict[str, Any]:
    """Describe a service's HTTP interface."""
    found: dict[str, Any] = assembled(service).app.openapi()
    return found


def _entry(service: str) -> ModuleType:
    return importlib.import_module(f"services.{service}.__main__")
