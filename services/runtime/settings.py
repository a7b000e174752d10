"""What a service is told by its environment; every name begins with `WHISTLE_`."""

from __future__ import annotations

import base64
import tomllib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from pydantic import SecretStr  # noqa: TC002 - pydantic reads the annotation
from pydantic_settings import BaseSettings, SettingsConfigDict

from services.runtime.errors import MisconfiguredError
from services.runtime.vault_keys import VaultKeys, keys_of


@dataclass(frozen=True, slots=True, repr=False)
class Secrets:
    """Keys of this installation; never logged, never in an event.

    Attributes:
        vault_keys: Encrypt the keys of identities.
        callback_secret: Signs citizens' call-back links.
        token_key: Turns a telephone number into a stable token.
        endpoint_key: 32 bytes, encrypts the webhook secrets.
        admin_key: The first key (`whk_…`), role supervisor.
        service_key: With it services call each other (`whk_…`).
    """

    vault_keys: VaultKeys
    callback_secret: bytes
    token_key: bytes
    endpoint_key: bytes
    admin_key: str
    service_key: str


#: Of one key, or of one address for whoever has none; four seconds' worth may come at once. Our
#: own services are not limited: a file is held up by the bulk lane instead.
RATES = {
    "reporter": 50.0,
    "agency": 50.0,
    "operator": 200.0,
    "supervisor": 50.0,
    "auditor": 50.0,
    "anonymous": 25.0,
}


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
    vault_keys: SecretStr | None = None  #: Vault keys not in the file: `id:base64,…`; first seals.
    pool_size: int = 10  #: Connections to PostgreSQL at the most.
    instance: str | None = None  #: Stable name of this process in its group; `hostname` takes that.
    batch_max: int = 500  #: Events in one transaction at the most.
    partitions: int = 12  #: Of every topic; the same for all, so that a key stays together.
    replication: int = 1  #: Copies of every topic; 3 on a cluster.
    rates: dict[str, float] = RATES  #: Requests a second and process, by role, see `RATES`.
    head_within_s: float = 10.0  #: In which a request's headers must have come.
    body_within_s: float = 20.0  #: In which each 64 KB of a body must come.
    connections_max: int = 2_000  #: Open at a time; beyond, 503.
    reuse_port: bool = False  #: Several processes share one port of this machine.
    log_level: str = "info"  #: debug, info, warning or error.

    @cached_property
    def secrets(self) -> Secrets:
        """Read the secrets file.

        Raises:
            MisconfiguredError: It is missing, or lacks a key. The message names it.
        """
        try:
            found = tomllib.loads(self.secrets_file.read_text())
            variable = self.vault_keys.get_secret_value() if self.vault_keys else None
            return Secrets(
                vault_keys=keys_of(found, self.secrets_file, variable),
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
