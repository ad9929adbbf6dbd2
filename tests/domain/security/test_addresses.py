"""The client's address behind proxies."""

from ipaddress import ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.security.addresses import address_key, client_address

PROXIES = (ip_network("10.0.0.0/8"), ip_network("fd00::/8"))


def seen(peer: str, *headers: str, trusted=PROXIES) -> str:
    return str(client_address(peer, headers, trusted))


@pytest.mark.parametrize(
    ("peer", "headers", "client"),
    [
        ("203.0.113.9", [], "203.0.113.9"),
        ("203.0.113.9", ["1.2.3.4"], "203.0.113.9"),  # headers of a direct client are ignored
        ("10.0.0.1", ["1.2.3.4"], "1.2.3.4"),
        ("10.0.0.1", ["6.6.6.6, 1.2.3.4"], "1.2.3.4"),  # the client itself wrote the left end
        ("10.0.0.1", ["6.6.6.6, 1.2.3.4, 10.0.0.2"], "1.2.3.4"),
        ("10.0.0.1", ["6.6.6.6", "1.2.3.4, 10.0.0.2"], "1.2.3.4"),
        ("10.0.0.1", ["10.0.0.3, 10.0.0.2"], "10.0.0.3"),
        ("10.0.0.1", [], "10.0.0.1"),
        ("10.0.0.1", [""], "10.0.0.1"),
        ("10.0.0.1", ["1.2.3.4, "], "10.0.0.1"),
        ("10.0.0.1", ["not-an-ip"], "10.0.0.1"),
        ("10.0.0.1", ["_hidden, 10.0.0.2"], "10.0.0.2"),
        ("10.0.0.1", ["1.2.3.4:99"], "10.0.0.1"),
        ("10.0.0.1", ["[2001:db8::1]:80"], "10.0.0.1"),
        ("10.0.0.1", ["fe80::1%eth0"], "10.0.0.1"),
        ("10.0.0.1", ["2001:db8::1"], "2001:db8::1"),
        ("::ffff:10.0.0.1", ["::ffff:1.2.3.4"], "1.2.3.4"),
        ("fd00::1", ["1.2.3.4"], "1.2.3.4"),
    ],
)
def test_only_our_own_proxies_are_believed(peer: str, headers: list[str], client: str):
    assert seen(peer, *headers) == client


def test_without_proxies_nothing_but_the_peer_is_believed():
    assert seen("10.0.0.1", "1.2.3.4", trusted=()) == "10.0.0.1"


def test_an_endless_chain_is_not_followed():
    assert seen("10.0.0.1", ", ".join(["1.2.3.4"] + ["10.0.0.2"] * 1000)) == "10.0.0.2"


@given(st.lists(st.text(max_size=40), max_size=4))
def test_whatever_is_sent_the_client_is_somebody(headers: list[str]):
    assert client_address("10.0.0.1", headers, PROXIES)


@given(st.ip_addresses(v=4), st.lists(st.ip_addresses(v=4).map(str)))
def test_what_a_client_writes_itself_changes_nothing(address, forged: list[str]):
    honest = client_address("10.0.0.1", [str(address)], PROXIES)
    assert client_address("10.0.0.1", [*forged, str(address)], PROXIES) == honest or address in PROXIES[0]


@pytest.mark.parametrize(
    ("address", "key"),
    [
        ("1.2.3.4", "1.2.3.4/32"),
        ("::ffff:1.2.3.4", "1.2.3.4/32"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::1", "2001:db8:1:2::/64"),
    ],
)
def test_limits_count_by_address_or_by_the_network_of_one_client(address: str, key: str):
    assert str(address_key(ip_address(address))) == key
