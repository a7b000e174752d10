"""E-mail over SMTP (RFC 5321), encrypted and with the server's name verified."""

from __future__ import annotations

import asyncio
import ssl
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import formatdate
from functools import lru_cache
from typing import TYPE_CHECKING, Literal

import aiosmtplib

from services.runtime import telemetry

if TYPE_CHECKING:
    from services.notifier.decide import Contact
    from services.policy.channels import MailShape

log = telemetry.get_logger()

#: One message with everything, in seconds.
TIMEOUT_S = 30.0

#: `starttls` (port 587) asks for encryption and refuses a server that has none; `tls` (port 465)
#: begins with it. `none` is for a server on this very machine.
Security = Literal["starttls", "tls", "none"]


@dataclass(frozen=True, slots=True)
class MailServer:
    """A server that takes our e-mail.

    Attributes:
        host: Its name, which its certificate must be for.
        port: TCP port.
        sender: The address that messages come from.
        security: How it is encrypted.
        user: For logging in; None: it doesn't want that.
        password: Of the user.
        ca_file: Certificates to trust instead of the system's.
    """

    host: str
    port: int
    sender: str
    security: Security = "starttls"
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    ca_file: str | None = None

    async def send(self, to: str, subject: str, text: str, reference: str) -> None:
        """Hand one message over.

        Args:
            to: Whose address.
            subject: One line.
            text: What to say.
            reference: Becomes the Message-ID, so that the same message twice can be told as one.

        Raises:
            SMTPException: It wasn't taken, or the server isn't who it should be.
            TimeoutError: It took too long.
            ValueError: An address isn't one.
        """
        message = EmailMessage(policy=SMTP)
        message["From"], message["To"], message["Subject"] = self.sender, to, subject
        message["Date"] = formatdate()
        domain = self.sender.rpartition("@")[2].rstrip(">")
        message["Message-ID"] = f"<{reference}@{domain}>"
        message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no out-of-office answers.
        message.set_content(text)
        async with asyncio.timeout(TIMEOUT_S):  # The library's is for each command.
            await aiosmtplib.send(
                message,
                hostname=self.host,
                port=self.port,
                username=self.user,
                password=self.password,
                use_tls=self.security == "tls",
                start_tls=self.security == "starttls",
                tls_context=tls_context(self.ca_file),
            )

    async def try_send(self, to: str, subject: str, text: str, reference: str) -> bool:
        """Hand one message over as `send` does; False if it wasn't taken."""
        try:
            await self.send(to, subject, text, reference)
        except (aiosmtplib.SMTPException, OSError, ValueError) as error:
            # Only the kind: what servers say repeats the address.
            log.warning("mail-failed", reference=reference, error=type(error).__name__)
            return False
        return True


@lru_cache(maxsize=4)
def tls_context(ca_file: str | None) -> ssl.SSLContext:
    """Read the certificates to trust: once, for it takes as long as many messages.

    Args:
        ca_file: Where; None: the system's.
    """
    return ssl.create_default_context(cafile=ca_file)


class MailChannel:
    """Writes e-mail to people."""

    def __init__(self, shape: MailShape, server: MailServer) -> None:
        """Send through a server, under the policy's subject."""
        self._shape = shape
        self._server = server

    @property
    def name(self) -> str:
        """What facts call it."""
        return self._shape.name

    def address_of(self, contact: Contact) -> str | None:
        """Say where it reaches a person; None if it can't."""
        return contact.email

    async def send(self, to: str, text: str, reference: str) -> bool:
        """Send one message; False if the server didn't take it."""
        return await self._server.try_send(to, self._shape.subject, text, reference)
