"""`channels.toml`: how people are reached, and when they are let alone.

The file says what a gateway's request looks like. Where the gateway is and what opens it stands in
environment variables that the file names: a policy is public, and is published by more people than
may know a secret. Only variables that begin with `WHISTLE_CHANNEL_` can be named, so that no policy
file can have a gateway told what else the environment holds.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING, Final

from services.policy.durations import Duration, DurationUnit
from services.policy.gateways import SMS_ADDRESS, HttpShape, Reaches, read_gateway
from services.policy.notices import NOTICES

if TYPE_CHECKING:
    from collections.abc import Mapping
    from zoneinfo import ZoneInfo

    from services.policy.toml_tables import Table

FILE = "channels.toml"

_NAME = re.compile(r"[a-z][a-z0-9-]*")
_CLOCK = re.compile(r"([01]\d|2[0-3]):([0-5]\d)")


@dataclass(frozen=True, slots=True)
class MailShape:
    """E-mail, through the server that the installation's settings name."""

    name: str
    subject: str
    reaches: Reaches = "email"


Shape = HttpShape | MailShape


@dataclass(frozen=True, slots=True)
class Quiet:
    """When people aren't written to.

    Attributes:
        begins: Minutes after midnight, the city's time.
        ends: Minutes after midnight; before `begins` where the night lies between.
        exempt: Notices that are told all the same.
    """

    begins: int
    ends: int
    exempt: frozenset[str] = frozenset()

    @property
    def minutes(self) -> int:
        """How long they last."""
        return (self.ends - self.begins) % (24 * 60)

    def until(self, now: datetime, zone: ZoneInfo) -> datetime | None:
        """Say until when nobody is written to; None if now is no quiet hour.

        Args:
            now: An instant.
            zone: The city's.
        """
        local = now.astimezone(zone)
        minute = local.hour * 60 + local.minute
        is_overnight = self.begins > self.ends
        if is_overnight and minute >= self.begins:
            day = local.date() + timedelta(days=1)
        elif minute < self.ends and (is_overnight or minute >= self.begins):
            day = local.date()
        else:
            return None
        return datetime.combine(day, time(self.ends // 60, self.ends % 60), tzinfo=zone)


#: Where the policy doesn't say when a notice is too old to be told.
TOO_LATE: Final = Duration(3, DurationUnit.DAYS)

#: What `WHISTLE_SMS_GATEWAY_URL` has always been sent.
SMS = HttpShape(
    "sms",
    "phone",
    SMS_ADDRESS,
    headers={"idempotency-key": "{reference}"},
    body={"to": "{to}", "text": "{text}", "reference": "{reference}"},
)
EMAIL = MailShape("email", "12345")


@dataclass(frozen=True, slots=True)
class ChannelRules:
    """How people are reached; without a file, by SMS, else by e-mail, at any hour.

    Attributes:
        order: Channels, the first that reaches a person first.
        shapes: By name.
        quiet: When people are let alone.
        digest: What one person is told within so long becomes one message; None: nothing does.
        too_late: What couldn't be told for so long is not told any more.
    """

    order: tuple[str, ...] = (SMS.name, EMAIL.name)
    shapes: Mapping[str, Shape] = field(default_factory=lambda: {SMS.name: SMS, EMAIL.name: EMAIL})
    quiet: Quiet | None = None
    digest: Duration | None = None
    too_late: Duration = TOO_LATE


def read_channels(table: Table) -> ChannelRules:
    """Read `channels.toml`.

    Args:
        table: The outermost table; empty where the city has no such file.

    Returns:
        The rules.
    """
    usual = ChannelRules()
    shapes = {name: _shape(name, inner) for name, inner in table.named("channels").items()}
    shapes = shapes or dict(usual.shapes)
    order = table.texts("order") or tuple(shapes)
    for name in order:
        if name not in shapes:
            table.error(f"no channel is called {name!r}", "order")
    rules = ChannelRules(
        order,
        shapes,
        _quiet(table),
        _elapsed(table, "digest"),
        _elapsed(table, "too_late") or usual.too_late,
    )
    _check_too_late(rules, table)
    table.optional_text("source")
    table.finish()
    return rules


def _check_too_late(rules: ChannelRules, table: Table) -> None:
    """What waits for a night's end and for a digest must not be too late for that alone."""
    too_late = rules.too_late.elapsed
    if too_late is None:
        return
    waits = timedelta(minutes=rules.quiet.minutes) if rules.quiet else timedelta(0)
    if rules.digest is not None and rules.digest.elapsed is not None:
        waits += rules.digest.elapsed
    if too_late <= waits:
        table.error(
            f"`too_late` must be longer than quiet hours and the digest together, {waits}",
            "too_late",
        )


def _elapsed(table: Table, key: str) -> Duration | None:
    duration = table.optional_duration(key)
    if duration is not None and duration.elapsed is None:
        table.error(f"`{key}` can't count working time", key)
        return None
    return duration


def _quiet(table: Table) -> Quiet | None:
    inner = table.table("quiet")
    if not inner.values:
        return None
    begins, ends = _minute(inner, "from"), _minute(inner, "to")
    if begins == ends:
        inner.error("quiet hours must end at another time than they begin", "to")
    exempt = inner.texts("exempt")
    for name in exempt:
        if name not in NOTICES:
            inner.error(f"no notice is called {name!r}", "exempt")
    inner.optional_text("source")
    inner.finish()
    return Quiet(begins, ends, frozenset(exempt))


def _minute(table: Table, key: str) -> int:
    text = table.text(key)
    found = _CLOCK.fullmatch(text)
    if found is None:
        if text:
            table.error(f"`{key}` must be a time such as 21:00, not {text!r}", key)
        return 0
    return int(found[1]) * 60 + int(found[2])


def _shape(name: str, table: Table) -> Shape:
    if not _NAME.fullmatch(name) or name == "log":
        table.error(f"a channel can't be called {name!r}")
    kind = table.text("kind")
    shape: Shape
    if kind == "smtp":
        shape = MailShape(name, table.text("subject"))
        if not shape.subject.isprintable():
            table.error("a subject is one line", "subject")
    else:
        if kind and kind != "http":
            table.error("`kind` must be http or smtp", "kind")
        shape = read_gateway(name, table)
    table.optional_text("source")
    table.finish()
    return shape
