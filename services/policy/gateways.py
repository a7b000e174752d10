"""`channels.toml`, `[channels.NAME]`: what a gateway's request looks like."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal, get_args

import jmespath
from jmespath.exceptions import JMESPathError

from services.policy.notices import template_faults

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from services.policy.toml_tables import Table

#: What of a person a channel needs.
Reaches = Literal["phone", "email", "push"]
_REACHES: Final[tuple[Reaches, ...]] = get_args(Reaches)

#: What a request's body may say of a message.
MESSAGE = frozenset({"to", "text", "reference"})

#: The address of the gateway that needs no file at all; see `SMS`.
SMS_ADDRESS = "WHISTLE_SMS_GATEWAY_URL"

_VARIABLE = re.compile(r"WHISTLE_CHANNEL_[A-Z0-9_]+")
_HEADER = re.compile(r"[a-z0-9-]+")
#: How a request is carried is ours to say.
_OUR_HEADERS = frozenset(
    {
        *("host", "content-length", "content-type", "transfer-encoding", "connection"),
        *("keep-alive", "te", "trailer", "upgrade", "expect"),
    }
)
_STATUS_MIN, _STATUS_MAX = 200, 599


@dataclass(frozen=True, slots=True)
class HttpShape:
    """A gateway that takes messages by HTTP POST.

    Attributes:
        name: Of the channel, as facts say it.
        reaches: What of a person it needs.
        address: The environment variable that holds its URL.
        secrets: Environment variables by the name that templates use.
        headers: Templates by header name; may use secrets and `{reference}`.
        body: What is sent: tables, lists and texts, whose `{variables}` are filled in.
        is_form: True for a form, else JSON.
        statuses: Which mean that it took the message; none: any 2xx.
        success: JMESPath over the JSON it answers, that must hold too; None: nothing must.
    """

    name: str
    reaches: Reaches
    address: str
    secrets: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Mapping[str, object] = field(default_factory=dict)
    is_form: bool = False
    statuses: tuple[int, ...] = ()
    success: str | None = None


def read_gateway(name: str, table: Table) -> HttpShape:
    """Read a gateway's table.

    Args:
        name: Of the channel.
        table: `[channels.NAME]`.

    Returns:
        What its requests look like.
    """
    secrets = table.pairs("secrets")
    for key, variable in secrets.items():
        if key in MESSAGE:
            table.error(f"a secret can't be called {key!r}", "secrets", key)
        if not _VARIABLE.fullmatch(variable):
            table.error(f"{variable!r} doesn't begin with WHISTLE_CHANNEL_", "secrets", key)
    address = table.text("address")
    if address and address != SMS_ADDRESS and not _VARIABLE.fullmatch(address):
        table.error(
            f"`address` names {SMS_ADDRESS} or a variable that begins with WHISTLE_CHANNEL_",
            "address",
        )
    form = table.optional_text("format") or "json"
    if form not in {"json", "form"}:
        table.error("`format` must be json or form", "format")
    body = table.table("body")
    _check_body(body, form == "form", MESSAGE | set(secrets))
    return HttpShape(
        name,
        _reaches(table),
        address,
        secrets,
        _headers(table, frozenset({"reference"} | set(secrets))),
        body.values,
        form == "form",
        _statuses(table),
        _success(table),
    )


def _reaches(table: Table) -> Reaches:
    text = table.text("reaches")
    for known in _REACHES:
        if text == known:
            return known
    table.error(f"`reaches` must be one of {', '.join(_REACHES)}", "reaches")
    return _REACHES[0]


def _headers(table: Table, allowed: frozenset[str]) -> dict[str, str]:
    headers = table.pairs("headers")
    for name, template in headers.items():
        if not _HEADER.fullmatch(name) or name in _OUR_HEADERS:
            table.error(f"{name!r} can't be a header here", "headers", name)
        if not (template.isascii() and template.isprintable()):
            table.error(f"the header {name!r} must be one line of ASCII", "headers", name)
        for complaint in template_faults(template, allowed):
            table.error(complaint, "headers", name)
    return headers


def _check_body(body: Table, is_form: bool, allowed: frozenset[str]) -> None:
    if not body.values:
        body.error("`body` is missing or empty")
    for key, value in body.values.items():
        if is_form and not isinstance(value, str):
            body.error(f"a form's `{key}` must be a text", key)
        for template in texts_in(value):
            for complaint in template_faults(template, allowed):
                body.error(complaint, key)
    said = set(texts_in(dict(body.values)))
    for name in ("to", "text"):
        if body.values and not any(f"{{{name}}}" in template for template in said):
            body.error(f"the body never says {{{name}}}")


def texts_in(value: object) -> Iterator[str]:
    """Give every text of a nested value, keys aside."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from texts_in(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from texts_in(inner)


def _statuses(table: Table) -> tuple[int, ...]:
    table.asked.add("statuses")
    value = table.values.get("statuses", [])
    if not isinstance(value, list) or not all(
        type(one) is int and _STATUS_MIN <= one <= _STATUS_MAX for one in value
    ):
        table.error("`statuses` must be a list of HTTP statuses", "statuses")
        return ()
    return tuple(value)


def _success(table: Table) -> str | None:
    expression = table.optional_text("success")
    if expression is not None:
        try:
            jmespath.compile(expression)
        except RecursionError:
            table.error("`success` is nested too deeply", "success")
        except JMESPathError as error:
            table.error(f"`success` isn't JMESPath: {str(error).splitlines()[0]}", "success")
    return expression
