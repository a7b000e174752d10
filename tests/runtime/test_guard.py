"""Names are judged by what they lead to, at the moment of connecting."""

from __future__ import annotations

from ipaddress import ip_network

import pytest

from services.runtime.address import Reach, Target, parse_url
from services.runtime.errors import MisconfiguredError
from services.runtime.guard import ForbiddenAddressError, Guard, read_networks

TRUSTED = Reach((ip_network("127.0.0.0/8"),))


def target(url):
    """A URL that can be taken apart."""
    parsed = parse_url(url)
    assert isinstance(parsed, Target)
    return parsed


class ScriptedGuard(Guard):
    """Resolves like a hostile name server: another answer each time."""

    def __init__(self, reach, *answers):
        """Give these answers, one after the other."""
        super().__init__(reach)
        self.answers = list(answers)

    async def resolve(self, target):
        """Answer the next one."""
        return self.answers.pop(0)


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "localhost",
        "2130706433",
        "0x7f.1",
        "0x7f000001",
        "017700000001",
        "127.1",
        "0",
        "[::ffff:127.0.0.1]",
        "[::1]",
        "169.254.169.254",
        "2852039166",
        "100.64.0.1",
        "[fd00:ec2::254]",
        "[64:ff9b::7f00:1]",
        "[2002:7f00:1::]",
        "224.0.0.1",
    ],
)
async def test_however_an_address_is_written_it_counts_as_what_it_is(host):
    """The resolver understands notations that no list of ours would."""
    # A resolver that knows no such notation has refused it as well.
    with pytest.raises((ForbiddenAddressError, OSError)):
        await Guard().addresses(target(f"https://{host}/"))


async def test_one_forbidden_address_among_good_ones_is_enough():
    """A name that leads to both is somebody's trick."""
    guard = ScriptedGuard(TRUSTED, ["127.0.0.1", "169.254.169.254"])
    with pytest.raises(ForbiddenAddressError, match=r"169\.254"):
        await guard.addresses(target("http://mixed.example/"))


async def test_a_name_is_judged_anew_each_time():
    """It may answer well when it is looked at and badly a moment later (DNS rebinding)."""
    guard = ScriptedGuard(Reach(), ["1.1.1.1"], ["127.0.0.1"])
    assert await guard.addresses(target("https://rebinding.example/")) == ["1.1.1.1"]
    with pytest.raises(ForbiddenAddressError):
        await guard.addresses(target("https://rebinding.example/"))


def test_networks_are_read_from_a_list():
    """The demo allows loopback; a city its own network. A typing error names the setting."""
    assert len(read_networks("127.0.0.0/8, 10.0.0.0/8 fd00::/8", "WHISTLE_X")) == 3
    with pytest.raises(MisconfiguredError, match="WHISTLE_X"):
        read_networks("everything", "WHISTLE_X")
