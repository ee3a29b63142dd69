from __future__ import annotations

import pickle

import pytest

from cleaner.errors import ConfigError
from cleaner.memory.sites import SiteRule, address

URLS = [
    ("https://news.Example.co.uk:8080/a/b/c.html?x=1", "example.co.uk", "news.example.co.uk", "news.example.co.uk/a"),
    ("http://user@example.org", "example.org", "example.org", "example.org"),
    ("//m.example.com/x/", "example.com", "m.example.com", "m.example.com/x"),
    ("example.net/one/two", "example.net", "example.net", "example.net/one"),
    ("http://10.0.0.7/x/y", "10.0.0.7", "10.0.0.7", "10.0.0.7/x"),
    ("http://localhost/x", "localhost", "localhost", "localhost"),
]


@pytest.mark.parametrize(("url", "domain", "host", "prefix"), URLS)
def test_sites(url: str, domain: str, host: str, prefix: str) -> None:
    assert SiteRule("domain").site_of(url) == domain
    assert SiteRule("host").site_of(url) == host
    assert SiteRule("prefix:1").site_of(url) == prefix


@pytest.mark.parametrize("mode", ["domain", "host", "prefix:2"])
@pytest.mark.parametrize("url", [row[0] for row in URLS])
def test_what_was_learned_is_among_the_candidates(mode: str, url: str) -> None:
    rule = pickle.loads(pickle.dumps(SiteRule(mode)))
    assert rule.site_of(url) in rule.candidates(url)


@pytest.mark.parametrize("url", [None, "", "about us", "/relative/path", "file:///x"])
def test_no_site(url: str | None) -> None:
    assert SiteRule().site_of(url) is None
    assert SiteRule().candidates(url) == ()


@pytest.mark.parametrize("mode", ["", "domains", "prefix", "prefix:0", "prefix:x"])
def test_wrong_rules(mode: str) -> None:
    with pytest.raises(ConfigError, match="expected domain, host or prefix:N"):
        SiteRule(mode)


def test_no_network_is_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    import socket

    def refuse(*_: object) -> None:
        raise AssertionError("a connection was opened")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    assert SiteRule().site_of("https://a.b.example.com.au/x") == "example.com.au"
    assert address("https://a.b") == ("a.b", "/")
