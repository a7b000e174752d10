"""Channels: what a gateway and a mail server get, and what counts as taken."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace
from urllib.parse import parse_qs

import pytest

from services.notifier.adapters.channels import Channels
from services.notifier.adapters.people import LogChannel
from services.notifier.adapters.smtp import MailServer, tls_context
from services.notifier.adapters.wire import TRUSTED_BYTES_MAX, Wire
from services.notifier.decide import Contact
from services.policy.gateways import SMS_ADDRESS
from services.runtime.clock import ManualClock
from services.runtime.guard import EVERYWHERE, Guard
from tests.builders import NOON
from tests.notifier.certificates import a_certificate
from tests.notifier.mailbox import a_mailbox
from tests.notifier.receivers import a_receiver, answer
from tests.policies import a_policy

PERSON = Contact("+8613800138000", "person@home.example", "openid-1")
GATEWAYS = """
order = ["push", "form"]

[channels.form]
kind = "http"
reaches = "phone"
address = "WHISTLE_CHANNEL_FORM_URL"
secrets = { key = "WHISTLE_CHANNEL_FORM_KEY" }
format = "form"
body = { mobile = "{to}", content = "{text}", sid = "{reference}", apikey = "{key}" }
statuses = [200]
success = "code == `0`"

[channels.push]
kind = "http"
reaches = "push"
address = "WHISTLE_CHANNEL_PUSH_URL"
secrets = { token = "WHISTLE_CHANNEL_PUSH_TOKEN" }
headers = { authorization = "Bearer {token}" }
body = { touser = "{to}", data = { thing1 = { value = "{text}" } }, tags = ["{reference}", 7] }
"""


@pytest.fixture
async def wire():
    made = Wire(Guard(EVERYWHERE), body_bytes_max=TRUSTED_BYTES_MAX)
    yield made
    await made.close()


def channels(wire, tmp_path, environment, toml=None, server=None):
    """The channels of a policy in an environment."""
    policies = SimpleNamespace(current=a_policy(channels=toml))
    stand_in = LogChannel(tmp_path / "log.ndjson", ManualClock(NOON))
    return Channels(policies, wire, server, environment, stand_in).current


def names(reached):
    return [channel.name for channel, _ in reached]


async def test_a_form_gateway_gets_what_the_policy_describes(wire, tmp_path):
    """Text is encoded, the secret comes from the environment."""
    async with a_receiver(answer(200, b'{"code": 0}')) as gateway:
        environment = {
            "WHISTLE_CHANNEL_FORM_URL": gateway.url,
            "WHISTLE_CHANNEL_FORM_KEY": "s3cret&",
        }
        ((channel, to),) = channels(wire, tmp_path, environment, GATEWAYS).for_contact(PERSON)
        assert await channel.send(to, "已受理 A&B=1", "ref-1")
    (request,) = gateway.requests
    assert request.headers["content-type"] == "application/x-www-form-urlencoded"
    assert parse_qs(request.body.decode()) == {
        "mobile": [PERSON.phone],
        "content": ["已受理 A&B=1"],
        "sid": ["ref-1"],
        "apikey": ["s3cret&"],
    }


async def test_a_push_gets_nested_json_and_a_header(wire, tmp_path):
    """As messengers' template messages are."""
    async with a_receiver() as gateway:
        environment = {
            "WHISTLE_CHANNEL_PUSH_URL": gateway.url,
            "WHISTLE_CHANNEL_PUSH_TOKEN": "t0ken",
        }
        ((channel, to),) = channels(wire, tmp_path, environment, GATEWAYS).for_contact(PERSON)
        assert await channel.send(to, '说"好"{x}', "ref-1")
    (request,) = gateway.requests
    assert request.headers["authorization"] == "Bearer t0ken"
    assert request.event == {
        "touser": "openid-1",
        "data": {"thing1": {"value": '说"好"{x}'}},
        "tags": ["ref-1", 7],
    }


@pytest.mark.parametrize(
    "script",
    [
        answer(200, b'{"code": 17}'),
        answer(200, b"not json"),
        answer(200, b"[]"),
        answer(202, b'{"code": 0}'),
        answer(500),
        answer(302, location="http://127.0.0.1/"),
    ],
)
async def test_what_the_gateway_does_not_take_is_not_sent(wire, tmp_path, script):
    """Many gateways answer 200 to everything and say in the body that they refuse."""
    async with a_receiver(script) as gateway:
        environment = {
            "WHISTLE_CHANNEL_FORM_URL": gateway.url,
            "WHISTLE_CHANNEL_FORM_KEY": "k",
        }
        ((channel, to),) = channels(wire, tmp_path, environment, GATEWAYS).for_contact(PERSON)
        assert not await channel.send(to, "text", "ref-1")
        assert len(gateway.requests) == 1


async def test_a_long_answer_is_read_whole(wire, tmp_path):
    """Half a JSON text says nothing, though the gateway took the message."""
    long = b'{"echo": "' + b"x" * 100_000 + b'", "code": 0}'
    async with a_receiver(answer(200, long)) as gateway:
        environment = {
            "WHISTLE_CHANNEL_FORM_URL": gateway.url,
            "WHISTLE_CHANNEL_FORM_KEY": "k",
        }
        ((channel, to),) = channels(wire, tmp_path, environment, GATEWAYS).for_contact(PERSON)
        assert await channel.send(to, "text", "ref-1")


def test_the_certificates_to_trust_are_read_once():
    """It takes as long as many messages, and everything else would wait."""
    assert tls_context(None) is tls_context(None)


async def test_channels_come_in_the_order_asked_for_if_they_reach_the_person(wire, tmp_path):
    """The policy's order unless another is named; unknown names are passed over."""
    environment = {
        f"WHISTLE_CHANNEL_{name}": "https://gateway.example/"
        for name in ("FORM_URL", "FORM_KEY", "PUSH_URL", "PUSH_TOKEN")
    }
    found = channels(wire, tmp_path, environment, GATEWAYS)
    assert names(found.for_contact(PERSON)) == ["push", "form"]
    assert names(found.for_contact(PERSON, ("form", "fax", "push"))) == ["form", "push"]
    assert names(found.for_contact(Contact("+8613800138000"))) == ["form"]
    assert names(found.for_contact(Contact(None, "a@b.example"))) == []


@pytest.mark.parametrize("secret", ["", "two\r\nlines: x", "中文"])
async def test_a_secret_that_cannot_be_one_leaves_the_channel_out(wire, tmp_path, secret):
    """It would break the header, or be no secret; the person is reached by another channel."""
    environment = {
        "WHISTLE_CHANNEL_PUSH_URL": "https://gateway.example/",
        "WHISTLE_CHANNEL_PUSH_TOKEN": secret,
        "WHISTLE_CHANNEL_FORM_URL": "https://gateway.example/",
        "WHISTLE_CHANNEL_FORM_KEY": "k",
    }
    assert names(channels(wire, tmp_path, environment, GATEWAYS).for_contact(PERSON)) == ["form"]


async def test_without_a_file_the_sms_gateway_is_what_it_was(wire, tmp_path):
    """`WHISTLE_SMS_GATEWAY_URL` goes on working; without it, a file takes everything."""
    async with a_receiver() as gateway:
        found = channels(wire, tmp_path, {SMS_ADDRESS: gateway.url})
        ((channel, to),) = found.for_contact(PERSON)
        assert await channel.send(to, "text", "ref-1")
    (request,) = gateway.requests
    assert request.event == {"to": PERSON.phone, "text": "text", "reference": "ref-1"}
    assert request.headers["idempotency-key"] == "ref-1"
    assert names(channels(wire, tmp_path, {SMS_ADDRESS: ""}).for_contact(PERSON)) == ["log"]
    assert channels(wire, tmp_path, {}).for_contact(Contact(None)) == ()


def server(mailbox, authority=None, **changes):
    """Our side of a mailbox."""
    fields = {
        "host": "localhost",
        "port": mailbox.port,
        "sender": "Hotline <hotline@city.example>",
        "user": "whistle",
        "password": "secret",
        "ca_file": str(authority) if authority else None,
    }
    return MailServer(**(fields | changes))


def a_chain(tmp_path, host="localhost"):
    """A good certificate."""
    return a_certificate(tmp_path, host=host, begins=timedelta(days=-1), ends=timedelta(days=1))


async def test_e_mail_is_encrypted_and_can_be_told_apart(wire, tmp_path):
    """The Message-ID is the reference: the same message twice is seen to be one."""
    made = a_chain(tmp_path)
    with a_mailbox(made.chain) as mailbox:
        ours = server(mailbox, made.authority)
        found = channels(wire, tmp_path, {}, server=ours)
        ((channel, to),) = found.for_contact(PERSON)
        assert channel.name == "email"
        assert await channel.send(to, "已受理LZ-1", "ref-1")
    (message,) = mailbox.messages
    assert mailbox.recipients == ["person@home.example"]
    assert message["message-id"] == "<ref-1@city.example>"
    assert message["auto-submitted"] == "auto-generated"
    assert message.get_content().strip() == "已受理LZ-1"


@pytest.mark.parametrize("changes", [{"ca_file": None}, {"security": "tls"}, {"port": 1}])
async def test_a_server_that_is_not_who_it_should_be_gets_nothing(tmp_path, changes):
    """Neither unverified, nor unknown, nor unencrypted."""
    made = a_chain(tmp_path)
    with a_mailbox(made.chain) as mailbox:
        ours = server(mailbox, made.authority, **changes)
        assert not await ours.try_send("person@home.example", "s", "text", "ref-1")
    assert mailbox.messages == []


async def test_a_certificate_for_another_name_is_refused(tmp_path):
    """Encryption alone doesn't say with whom."""
    made = a_chain(tmp_path, host="elsewhere.example")
    with a_mailbox(made.chain) as mailbox:
        ours = server(mailbox, made.authority)
        assert not await ours.try_send("person@home.example", "s", "text", "ref-1")
    assert mailbox.messages == []


async def test_a_server_without_encryption_is_not_written_to(tmp_path):
    """STARTTLS that can be left out protects nobody."""
    with a_mailbox() as mailbox:
        ours = server(mailbox, user=None, password=None)
        assert not await ours.try_send("person@home.example", "s", "text", "ref-1")
    assert mailbox.messages == []


@pytest.mark.parametrize("to", ["person@home.example\r\nBcc: all@home.example", "nobody"])
async def test_an_address_that_is_none_reaches_nobody(to):
    """A line break in an address would add headers."""
    with a_mailbox() as mailbox:
        mailbox.refuses = to == "nobody"
        ours = server(mailbox, user=None, password=None, security="none")
        assert not await ours.try_send(to, "s", "text", "ref-1")
    assert mailbox.messages == []
