"""What a service is told by its environment; every name begins with `WHISTLE_`."""

from __future__ import annotations

import base64
import tomllib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from pydantic_settings import BaseSettings, SettingsConfigDict

from services.runtime.errors import MisconfiguredError


@dataclass(frozen=True, slots=True, repr=False)
class Secrets:
    """Keys of this installation; never logged, never in an event.

    Attributes:
        vault_key: 32 bytes, encrypts identities.
        callback_secret: Signs citizens' call-back links.
        token_key: Turns a telephone number into a stable token.
        endpoint_key: 32 bytes, encrypts the webhook secrets.
        admin_key: The first key (`whk_…`), role supervisor.
        service_key: With it services call each other (`whk_…`).
    """

    vault_key: bytes
    callback_secret: bytes
    token_key: bytes
    endpoint_key: bytes
    admin_key: str
    service_key: str


class ServiceSettings(BaseSettings):
    """Settings that every service shares; a service adds its own in a subclass."""

    model_config = SettingsConfigDict(env_prefix="WHISTLE_", extra="ignore")

    dsn: str = "postgresql://whistle@127.0.0.1:5432/whistle"  #: PostgreSQL.
    platform_dsn: str | None = None  #: Where keys and policy are, if not under `dsn`.
    kafka: str = "127.0.0.1:9092"  #: Brokers, separated by commas.
    host: str = "127.0.0.1"  #: Address to listen on.
    port: int = 8080  #: Port to listen on.
    intake_url: str = "http://127.0.0.1:8081"  #: Where other services reach intake.
    router_url: str = "http://127.0.0.1:8082"  #: Where they reach the router.
    tracker_url: str = "http://127.0.0.1:8083"  #: Where they reach the tracker.
    notifier_url: str = "http://127.0.0.1:8084"  #: Where they reach the notifier.
    public_url: str | None = None  #: Where citizens reach intake; default `intake_url`.
    secrets_file: Path = Path("secrets.toml")  #: Keys of this installation, see `Secrets`.
    pool_size: int = 10  #: Connections to PostgreSQL at the most.
    instance: str | None = None  #: Stable name of this process in its group; `hostname` takes that.
    batch_max: int = 500  #: Events in one transaction at the most.
    partitions: int = 12  #: Of every topic; the same for all, so that a key stays together.
    replication: int = 1  #: Copies of every topic; 3 on a cluster.
    log_level: str = "info"  #: debug, info, warning or error.

    @cached_property
    def secrets(self) -> Secrets:
        """Read the secrets file.

        Raises:
            MisconfiguredError: It is missing, or lacks a key. The message names it.
        """
        try:
            found = tomllib.loads(self.secrets_file.read_text())
            return Secrets(
                vault_key=base64.b64decode(found["vault_key"]),
                callback_secret=base64.b64decode(found["callback_secret"]),
                token_key=base64.b64decode(found["token_key"]),
                endpoint_key=base64.b64decode(found["endpoint_key"]),
                admin_key=found["admin_key"],
                service_key=found["service_key"],
            )
        except OSError as error:
            raise MisconfiguredError(f"WHISTLE_SECRETS_FILE: {error}") from error
        except (KeyError, ValueError) as error:
            raise MisconfiguredError(f"{self.secrets_file}: {error!r}") from error
