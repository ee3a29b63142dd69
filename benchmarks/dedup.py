"""How fast `cleaner dedup` is, against the floor of reading and writing JSON and against other packages, on one file.

    python benchmarks/dedup.py --documents 20000

The corpus is made up here, the same for the same arguments: Zipf words, log-normal lengths, a quarter of the documents
edited copies of earlier ones. Each contestant runs in a process of its own; CPU seconds (user and system, children
included) are what is compared, since wall time depends on what else the machine does. Packages that are not installed
are left out. With `--check`, what was removed is compared with the components of all exactly similar pairs.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import re
import resource
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

THRESHOLD, PERMUTATIONS, NGRAM = 0.8, 128, 5
WORD = re.compile(r"\w+")


def vocabulary(size: int) -> list[str]:
    """Invented words, short ones first."""
    consonants, vowels = "bdfgklmnprstvz", ["a", "e", "i", "o", "u", "é", "ü"]
    syllables = [one + other for one in consonants for other in vowels]
    words = itertools.chain.from_iterable(itertools.product(syllables, repeat=length) for length in (1, 2, 3))
    return ["".join(word) for word in itertools.islice(words, size)]


def write_corpus(path: Path, documents: int, *, seed: int = 1) -> None:
    """JSON lines with an id and a text each."""
    rng = np.random.default_rng(seed)
    words = np.array(vocabulary(40_000), object)
    weights = 1 / np.arange(3, len(words) + 3) ** 1.05
    cumulated = np.cumsum(weights / weights.sum())

    def draw(count: int) -> np.ndarray:
        return np.minimum(np.searchsorted(cumulated, rng.random(count)), len(words) - 1)

    bases: list[np.ndarray] = []
    with path.open("w", encoding="utf-8") as out:
        for number in range(documents):
            if bases and rng.random() < 0.25:
                ids = bases[int(rng.integers(len(bases)))].copy()
                changed = rng.random(len(ids)) < rng.choice((0, 0.002, 0.005, 0.01, 0.02, 0.03, 0.05))
                ids[changed] = draw(int(changed.sum()))
            else:
                ids = draw(int(np.clip(rng.lognormal(6, 0.8), 20, 20_000)))
                bases = [*bases[-3000:], ids]
            ends = np.where(rng.random(len(ids)) < 0.06, ".\n" if rng.random() < 0.3 else ". ", " ").astype(object)
            out.write(
                json.dumps({"id": number, "text": "".join((words[ids] + ends).tolist())}, ensure_ascii=False) + "\n"
            )


def records(path: Path) -> Iterator[dict[str, object]]:
    import orjson

    with path.open("rb") as lines:
        yield from map(orjson.loads, lines)


def shingles(text: str) -> set[str]:
    words = WORD.findall(text.lower())
    return {" ".join(words[at : at + NGRAM]) for at in range(max(1, len(words) - NGRAM + 1))}


def floor(path: Path) -> None:
    """Every record parsed and written again."""
    import orjson

    with open(os.devnull, "wb") as out:
        for record in records(path):
            out.write(orjson.dumps(record))


def cleaner(path: Path, jobs: int = 1) -> list[int]:
    """The command line as it is called."""
    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        out, removed = f"{folder}/out.jsonl", Path(folder) / "removed.jsonl"
        argv = ["dedup", str(path), "-o", out, "--removed", str(removed), "--jobs", str(jobs), "-q"]
        subprocess.run([sys.executable, "-m", "cleaner", *argv], check=True)
        return [int(json.loads(row)["id"]) for row in removed.open()]


def cleaner_two(path: Path) -> list[int]:
    """The same with two workers."""
    return cleaner(path, jobs=2)


def rensa(path: Path) -> list[int]:
    """rensa's MinHash and LSH, as its documentation shows them."""
    import rensa

    lsh = rensa.RMinHashLSH(threshold=THRESHOLD, num_perm=PERMUTATIONS, num_bands=8)
    pairs = []
    for number, record in enumerate(records(path)):
        minhash = rensa.RMinHash(num_perm=PERMUTATIONS, seed=42)
        minhash.update(list(shingles(str(record["text"]))))
        pairs += [(other, number) for other in lsh.query(minhash)]
        lsh.insert(number, minhash)
    return removed_by(pairs)


def datasketch(path: Path) -> list[int]:
    """datasketch's MinHash and LSH, as its documentation shows them."""
    from datasketch import MinHash, MinHashLSH

    lsh = MinHashLSH(threshold=THRESHOLD, num_perm=PERMUTATIONS)
    pairs = []
    sets = ([one.encode() for one in shingles(str(record["text"]))] for record in records(path))
    for number, minhash in enumerate(MinHash.generator(sets, num_perm=PERMUTATIONS)):
        pairs += [(other, number) for other in lsh.query(minhash)]
        lsh.insert(number, minhash, check_duplication=False)
    return removed_by(pairs)


def exact(path: Path) -> list[int]:
    """All pairs that are exactly similar, found by their rarest shingles (prefix filtering)."""
    sets = [shingles(str(record["text"])) for record in records(path)]
    counts: dict[str, int] = defaultdict(int)
    for one in sets:
        for shingle in one:
            counts[shingle] += 1
    places: dict[str, list[int]] = defaultdict(list)
    pairs = []
    for number, one in enumerate(sets):
        rarest = sorted(one, key=lambda shingle: (counts[shingle], shingle))
        prefix = rarest[: len(one) - int(np.ceil(THRESHOLD * len(one))) + 1]
        for other in {other for shingle in prefix for other in places[shingle]}:
            if len(one & sets[other]) / len(one | sets[other]) >= THRESHOLD:
                pairs.append((other, number))
        for shingle in prefix:
            places[shingle].append(number)
    return removed_by(pairs)


def removed_by(pairs: list[tuple[int, int]]) -> list[int]:
    """All but the first of each component."""
    parent: dict[int, int] = {}

    def find(node: int) -> int:
        while (above := parent.get(node, node)) != node:
            node = above
        return node

    for pair in pairs:
        low, high = sorted(map(find, pair))
        parent[high] = low
    return [node for node in parent if find(node) != node]


CONTESTANTS: dict[str, Callable[[Path], list[int] | None]] = {
    "floor": floor,
    "cleaner": cleaner,
    "cleaner_two": cleaner_two,
    "rensa": rensa,
    "datasketch": datasketch,
    "exact": exact,
}


def measured(name: str, path: Path) -> dict[str, object] | None:
    """One contestant in a process of its own; None where its package is not installed."""
    found = subprocess.run([sys.executable, __file__, "--run", name, str(path)], capture_output=True, text=True)
    if "ModuleNotFoundError" in found.stderr:
        return None
    found.check_returncode()
    result: dict[str, object] = json.loads(found.stdout)
    return result


def run(name: str, path: Path) -> None:
    begin = time.time()
    removed = CONTESTANTS[name](path)
    own, children = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime
    memory = max(own.ru_maxrss, children.ru_maxrss) / 1024
    json.dump({"cpu": cpu, "wall": time.time() - begin, "memory": memory, "removed": removed}, sys.stdout)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--documents", type=int, default=20_000)
    parser.add_argument("--corpus", type=Path, help="a file of JSON lines with id (0, 1, 2 …) and text, instead")
    parser.add_argument("--check", action="store_true", help="compare what was removed with all exactly similar pairs")
    parser.add_argument("--run", nargs=2, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.run:
        run(args.run[0], Path(args.run[1]))
        return
    with tempfile.TemporaryDirectory() as folder:
        path = args.corpus or Path(folder) / "corpus.jsonl"
        if not args.corpus:
            write_corpus(path, args.documents)
        measured("cleaner", path)  # the first run may have to compile
        truth = set(measured("exact", path)["removed"]) if args.check else None  # type: ignore[index, call-overload]
        size = path.stat().st_size / 1e6
        print(f"{size:.0f} MB, {sum(1 for _ in path.open('rb'))} documents")
        print("| | CPU s | MB per CPU s | wall s | memory MB | times the floor | removed | recall | precision |")
        print("|---|---|---|---|---|---|---|---|---|")
        base = None
        for name in ("floor", "cleaner", "cleaner_two", "rensa", "datasketch"):
            row = measured(name, path)
            if row is None:
                continue
            base = base or row
            cpu, removed = float(row["cpu"]), row["removed"]  # type: ignore[arg-type]
            cells = [f"{cpu:.2f}", f"{size / cpu:.1f}", f"{row['wall']:.2f}", f"{row['memory']:.0f}"]
            cells += [f"{cpu / float(base['cpu']):.1f}", str(len(removed)) if removed else ""]  # type: ignore[arg-type]
            if truth and removed:
                common = len(truth & set(removed))
                cells += [f"{common / len(truth):.4f}", f"{common / len(removed):.4f}"]
            print("|", name, "|", " | ".join(cells), "|", flush=True)


if __name__ == "__main__":
    main()
