"""Where a request of ours may go. Every address here has been used against somebody."""

from __future__ import annotations

from ipaddress import ip_address, ip_network

import pytest

from services.runtime.address import Reach, Target, is_public, parse_url

STRICT = Reach()
LOOPBACK = Reach((ip_network("127.0.0.0/8"),))


def may_reach(text, reach=STRICT, *, is_tls=True, port=443):
    """Whether a request may go there."""
    return reach.covers(ip_address(text), is_tls=is_tls, port=port)


@pytest.mark.parametrize(
    "address",
    [
        "0.0.0.0",  # noqa: S104 - an address to refuse
        "10.1.2.3",
        "100.64.0.1",  # Carrier-grade NAT, and one cloud's metadata.
        "100.100.100.200",
        "127.0.0.1",
        "127.1.2.3",
        "169.254.169.254",  # Clouds' metadata.
        "172.16.0.1",
        "172.31.255.255",
        "192.0.0.192",
        "192.0.2.1",
        "192.88.99.1",
        "192.168.1.1",
        "198.18.0.1",
        "198.19.255.255",
        "198.51.100.7",
        "203.0.113.9",
        "224.0.0.1",
        "239.255.255.250",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::127.0.0.1",
        "64:ff9b::7f00:1",  # NAT64 of 127.0.0.1; `ipaddress` calls it global.
        "64:ff9b:1::1",
        "100::1",
        "2001::1",  # Teredo.
        "2001:db8::1",
        "2002:7f00:1::",  # 6to4 of 127.0.0.1; `ipaddress` calls it global.
        "3fff::1",
        "5f00::1",
        "fc00::1",
        "fd00:ec2::254",  # A cloud's metadata.
        "fe80::1",
        "fec0::1",
        "ff02::1",
    ],
)
def test_special_addresses_are_not_public(address):
    """Each of them would make us call ourselves, our neighbours, or nobody."""
    assert not is_public(ip_address(address))
    assert not may_reach(address)


@pytest.mark.parametrize("mapped", ["::ffff:127.0.0.1", "::ffff:a9fe:a9fe", "::ffff:10.0.0.1"])
def test_an_ipv4_address_in_ipv6_clothes_counts_as_itself(mapped):
    """Otherwise the IPv4 list could be walked around."""
    assert not may_reach(mapped)


@pytest.mark.parametrize("address", ["1.1.1.1", "100.128.0.1", "172.32.0.1", "2606:4700::1111"])
def test_ordinary_addresses_are_public(address):
    """The list must not swallow its neighbours."""
    assert may_reach(address)


def test_plain_http_goes_only_to_trusted_networks():
    """The body holds a citizen's words: over the internet only encrypted."""
    assert not may_reach("1.1.1.1", is_tls=False)
    assert may_reach("127.0.0.1", LOOPBACK, is_tls=False)
    assert may_reach("::ffff:127.0.0.1", LOOPBACK, is_tls=False)


def test_a_service_that_holds_no_words_may_go_in_plain_text_but_not_everywhere():
    """A picture's address may be `http`; what listens on other ports isn't for strangers."""
    reach = Reach(LOOPBACK.trusted, is_plain_allowed=True, ports=frozenset({80, 443}))
    assert may_reach("1.1.1.1", reach, is_tls=False, port=80)
    assert not may_reach("1.1.1.1", reach, is_tls=False, port=6379)
    assert not may_reach("169.254.169.254", reach, is_tls=False, port=80)
    assert may_reach("127.0.0.1", reach, is_tls=False, port=6379)


@pytest.mark.parametrize(
    ("url", "target"),
    [
        ("https://a.example/in", Target(True, "a.example", 443, "/in", "a.example")),
        ("http://a.example:81", Target(False, "a.example", 81, "/", "a.example:81")),
        ("https://a.example/x?b=%20", Target(True, "a.example", 443, "/x?b=%20", "a.example")),
        ("https://[2606:4700::1]/x", Target(True, "2606:4700::1", 443, "/x", "[2606:4700::1]")),
        ("https://a.example/路", Target(True, "a.example", 443, "/%E8%B7%AF", "a.example")),
    ],
)
def test_a_url_is_taken_apart(url, target):
    """What goes on the wire is exactly what was registered."""
    assert parse_url(url) == target


@pytest.mark.parametrize(
    "url",
    [
        "",
        "ftp://a.example/",
        "file:///etc/passwd",
        "https://",
        "https://user:pass@a.example/",
        "https://a.example/#part",
        "https://a.example/x y",
        "https://a.example/\r\nHost: b.example",
        "https://a.example:99999/",
        "https://" + "a" * 2000,
    ],
)
def test_what_is_no_address_for_events_is_refused(url):
    """Said at registration, when somebody is there to read it."""
    assert isinstance(parse_url(url), str)
