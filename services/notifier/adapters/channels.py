"""The channels that bring words to people, as the policy describes them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import jmespath
import orjson

from services.notifier.adapters.people import LogChannel
from services.notifier.adapters.smtp import MailChannel
from services.notifier.decide import Answer
from services.policy.channels import MailShape
from services.policy.notices import fill
from services.runtime import telemetry

if TYPE_CHECKING:
    from collections.abc import Mapping

    from services.notifier.adapters.smtp import MailServer
    from services.notifier.adapters.wire import Wire
    from services.notifier.decide import Contact
    from services.policy.channels import ChannelRules, Shape
    from services.policy.gateways import HttpShape
    from services.runtime.policies import PolicyStore

log = telemetry.get_logger()

#: What orjson raises over no JSON, and JMESPath over JSON of other types than expected.
_UNREADABLE = (ValueError, TypeError, LookupError, AttributeError, ArithmeticError, RecursionError)


class HttpChannel:
    """Hands messages to a gateway as the policy says.

    After a crash a message may be handed over twice, with the same reference: a gateway that
    drops repeated references sends it once.
    """

    def __init__(self, shape: HttpShape, url: str, secrets: Mapping[str, str], wire: Wire) -> None:
        """POST to `url`, with these secrets where the shape names them."""
        self._shape = shape
        self._url = url
        self._secrets = secrets
        self._wire = wire
        self._success = jmespath.compile(shape.success) if shape.success else None

    @property
    def name(self) -> str:
        """What facts call it."""
        return self._shape.name

    def address_of(self, contact: Contact) -> str | None:
        """Say where it reaches a person; None if it can't."""
        address: str | None = getattr(contact, self._shape.reaches)
        return address

    async def send(self, to: str, text: str, reference: str) -> bool:
        """Send one message; False if the gateway didn't say that it took it."""
        values = {**self._secrets, "to": to, "text": text, "reference": reference}
        answer = await self._wire.post(self._url, self._headers(values), self._body(values))
        if isinstance(answer, Answer) and self._is_taken(answer):
            return True
        # Not what the gateway said: it may repeat the number.
        brief = answer.status if isinstance(answer, Answer) else answer.code
        log.warning("gateway-failed", channel=self.name, reference=reference, answer=brief)
        return False

    def _headers(self, values: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
        kind = "application/x-www-form-urlencoded" if self._shape.is_form else "application/json"
        said = ((name, fill(value, values)) for name, value in self._shape.headers.items())
        return (("content-type", kind), *said)

    def _body(self, values: Mapping[str, str]) -> bytes:
        filled = _filled(self._shape.body, values)
        return urlencode(filled).encode() if self._shape.is_form else orjson.dumps(filled)

    def _is_taken(self, answer: Answer) -> bool:
        statuses = self._shape.statuses
        if not (answer.status in statuses if statuses else answer.is_success):
            return False
        if self._success is None:
            return True
        try:
            return bool(self._success.search(orjson.loads(answer.body)))
        except _UNREADABLE:
            return False


def _filled(value: object, values: Mapping[str, str]) -> Any:  # noqa: ANN401 - JSON
    if isinstance(value, str):
        return fill(value, values)
    if isinstance(value, dict):
        return {key: _filled(inner, values) for key, inner in value.items()}
    if isinstance(value, list):
        return [_filled(inner, values) for inner in value]
    return value


#: What can be in a set.
Channel = HttpChannel | MailChannel | LogChannel


@dataclass(frozen=True, slots=True)
class ChannelSet:
    """Every channel that the policy describes and this installation has.

    Attributes:
        order: The policy's: what is tried first stands first.
        channels: By name.
        stand_in: What takes everything where there is no channel at all: a file, for trying out.
    """

    order: tuple[str, ...]
    channels: Mapping[str, Channel]
    stand_in: Channel

    def for_contact(
        self, contact: Contact, order: tuple[str, ...] | None = None
    ) -> tuple[tuple[Channel, str], ...]:
        """Give the channels that reach a person, each with its address, in an order.

        Args:
            contact: How they can be reached.
            order: Names of channels; None: the policy's. Names of channels that aren't there
                are passed over.
        """
        names = self.order if order is None else order
        known = [self.channels[name] for name in names if name in self.channels]
        reached = []
        for channel in known if self.channels else [self.stand_in]:
            address = channel.address_of(contact)
            if address:
                reached.append((channel, address))
        return tuple(reached)


class Channels:
    """Makes the set of channels anew when another policy is in force."""

    def __init__(
        self,
        policies: PolicyStore,
        wire: Wire,
        server: MailServer | None,
        environment: Mapping[str, str],
        stand_in: Channel,
    ) -> None:
        """Wire the parts.

        Args:
            policies: The policy in force says what channels look like.
            wire: Reaches gateways.
            server: Takes e-mail; None: there is no e-mail.
            environment: Addresses and secrets, by the variables that policies name.
            stand_in: Takes everything where there is no channel.
        """
        self._policies = policies
        self._wire = wire
        self._server = server
        self._environment = environment
        self._stand_in = stand_in
        self._made: tuple[str, ChannelSet] | None = None

    @property
    def current(self) -> ChannelSet:
        """The channels by the policy in force."""
        policy = self._policies.current
        if self._made is None or self._made[0] != policy.hash:
            self._made = (policy.hash, self._make(policy.channels))
        return self._made[1]

    def _make(self, rules: ChannelRules) -> ChannelSet:
        channels: dict[str, Channel] = {}
        for shape in rules.shapes.values():
            made = self._channel(shape)
            if made is None:
                log.info("channel-absent", channel=shape.name)
            else:
                channels[shape.name] = made
        return ChannelSet(rules.order, channels, self._stand_in)

    def _channel(self, shape: Shape) -> Channel | None:
        """Make a channel; None where the installation lacks its address or a secret."""
        if isinstance(shape, MailShape):
            return MailChannel(shape, self._server) if self._server else None
        url = self._environment.get(shape.address)
        secrets = {key: self._environment.get(name, "") for key, name in shape.secrets.items()}
        if not url:
            return None
        unusable = [key for key, value in secrets.items() if not _is_usable(value)]
        if unusable:
            log.error("channel-secret-unusable", channel=shape.name, secrets=unusable)
            return None
        return HttpChannel(shape, url, secrets, self._wire)


def _is_usable(secret: str) -> bool:
    """A secret goes into headers: it must be there, and on one line."""
    return bool(secret) and secret.isascii() and secret.isprintable()
