"""Texts of sites: their names, the pages of which the text is kept, and the lines shown as examples."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from cleaner.adapters.spark import blobs
from cleaner.adapters.spark.memory.plan import Plan, chunk_runs, column, parts_of, signed, unsigned
from cleaner.adapters.spark.sketching import write_once
from cleaner.dedup.store import Arrays
from cleaner.memory.build import examples, texts_section
from cleaner.memory.learn import Run
from cleaner.memory.samples import SAMPLES

TEXTS: Final = "part int, site long, page long, name string, text binary"


@dataclass(frozen=True, slots=True)
class EmitTexts:
    """From numbers of chunks to the texts that are kept of them, with the names of their sites."""

    plan: Plan

    def __call__(self, batches: Iterator[Any]) -> Iterator[Any]:
        """From numbers to rows."""
        schema = blobs.arrow_schema(TEXTS)
        for _, run in chunk_runs(self.plan, batches):
            index = run.read("samples").reshape(-1, 2)
            ends = run.read("ends").tolist()
            texts = run.read("texts").tobytes()
            names = dict(json.loads(run.read("names").tobytes()))
            columns = {
                "part": index[:, 0] % np.uint64(self.plan.site_parts),
                "site": signed(index[:, 0]),
                "page": signed(index[:, 1]),
                "name": [names[site] for site in index[:, 0].tolist()],
                "text": [texts[low:high] for low, high in zip([0, *ends], ends, strict=False)],
            }
            yield blobs.record_batch(columns, schema)


@dataclass(frozen=True, slots=True)
class KeepTexts:
    """Writes the names of the sites of a part, and the texts of the pages with each site's smallest numbers."""

    plan: Plan

    def __call__(self, batches: Iterator[Any]) -> Iterator[Any]:
        """From texts in the order of their parts to numbers of parts."""
        done = []
        for part, rows in parts_of(batches):
            names: dict[int, str] = {}
            kept: dict[int, dict[int, bytes]] = {}
            for batch in rows:
                sites, pages = (unsigned(batch.column(at).to_numpy()).tolist() for at in (1, 2))
                for at, (site, page) in enumerate(zip(sites, pages, strict=True)):
                    names[site] = batch.column(3)[at].as_py()
                    _keep(kept.setdefault(site, {}), page, batch.column(4)[at])
            samples = [(site, page, text) for site, own in sorted(kept.items()) for page, text in sorted(own.items())]
            sections = {
                "sites": np.array(sorted(names), np.uint64),
                **texts_section("name", [names[site] for site in sorted(names)]),
                "samples": np.array([sample[:2] for sample in samples], np.uint64).reshape(-1, 2),
                "ends": np.cumsum([len(text) for _, _, text in samples], dtype=np.int64),
                "texts": np.frombuffer(b"".join(text for _, _, text in samples), np.uint8),
            }
            write_once(self.plan.file("names", part), sections, {})
            done.append(part)
        yield blobs.record_batch({"part": done}, blobs.arrow_schema("part int"))


def _keep(own: dict[int, bytes], page: int, text: Any) -> None:
    """Keep a text where its page is one of those with the smallest numbers; of one page the text that is first in order."""
    if len(own) == SAMPLES and page > max(own):
        return
    found = text.as_py()
    own[page] = min(found, own.get(page, found))
    if len(own) > SAMPLES:
        del own[max(own)]


@dataclass(frozen=True, slots=True)
class WriteExamples:
    """Writes the texts of the lines on most pages of the sites of a part."""

    plan: Plan

    def __call__(self, batches: Iterator[Any]) -> Iterator[Any]:
        """From lines of sites in the order of their parts to numbers of parts."""
        done = []
        for part, found in parts_of(batches):
            rows = list(found)
            keys, of_site = unsigned(column(rows, 1)), unsigned(column(rows, 2))
            order = np.argsort(keys)
            counts = np.zeros((len(keys), 4), np.uint32)
            counts[:, 3] = column(rows, 3)[order]
            stored = Arrays(self.plan.file("names", part))
            sites = stored.read("sites")
            site = np.searchsorted(sites, of_site[order]).astype(np.uint32)
            sections = examples([Run(stored)], keys[order], site, counts, sites)
            stored.close()
            write_once(self.plan.file("texts", part), sections, {})
            done.append(part)
        yield blobs.record_batch({"part": done}, blobs.arrow_schema("part int"))
