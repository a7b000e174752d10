"""What `whistle up` leaves in its data folder for others: where everything is, and the keys."""

from __future__ import annotations

import base64
import contextlib
import fcntl
import json
import os
import secrets
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from services.runtime.files import flush_folder
from stack.program import StackError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

#: In path order.
SERVICES = ("intake", "router", "tracker", "notifier")

STACK_FILE = "stack.json"
#: Random, 32 bytes each; what they are for is said in `services.runtime.settings.Secrets`.
BINARY_SECRETS = ("vault_key", "callback_secret", "token_key", "endpoint_key")
API_KEYS = ("admin_key", "service_key")
SECRET_BYTES = 32


@dataclass(frozen=True, slots=True)
class Stack:
    """Where everything is."""

    data: Path
    dsn: str
    kafka: str
    services: dict[str, str]  #: Base address of every service, also of those not started.
    supervisor_pid: int
    pids: dict[str, int] = field(default_factory=dict)  #: What runs now, by name.

    @property
    def secrets_file(self) -> Path:
        """The installation's keys, which no other file repeats."""
        return self.data / "secrets.toml"

    def environment(self) -> dict[str, str]:
        """Return the settings with which a process works on this stack."""
        urls = {f"WHISTLE_{name.upper()}_URL": url for name, url in self.services.items()}
        return {
            "WHISTLE_DSN": self.dsn,
            "WHISTLE_PLATFORM_DSN": self.dsn,
            "WHISTLE_KAFKA": self.kafka,
            "WHISTLE_SECRETS_FILE": str(self.secrets_file),
            **urls,
        }

    def log_file(self, name: str) -> Path:
        """Return where a program's output goes."""
        return self.data / "logs" / f"{name}.log"


class StackFile:
    """`stack.json`: there while the stack runs, and always true."""

    def __init__(self, data: Path) -> None:
        """Describe a folder in which nothing runs yet."""
        self.data = data
        self._path = data / STACK_FILE
        self._stack: Stack | None = None

    def publish(self, stack: Stack, pids: Mapping[str, int]) -> None:
        """Say from now on where everything is."""
        self._stack = stack
        self.update(pids)

    def update(self, pids: Mapping[str, int]) -> None:
        """Say what runs now; nothing is said before `publish`."""
        if self._stack is None:
            return
        content = asdict(replace(self._stack, pids=dict(pids)))
        write_private(self._path, json.dumps(content, indent=2, default=str) + "\n")

    def remove(self) -> None:
        """Say that nothing runs."""
        self._stack = None
        self._path.unlink(missing_ok=True)


def find_stack(data: Path) -> Stack | None:
    """Return the stack that runs on a data folder, or None if none does."""
    try:
        found = json.loads((data / STACK_FILE).read_text())
    except FileNotFoundError:
        return None
    found["data"] = Path(found["data"])
    stack = Stack(**found)
    # A supervisor that was killed could not remove its file.
    return stack if _is_alive(stack.supervisor_pid) else None


@contextlib.contextmanager
def exclusively(data: Path) -> Iterator[StackFile]:
    """Have a data folder to oneself; its `stack.json` is gone afterwards.

    Raises:
        StackError: Another supervisor runs on it.
    """
    data = data.resolve()
    # PostgreSQL's own user must get through when root starts it; what is inside is closed.
    data.mkdir(mode=0o711, parents=True, exist_ok=True)
    with (data / "up.lock").open("a") as lock:
        try:
            # The kernel releases it however this process ends.
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise StackError("already-up", f"another `whistle up` runs on {data}") from error
        file = StackFile(data)
        try:
            yield file
        finally:
            file.remove()


def make_secrets(path: Path) -> None:
    """Make the installation's keys, once: with other keys nothing stored could be read."""
    if path.exists():
        return
    lines = [
        f'{name} = "{base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()}"'
        for name in BINARY_SECRETS
    ]
    lines += [f'{name} = "whk_{secrets.token_urlsafe(SECRET_BYTES)}"' for name in API_KEYS]
    write_private(path, "\n".join(lines) + "\n")


def write_private(path: Path, text: str) -> None:
    """Replace a file at once and for good, readable by its owner only.

    It belongs to whom the old one belonged to: a service must be able to read what root wrote.

    Raises:
        PermissionError: We may not give it to that owner; the old file stays.
    """
    pending = path.with_name(f"{path.name}.new")
    # Made anew, so that it never has the permissions of something older.
    pending.unlink(missing_ok=True)
    pending.touch(mode=0o600)
    try:
        with pending.open("w") as file:
            _give_to_owner_of(path, file.fileno())
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        pending.replace(path)
    except OSError:
        pending.unlink(missing_ok=True)
        raise
    flush_folder(path.parent)


def _give_to_owner_of(path: Path, descriptor: int) -> None:
    if not path.exists():
        return
    old, new = path.stat(), os.fstat(descriptor)
    if (old.st_uid, old.st_gid) != (new.st_uid, new.st_gid):
        os.fchown(descriptor, old.st_uid, old.st_gid)


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
