"""Site memory: learning speed against `orjson.loads`, memory while learning, start-up with a large memory file.

    python benchmarks/memory.py speed FILE.jsonl      learning, against parsing the same file
    python benchmarks/memory.py learn [LINES SITES]   generated pages: time, peak memory, size of the memory file
    python benchmarks/memory.py open [MEGABYTES [FILE.jsonl]]   start-up and cleaning with a memory file of that size
    python benchmarks/memory.py pages DATA            labelled pages (docs/data.md): word F1 with and without memory, and how many
                                                      of the gold's words that stay without memory stay with it

`pages` learns from all pages of the data and cleans them, and reports those of sites with three pages or more. Weights that
have seen the sites leave little to gain: `cleaner tune --data OTHERS --force` fits them on other sites.
"""

from __future__ import annotations

import random
import resource
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import orjson

from cleaner import Cleaner, SiteMemory
from cleaner.bench.labelled import read_pages
from cleaner.bench.score import WordBag, words
from cleaner.memory.corpus import LearnPlan, learn_files
from cleaner.memory.sites import SiteRule
from cleaner.memory.store import write_memory
from cleaner.records.fields import Fields

_WORDS = [f"{a}{b}{c}" for a in "brst" for b in ("a", "e", "io", "ou") for c in ("n", "rd", "st", "ver", "lling")]
_SITE_PAGES = 3
_BATCH = 100


def pages(lines: int, sites: int, seed: int = 0) -> Iterator[bytes]:
    """Records of forty lines each; a fourth of the lines are the site's."""
    rng = random.Random(seed)
    made = number = 0
    while made < lines:
        site = rng.randrange(sites)
        chrome = [f"{_WORDS[(site * 7 + k) % 80]} {_WORDS[(site * 3 + k * 5) % 80]} {site}" for k in range(10)]
        body = [" ".join(rng.choices(_WORDS, k=rng.choice((6, 14, 40)))) + "." for _ in range(30)]
        text = "\n".join((*chrome[:4], *body, *chrome[4:]))
        yield orjson.dumps({"id": number, "url": f"https://www.site{site}.example.org/p/{number}", "text": text}) + b"\n"
        made, number = made + 40, number + 1


def speed(path: Path) -> None:
    """CPU time of learning from `path` and of parsing it."""
    lines = path.read_bytes().splitlines()
    parsed = min(_cpu(lambda: [orjson.loads(line) for line in lines]) for _ in range(3))
    with tempfile.TemporaryDirectory() as folder:
        plan = LearnPlan(inputs=[str(path)], output=f"{folder}/memory.db", site="host")
        learn_files(plan, Fields())
        learned = min(_cpu(lambda: learn_files(plan, Fields())) for _ in range(3))
    size = path.stat().st_size / 1e6
    print(f"{size:.1f} MB: orjson.loads {parsed:.3f} s, learn {learned:.3f} s CPU = {learned / parsed:.1f} x (bar 6)")


def _cpu(work: object) -> float:
    start = time.process_time()
    work()  # type: ignore[operator]
    return time.process_time() - start


def learn(lines: int, sites: int) -> None:
    """Learn from a generated file in a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        source, output = Path(folder) / "in.jsonl", Path(folder) / "memory.db"
        with source.open("wb") as out:
            out.writelines(pages(lines, sites))
        start = time.perf_counter()
        command = [sys.executable, "-m", "cleaner", "learn", str(source), "-o", str(output), "-j", "1", "--site", "host"]
        subprocess.run(command, check=True)
        seconds = time.perf_counter() - start
        peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
        print(f"{lines} lines, {sites} sites, {source.stat().st_size / 1e6:.0f} MB in {seconds:.1f} s: peak {peak:.0f} MB")
        print(f"memory file {output.stat().st_size / 1e6:.1f} MB")


def open_large(megabytes: int, source: Path | None = None) -> None:
    """Make a memory file of that size out of generated pages (or those of `source`) and filling, and clean them with it."""
    rows = megabytes * 1_000_000 // 32
    rng = np.random.default_rng(1)
    lines = source.read_bytes().splitlines() if source else pages(20_000, 50)
    records = [orjson.loads(line) for line in lines]
    small = SiteMemory.learn(records, site="host").sections
    extra = np.unique(rng.integers(1, 2**64 - 1, rows, dtype=np.uint64))
    keys = np.concatenate((small["keys"], extra))
    order = np.argsort(keys)
    counts = np.concatenate((small["counts"], rng.integers(0, 9, (len(extra), small["counts"].shape[1])).astype(np.uint32)))
    site = np.concatenate((small["site"], np.zeros(len(extra), np.uint32)))
    sections = {**small, "keys": keys[order], "counts": counts[order], "site": site[order]}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "memory.db"
        write_memory(path, sections, site="host", least=2)
        start = time.perf_counter()
        memory = SiteMemory.load(path)
        loaded = time.perf_counter() - start
        plain, known = Cleaner(), Cleaner(memory=memory)
        texts, urls = [record["text"] for record in records], [record["url"] for record in records]
        times = []
        for cleaner in (plain, known):
            cleaner.clean_batch(texts[:50], urls=urls[:50])
            times.append(min(_cpu(lambda c=cleaner: _clean(c, texts, urls)) for _ in range(3)))
        size = path.stat().st_size / 1e6
        ratio = times[1] / times[0]
        print(f"{size:.0f} MB opened in {loaded * 1000:.1f} ms (bar 1000); cleaning {ratio:.2f} x (bar 1.3) of that without")


def _clean(cleaner: Cleaner, texts: list[str], urls: list[str]) -> None:
    for first in range(0, len(texts), _BATCH):
        cleaner.clean_batch(texts[first : first + _BATCH], urls=urls[first : first + _BATCH])


def gain(path: str) -> None:
    """Word F1 of the pages of sites with `_SITE_PAGES` pages or more, and what is kept of the gold's words, by language and kind
    of page."""
    items = [item for item in read_pages([path]) if item.gold]
    urls = [item.info.url or f"https://{item.info.site}/{number}" for number, item in enumerate(items)]
    records = ({"html": item.html, "url": url} for item, url in zip(items, urls, strict=True))
    plain, knowing = Cleaner(), Cleaner(memory=SiteMemory.learn(records))
    rule = SiteRule("domain")
    sites = [rule.site_of(url) or "" for url in urls]
    pages = Counter(sites)
    found: dict[str, list[list[float]]] = {"all": []}
    for item, url, site in zip(items, urls, sites, strict=True):
        if pages[site] >= _SITE_PAGES:
            gold = item.gold or ""
            without, known = (cleaner.clean(html=item.html, url=url).text for cleaner in (plain, knowing))
            row = [_f1(without, gold), _f1(known, gold), _words_of(without, gold), _words_of(known, gold)]
            for group in dict.fromkeys(("all", item.info.lang, item.info.kind)):
                found.setdefault(group, []).append(row)
    for group, rows in found.items():
        before, after, words_before, words_after = np.mean(rows, axis=0)
        kept = words_after / words_before if words_before else 1.0
        told = f"{before:.4f} without, {after:.4f} with memory, {after - before:+.4f}; kept {kept:.4f}"
        print(f"{group:13} {len(rows):4} pages: {told}")


def _words_of(text: str, gold: str) -> int:
    """How many of the gold's words the text has."""
    return (Counter(words(text)) & Counter(words(gold))).total()


def _f1(text: str, gold: str) -> float:
    return WordBag([text], gold).f1(np.ones(1, np.bool_))


def main(arguments: list[str]) -> None:
    """Run one of the four."""
    match arguments:
        case ["speed", path]:
            speed(Path(path))
        case ["learn", *sizes]:
            learn(*(int(size) for size in sizes or ("10000000", "10000")))
        case ["open", *sizes]:
            open_large(int(next(iter(sizes), "1000")), *map(Path, sizes[1:]))
        case ["pages", path]:
            gain(path)
        case _:
            print(__doc__)


if __name__ == "__main__":
    main(sys.argv[1:])
