"""How fast the filter is: CPU time against a JSON round trip, two workers against one, and the start.

    python benchmarks/speed.py [--megabytes 60] [--runs 3]

The input is made up here: words of several scripts, lines of about 125 characters as extractors leave them, and shorter
ones of about 40 as in full-text dumps, with chrome between them. Each number is the best of the runs, which alternate.
"""

from __future__ import annotations

import argparse
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import orjson

WORDS = (
    "the harbour was quiet when a small boat with two lamps came round the pier and nobody on shore had seen it leave",
    "le marché du samedi reste ouvert malgré la pluie et les vendeurs gardent leurs étals sous de grandes toiles vertes",
    "der alte Müller erzählte abends von dem Fluss der früher über die Wiesen trat und dann wieder in sein Bett fand",
    "los vecinos pintaron la escuela durante el verano con ayuda de sus hijos y ahora nadie quiere volver a la ciudad",
    "в саду за домом росли старые яблони и дети собирали плоды до самого вечера пока не становилось совсем темно",
    "στο νησί φυσούσε δυνατός άνεμος και οι ψαράδες έμειναν στο καφενείο μέχρι να πέσει η νύχτα πάνω στο λιμάνι",
    "在 山谷 里 的 小 村庄 每年 春天 都 会 举行 一个 热闹 的 集市 人们 从 远处 赶来 买 茶叶 和 木器",
    "كان الصيادون يعودون إلى القرية قبل الغروب ومعهم سلال من السمك والأطفال ينتظرون على الرصيف القديم",
)
CHROME = (
    "Share on Facebook",
    "Read more",
    "You may also like",
    "Home > News > Local",
    "Leave a comment",
    "Teilen",
    "12 May 2024",
)


def made_up(path: Path, size: int, line_length: int, rng: random.Random) -> None:
    """Write records until there are `size` bytes, with lines of about `line_length` characters."""
    written = number = 0
    with path.open("wb") as out:
        while written < size:
            words = rng.choice(WORDS).split()
            lines = [sentence(words, line_length, rng) for _ in range(rng.randint(8, 60))]
            for _ in range(rng.randint(0, 8)):
                lines.insert(rng.choice((0, len(lines), rng.randrange(len(lines)))), rng.choice(CHROME))
            record = {
                "id": f"doc-{number}",
                "url": f"https://site{number % 97}.example/{number}",
                "text": "\n".join(lines),
            }
            written += out.write(orjson.dumps(record) + b"\n")
            number += 1


def sentence(words: Sequence[str], length: int, rng: random.Random) -> str:
    """One line."""
    picked: list[str] = []
    left = rng.gauss(length, length / 3)
    while left > 0:
        picked.append(rng.choice(words))
        left -= len(picked[-1]) + 1
    return " ".join(picked) + rng.choice((".", ".", ".", "!", ","))


def cpu_of(command: Sequence[str]) -> tuple[float, float]:
    """CPU seconds (of all processes) and wall seconds of a command."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=environment)
    wall, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, wall


ROUND_TRIP = """
import sys, orjson
with open(sys.argv[1], "rb") as lines, open(sys.argv[2], "wb") as out:
    for line in lines:
        out.write(orjson.dumps(orjson.loads(line)) + b"\\n")
"""


def measure(path: Path, folder: Path, runs: int) -> dict[str, float]:
    """The best CPU seconds of the round trip and of the filter, and the best wall seconds with one and two workers."""
    out = str(folder / "out.jsonl")
    clean = [sys.executable, "-m", "cleaner", "clean", "--no-config", "-q", str(path), "-o", out, "--jobs"]
    best: dict[str, float] = {}
    for _ in range(runs):
        trip, _ = cpu_of([sys.executable, "-c", ROUND_TRIP, str(path), out])
        cpu, wall = cpu_of([*clean, "1"])
        _, wall_two = cpu_of([*clean, "2"])
        for name, value in (("trip", trip), ("cpu", cpu), ("wall 1", wall), ("wall 2", wall_two)):
            best[name] = min(value, best.get(name, value))
    return best


def main() -> None:
    """Print one line per input, and one for the start."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--megabytes", type=int, default=60, help="size of each input")
    parser.add_argument("--runs", type=int, default=3)
    args = parser.parse_args()
    start, _ = min(cpu_of([sys.executable, "-m", "cleaner", "--help"]) for _ in range(max(args.runs, 3)))
    print(f"{os.cpu_count()} cores, Python {sys.version.split()[0]}")
    print(f"cleaner --help: {start:.3f} CPU seconds")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for kind, length in (("extracted text", 125), ("full text", 40)):
            path = folder / "in.jsonl"
            made_up(path, args.megabytes * 1_000_000, length, random.Random(length))
            best = measure(path, folder, args.runs)
            print(
                f"{kind} ({length} characters a line): {best['cpu'] / best['trip']:.1f} x a JSON round trip of"
                f" {best['trip']:.2f} CPU seconds; two workers {best['wall 1'] / best['wall 2']:.2f} x as fast as one"
            )


if __name__ == "__main__":
    main()
