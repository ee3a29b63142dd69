"""An index that several machines share: datasketch's `MinHashLSH` with its Redis storage.

Signatures are datasketch's own (`affine32`). Beside them the shingle sets stand in Redis, so that here too every match
is verified exactly, and a header, so that a client with other settings is refused.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any, Final, Self
from urllib.parse import parse_qs, urlsplit

import numpy as np

from cleaner.dedup.index import FORMAT, VERSION, Id, Info, Match
from cleaner.dedup.settings import SCHEME, Settings
from cleaner.dedup.sketch import Sketcher, Sketches
from cleaner.errors import ConfigError, IndexMismatch
from cleaner.records.arrow import plain_values
from cleaner.records.json_bytes import dumps

SCHEMES: Final = ("redis://", "rediss://")
_BATCH: Final = 500


class RedisIndex:
    """Documents in Redis under a name; the methods are those of `DedupIndex`, and what is added counts at once."""

    def __init__(self, url: str, *, _create: Settings | None = None) -> None:
        """Connect to `redis://host:port/db?name=NAME`; `IndexMismatch` where there is no index of that name."""
        try:
            import redis
            from datasketch import MinHash, MinHashLSH
        except ImportError as error:
            raise ConfigError(f"an index in Redis needs the packages datasketch and redis: {error}") from error
        address, query = url.partition("?")[::2]
        self.name = parse_qs(query).get("name", ["cleaner"])[0]
        self.url, self.cut_pairs = url, 0
        self._minhash: Any = MinHash
        self._client: Any = redis.Redis.from_url(address)
        try:
            self._header(_create)
        except redis.exceptions.RedisError as error:
            raise ConfigError(f"{url}: {error}") from error
        parts = urlsplit(address)
        connection = {
            "host": parts.hostname or "localhost",
            "port": parts.port or 6379,
            "db": int(parts.path.strip("/") or 0),
            "username": parts.username,
            "password": parts.password,
            "ssl": parts.scheme == "rediss",
        }
        self._lsh: Any = MinHashLSH(
            num_perm=self.settings.permutations,
            params=(self.settings.bands, self.settings.rows),
            storage_config={"type": "redis", "basename": f"{self.name}:lsh".encode(), "redis": connection},
            prepickle=False,
        )
        self._sketcher: Sketcher | None = None

    @classmethod
    def create(cls, url: str, settings: Settings | None = None) -> Self:
        """A new, empty index; `ConfigError` where there is one of that name."""
        return cls(url, _create=settings or Settings())

    def _header(self, create: Settings | None) -> None:
        key = f"{self.name}:header"
        if create:
            header = {"format": FORMAT, "version": VERSION, "settings": create.header()}
            if not self._client.set(key, json.dumps(header), nx=True):
                raise ConfigError(f"{self.url}: there is an index of the name {self.name!r} already")
        found = self._client.get(key)
        values = json.loads(found) if found else {}
        if values.get("format") != FORMAT or values.get("version") != VERSION:
            raise IndexMismatch(f"{self.url}: expected an index of the name {self.name!r}, version {VERSION}")
        self.settings = Settings.from_header(values["settings"], self.url)

    def sketcher(self) -> Sketcher:
        """What sketches texts for this index."""
        if self._sketcher is None:
            self._sketcher = Sketcher(self.settings)
        return self._sketcher

    def _signature(self, values: Any) -> Any:
        return self._minhash(hashvalues=values, seed=self.settings.seed, scheme=SCHEME)

    def _set_key(self, identity: bytes) -> bytes:
        return self.name.encode() + b":set:" + identity

    def __len__(self) -> int:
        return len(self._lsh.keys.keys())

    def add(self, ids: Sequence[Id], texts: Sequence[str]) -> int:
        """Add documents; those whose id is there already are passed over. Returns how many were added."""
        sketches = self.sketcher().texts(texts, signatures=True)
        return len(self.add_sketches([dumps(one) for one in plain_values(ids)], sketches))

    def add_sketches(self, ids: Sequence[bytes], sketches: Sketches) -> list[int]:
        """`add` for ids as JSON and texts that are sketched (with signatures); the places of those that were added."""
        starts = sketches.starts()
        added = []
        for first in range(0, len(ids), _BATCH):
            places = range(first, min(first + _BATCH, len(ids)))
            with self._client.pipeline(transaction=False) as pipe:
                for place in places:
                    data = sketches.sets[starts[place] : starts[place + 1]].astype("<u8").tobytes()
                    pipe.set(self._set_key(ids[place]), data, nx=True)
                new = [place for place, done in zip(places, pipe.execute(), strict=True) if done]
            with self._lsh.insertion_session(buffer_size=_BATCH) as session:
                for place in new:
                    session.insert(ids[place], self._signature(sketches.signatures[place]), check_duplication=False)
            added += new
        return added

    def query(self, texts: Sequence[str]) -> list[Match]:
        """The documents similar to each of `texts`, most similar first; similarities are exact."""
        return self.query_sketches(self.sketcher().texts(texts, signatures=True))

    def query_sketches(self, sketches: Sketches) -> list[Match]:
        """`query` for texts that are sketched already, with signatures."""
        starts = sketches.starts()
        found = []
        for place in range(len(sketches)):
            candidates = sorted(self._lsh.query(self._signature(sketches.signatures[place])))
            own = sketches.sets[starts[place] : starts[place + 1]]
            matches = []
            values = self._client.mget([self._set_key(one) for one in candidates]) if candidates else []
            for identity, data in zip(candidates, values, strict=True):
                if data is None:  # being removed by somebody else
                    continue
                similarity = _jaccard(own, np.frombuffer(data, "<u8"))
                if similarity >= self.settings.threshold:
                    matches.append(Match(place, json.loads(identity), similarity))
            found += sorted(matches, key=lambda match: -match.similarity)
        return found

    def remove(self, ids: Iterable[Id]) -> int:
        """Take documents out; unknown ids are passed over. Returns how many were there."""
        count = 0
        for identity in map(dumps, ids):
            if identity in self._lsh:
                self._lsh.remove(identity)
                self._client.delete(self._set_key(identity))
                count += 1
        return count

    def info(self) -> Info:
        """Counts; sizes are the server's business."""
        return Info(self.settings, len(self), 0, 0, 0)

    def commit(self) -> None:
        """Nothing: everything counts at once."""

    def close(self) -> None:
        """Close the connection."""
        self._client.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _jaccard(left: Any, right: Any) -> float:
    common = len(np.intersect1d(left, right, assume_unique=True))
    return common / (len(left) + len(right) - common)
