"""A real SMTP server on a free port."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult


@dataclass
class Mailbox:
    """What it was given, and how it behaves."""

    port: int = 0
    messages: list[EmailMessage] = field(default_factory=list)
    recipients: list[str] = field(default_factory=list)
    refuses: bool = False

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802
        """Take or refuse a message (aiosmtpd)."""
        if self.refuses:
            return f"550 no such user {envelope.rcpt_tos[0]}"
        self.messages.append(message_from_bytes(envelope.content, policy=default))
        self.recipients += envelope.rcpt_tos
        return "250 taken"


class _Ours(Controller):
    """Names its port once it has one."""

    def _trigger_server(self) -> None:
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


def _is_ours(_server: Any, _session: Any, _envelope: Any, _mechanism: str, data: Any) -> AuthResult:
    return AuthResult(success=(data.login, data.password) == (b"whistle", b"secret"))


@contextmanager
def a_mailbox(chain: Path | None = None) -> Iterator[Mailbox]:
    """Run a server; with a certificate it insists on STARTTLS and on logging in."""
    mailbox = Mailbox()
    options: dict[str, Any] = {}
    if chain is not None:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(chain)
        options = {
            "tls_context": context,
            "require_starttls": True,
            "auth_required": True,
            "authenticator": _is_ours,
        }
    controller = _Ours(mailbox, hostname="127.0.0.1", port=0, **options)
    controller.start()
    mailbox.port = controller.port
    try:
        yield mailbox
    finally:
        controller.stop()
