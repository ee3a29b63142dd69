"""Which site a page belongs to: its registered domain, its host, or its host and the beginning of its path."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Final

from cleaner.errors import ConfigError

DOMAIN, HOST, PREFIX = "domain", "host", "prefix"
_URL: Final = re.compile(r"(?:[a-z][a-z0-9+.-]*:)?//(?:[^/?#@]*@)?(\[[^\]/]*\]|[^/?#:@\s]+)(?::\d*)?(/[^?#]*)?", re.IGNORECASE)
_BARE: Final = re.compile(r"([^/?#:@\s]+\.[^/?#:@\s\d.][^/?#:@\s]*)(?::\d+)?(/[^?#]*)?(?:[?#]|$)")
_NUMERIC: Final = re.compile(r"\[.*\]|[\d.]+")
_REMEMBERED: Final = 100_000


def address(url: str) -> tuple[str, str] | None:
    """Host (lower case, no port) and path of a URL, or None where it names no host."""
    found = _URL.match(url) or _BARE.match(url)
    if not found:
        return None
    host = found[1].lower().rstrip(".")
    return (host, found[2] or "/") if host else None


def number_of(name: str) -> int:
    """The 64-bit number of a site's name."""
    return int.from_bytes(hashlib.blake2b(name.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "little")


@dataclass(frozen=True)
class SiteRule:
    """What makes pages pages of one site: `domain`, `host`, or `prefix:N` (host and N parts of the path)."""

    mode: str = DOMAIN
    _known: dict[str, str] = field(default_factory=dict, compare=False, repr=False)

    def __post_init__(self) -> None:
        name, _, parts = self.mode.partition(":")
        if not (self.mode in (DOMAIN, HOST) or (name == PREFIX and parts.isdecimal() and int(parts) > 0)):
            raise ConfigError(f"site {self.mode!r}: expected domain, host or prefix:N with N of at least 1")

    def __getstate__(self) -> dict[str, Any]:
        return {"mode": self.mode}

    def __setstate__(self, state: dict[str, Any]) -> None:
        object.__setattr__(self, "mode", state["mode"])
        object.__setattr__(self, "_known", {})

    @property
    def by_path(self) -> bool:
        """Whether the site depends on more than the host."""
        return self.mode.startswith(PREFIX)

    def site_of(self, url: str | None) -> str | None:
        """The name of the site a page is learned for, or None for a page without a usable URL."""
        found = address(url) if url else None
        if found is None:
            return None
        host, path = found
        if self.mode == HOST:
            return host
        if self.mode == DOMAIN:
            return self._domain(host)
        parts = [part for part in path.split("/")[:-1] if part][: int(self.mode.partition(":")[2])]
        return "/".join((host, *parts))

    def key_of(self, url: str | None) -> str | None:
        """What `candidates` depend on: the same for pages of a host, or the whole URL where its path matters."""
        if not url or self.by_path:
            return url
        end = url.find("/", url.find("//") + 2)
        return url[:end] if end > 0 else url

    def candidates(self, url: str | None) -> tuple[str, ...]:
        """The names under which the page's site may be known, best first.

        For domains these are the host and all that it ends with: the one that was learned is among them, so the list of
        public suffixes is needed for learning only.
        """
        found = address(url) if url else None
        if found is None:
            return ()
        if self.mode != DOMAIN:
            site = self.site_of(url)
            return (site,) if site else ()
        host = found[0]
        if _NUMERIC.fullmatch(host):
            return (host,)
        labels = host.split(".")
        return tuple(".".join(labels[first:]) for first in range(max(len(labels) - 1, 1)))

    def _domain(self, host: str) -> str:
        known = self._known.get(host)
        if known is None:
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            known = self._known[host] = self._registered(host)
        return known

    def _registered(self, host: str) -> str:
        if _NUMERIC.fullmatch(host) or "." not in host:
            return host
        found = _suffixes()(host)
        if not found.suffix:  # a suffix that nobody lists is one label long
            return ".".join(host.split(".")[-2:])
        return found.top_domain_under_public_suffix or host


@cache
def _suffixes() -> Any:
    """What parts a host by the list of public suffixes that comes with the package: nothing is fetched or written."""
    try:
        from tldextract import TLDExtract
    except ImportError as error:
        raise ConfigError("site 'domain' needs the package tldextract; --site host does without") from error
    return TLDExtract(suffix_list_urls=(), cache_dir=None, include_psl_private_domains=True).extract_str
