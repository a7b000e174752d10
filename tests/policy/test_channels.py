"""`channels.toml` and the notices that a city may leave out."""

from __future__ import annotations

import pytest

from services.policy import PolicyError
from services.policy.channels import EMAIL, SMS, ChannelRules
from services.policy.gateways import HttpShape
from tests.policies import NOTICES, a_policy

GATEWAY = """
[channels.sms]
kind = "http"
reaches = "phone"
address = "WHISTLE_CHANNEL_SMS_URL"
secrets = { key = "WHISTLE_CHANNEL_SMS_KEY" }
body = { to = "{to}", text = "{text}" }
"""


def test_without_a_file_people_are_reached_as_before() -> None:
    """SMS, else e-mail; at any hour."""
    assert a_policy().channels == ChannelRules(("sms", "email"), {"sms": SMS, "email": EMAIL})


def test_quiet_hours_alone_leave_the_channels_as_they_are() -> None:
    """A city says what it wants otherwise, and no more."""
    rules = a_policy(channels='[quiet]\nfrom = "22:00"\nto = "07:30"\n').channels
    assert rules.quiet is not None
    assert (rules.quiet.begins, rules.quiet.ends) == (22 * 60, 7 * 60 + 30)
    assert rules.shapes == ChannelRules().shapes


def test_a_gateway_is_described_without_its_secrets() -> None:
    """Only the names of environment variables."""
    shape = a_policy(channels=GATEWAY).channels.shapes["sms"]
    assert isinstance(shape, HttpShape)
    assert shape.secrets == {"key": "WHISTLE_CHANNEL_SMS_KEY"}
    assert (shape.is_form, shape.statuses, shape.success) == (False, (), None)


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ('order = ["fax"]', 1, "no channel is called 'fax'"),
        ('too_late = "3wd"', 1, "can't count working time"),
        ('too_late = "0s"', 1, "must be longer than"),
        (
            'too_late = "11h"\ndigest = "10m"\n[quiet]\nfrom = "21:00"\nto = "08:00"',
            1,
            "must be longer than quiet hours and the digest together, 11:10:00",
        ),
        ('[quiet]\nfrom = "9"\nto = "08:00"', 2, "must be a time such as 21:00"),
        ('[quiet]\nfrom = "08:00"\nto = "08:00"', 3, "must end at another time"),
        ('[quiet]\nfrom = "21:00"\nto = "08:00"\nexempt = ["x"]', 4, "no notice is called 'x'"),
        (GATEWAY.replace('"http"', '"fax"'), 3, "must be http or smtp"),
        (GATEWAY.replace('"phone"', '"fax"'), 4, "must be one of phone, email, push"),
        (GATEWAY.replace('"WHISTLE_CHANNEL_SMS_URL"', '"WHISTLE_DSN"'), 5, "begins with"),
        (GATEWAY.replace('"WHISTLE_CHANNEL_SMS_KEY"', '"HOME"'), 6, "doesn't begin with"),
        (GATEWAY.replace("key =", "to ="), 6, "can't be called 'to'"),
        (GATEWAY.replace("{text}", "{words}"), 7, "unknown variable {words}"),
        (GATEWAY.replace("{text}", "{text.x}"), 7, "unknown variable {text.x}"),
        (GATEWAY.replace("{text}", "text"), 7, "never says {text}"),
        (GATEWAY + 'headers = { Host = "x" }', 8, "can't be a header"),
        (GATEWAY + 'headers = { transfer-encoding = "chunked" }', 8, "can't be a header"),
        (GATEWAY + f'success = "{"(" * 5000}a{")" * 5000}"', 8, "nested too deeply"),
        (GATEWAY + 'headers = { x-to = "{to}" }', 8, "unknown variable {to}"),
        (GATEWAY + 'headers = { x = "a\\r\\nb" }', 8, "one line of ASCII"),
        (GATEWAY + 'success = "code =="', 8, "isn't JMESPath"),
        (GATEWAY + "statuses = [99]", 8, "list of HTTP statuses"),
        (GATEWAY + 'method = "GET"', 8, "`method` means nothing here"),
        (GATEWAY.replace("sms]", "log]"), 2, "can't be called 'log'"),
        ('[channels.m]\nkind = "smtp"\nsubject = "a\\nb"', 3, "a subject is one line"),
    ],
)
def test_a_slip_is_named_with_its_line(text: str, line: int, message: str) -> None:
    """Before it is published, not when somebody should be told."""
    with pytest.raises(PolicyError) as refused:
        a_policy(channels=text)
    assert any(
        fault.file == "channels.toml" and fault.line == line and message in fault.message
        for fault in refused.value.faults
    ), refused.value.faults


@pytest.mark.parametrize(
    ("notice", "message"),
    [
        ('[merged]\nzh = "{number} {into}"', "unknown variable {into}"),
        ('[accepted]\nzh = "{number!r}"', "may not be formatted"),
        ('[accepted]\nen = "{number}"', "lacks the city's language"),
        ('[elected]\nzh = "{number}"', "no notice is called 'elected'"),
    ],
)
def test_every_variable_of_a_notice_is_checked(notice: str, message: str) -> None:
    """A text that can't be filled in would fail when somebody should be told."""
    with pytest.raises(PolicyError, match=message):
        a_policy(notices=NOTICES + notice)
