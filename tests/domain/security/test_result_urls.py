"""URLs of results: only https to a listed host, and never into a private network."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.security.result_urls import Origins, UrlNotAllowed, check_result_url, is_public

HOST = "results.ai.example"
ALLOWED = Origins({HOST, "cdn.ai.example"})
DEVELOPMENT = Origins({HOST}, local="http://127.0.0.1:8123")

REFUSED = [
    "",
    "result.jpg",
    "//results.ai.example/a.jpg",
    "file:///etc/passwd",
    "ftp://results.ai.example/a.jpg",
    "gopher://results.ai.example/_GET",
    "data:image/png;base64,AAAA",
    "javascript:alert(1)",
    "http://results.ai.example/a.jpg",
    "HTTPS://results.ai.example/a.jpg",
    "https:/results.ai.example/a.jpg",
    "https:results.ai.example/a.jpg",
    "https://RESULTS.ai.example/a.jpg",
    "https://results.ai.example./a.jpg",
    "https://results.ai.example:22/a.jpg",
    "https://results.ai.example:80/a.jpg",
    "https://results.ai.example:0443/a.jpg",
    "https://results.ai.example:/a.jpg",
    "https://results.ai.example:443@10.0.0.1/a.jpg",
    "https://user@results.ai.example/a.jpg",
    "https://results.ai.example@169.254.169.254/latest",
    "https://169.254.169.254#@results.ai.example/",
    "https://169.254.169.254\\@results.ai.example/",
    "https://results.ai.example\\.evil.example/a.jpg",
    "https://results.ai.example.evil.example/a.jpg",
    "https://evil.example/results.ai.example",
    "https://evil-results.ai.example/a.jpg",
    "https://ai.example/a.jpg",
    "https://localhost/a.jpg",
    "https://127.0.0.1/a.jpg",
    "https://2130706433/a.jpg",
    "https://0x7f000001/a.jpg",
    "https://0177.0.0.1/a.jpg",
    "https://[::1]/a.jpg",
    "https://[::ffff:127.0.0.1]/a.jpg",
    "https://169.254.169.254/latest/meta-data",
    "https://metadata.google.internal/",
    "https://results.ai.example/a b.jpg",
    "https://results.ai.example/a.jpg\r\nhost: evil.example",
    "https://results.ai.example/a.jpg#fragment",
    "https://results.ai.example/\N{FULLWIDTH FULL STOP}jpg",
    "https://results\N{IDEOGRAPHIC FULL STOP}ai.example/a.jpg",
    " https://results.ai.example/a.jpg",
    "https://results.ai.example/" + "a" * 2048,
    "http://127.0.0.1:8123/a.jpg",
]


@pytest.mark.parametrize("url", REFUSED)
def test_an_address_that_is_not_on_the_list_letter_by_letter_is_refused(url):
    with pytest.raises(UrlNotAllowed):
        check_result_url(url, ALLOWED)


@pytest.mark.parametrize("url", [url for url in REFUSED if url != "http://127.0.0.1:8123/a.jpg"])
def test_a_stand_in_opens_no_other_door(url):
    with pytest.raises(UrlNotAllowed):
        check_result_url(url, DEVELOPMENT)


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:8124/a.jpg",
        "https://127.0.0.1:8123/a.jpg",
        "http://127.0.0.1/a.jpg",
        "http://localhost:8123/a.jpg",
        "http://127.0.0.1:81234/a.jpg",
        "http://127.0.0.1:8123@evil.example/a.jpg",
    ],
)
def test_on_this_machine_only_the_stand_in_may_be_asked(url):
    with pytest.raises(UrlNotAllowed):
        check_result_url(url, DEVELOPMENT)


@pytest.mark.parametrize(
    ("url", "origins"),
    [
        ("https://results.ai.example/a/b.jpg?size=2&sig=a%2Fb", ALLOWED),
        ("https://cdn.ai.example:443/a.jpg", ALLOWED),
        ("https://results.ai.example", ALLOWED),
        ("http://127.0.0.1:8123/results/a.jpg", DEVELOPMENT),
    ],
)
def test_an_address_on_the_list_is_allowed(url, origins):
    check_result_url(url, origins)


@given(st.text(max_size=60))
def test_no_other_text_is_an_address(text):
    with pytest.raises(UrlNotAllowed):
        check_result_url(text, ALLOWED)


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "10.0.0.1",
        "localhost",
        "ai",
        "[::1]",
        "*.ai.example",
        "-a.example",
        "a_b.example",
        "a.example:443",
        "A.example",
    ],
)
def test_a_list_holds_names_and_nothing_else(host):
    with pytest.raises(ValueError, match="is not the name of a host"):
        Origins({host})


@pytest.mark.parametrize(
    "origin",
    [
        "http://127.0.0.1",
        "https://127.0.0.1:1",
        "http://10.0.0.1:80",
        "http://localhost:80",
        "http://127.0.0.1:80/",
    ],
)
def test_a_local_origin_is_a_port_of_this_machine(origin):
    with pytest.raises(ValueError, match="is not of the form"):
        Origins(local=origin)


@pytest.mark.parametrize(
    "address",
    [
        "0.0.0.0", "10.0.0.1",  # noqa: S104
        "100.64.0.1", "127.0.0.1", "127.8.8.8", "169.254.169.254", "172.16.0.1",
        "172.31.255.255", "192.0.0.1", "192.0.2.1", "192.88.99.1", "192.168.1.1", "198.18.0.1",
        "198.51.100.1", "203.0.113.1", "224.0.0.1", "240.0.0.1", "255.255.255.255", "::", "::1",
        "::7f00:1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "64:ff9b::a00:1",
        "64:ff9b:1::a00:1", "100::1", "2001::1", "2001:db8::1", "2002:a00:1::1", "fc00::1", "fd00:ec2::254",
        "fe80::1", "fe80::1%eth0", "fec0::1", "ff02::1",
    ],
)  # fmt: skip
def test_an_address_nearer_than_the_internet_is_not_public(address):
    assert not is_public(address)


@pytest.mark.parametrize(
    "address", ["1.1.1.1", "93.184.215.14", "::ffff:93.184.215.14", "2606:4700:4700::1111"]
)
def test_an_address_on_the_internet_is(address):
    assert is_public(address)
