"""Spark against the command line: the same bytes, in bounded memory, with little shuffled.

    python benchmarks/spark.py same PAGES.jsonl[.zst]     clean, learn, and clean with what was learned
    python benchmarks/spark.py dedup CORPUS.jsonl         kept and removed documents; metrics
    python benchmarks/spark.py site 200000 400000         learn, where so many pages are of one site; metrics
    python benchmarks/spark.py bucket 1000000             dedup of so many equal documents; metrics

Records hold `id`, `url` and `text`, or `lines` (objects with a text `t`) that are joined. Everything on Spark runs as
`python -m cleaner.adapters.spark` on `local[2]` with 1 GB of heap. Metrics are Spark's own (bytes shuffled and spilled, from
its event log), and of the processes: CPU time, and the largest resident set of any Java process and of any Python worker.
"""

from __future__ import annotations

import argparse
import filecmp
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cleaner.records.zstd import open_zstd

_HEAP = "1g"
_WORDS = [f"{a}{b}{c}" for a in "brst" for b in ("a", "e", "io", "ou") for c in ("n", "rd", "st", "ver", "lling")]


@dataclass
class Peaks:
    """The largest resident sets (bytes) below a process, by kind, and CPU seconds of all processes there."""

    resident: dict[str, int] = field(default_factory=dict)
    cpu: dict[int, float] = field(default_factory=dict)

    def look(self, root: int) -> None:
        """Read what the processes below `root` have used so far."""
        parents, kinds = {}, {}
        for entry in Path("/proc").iterdir():
            if not entry.name.isdigit():
                continue
            try:
                state = (entry / "stat").read_text().rpartition(")")[2].split()
                line = (entry / "cmdline").read_bytes()
                peak = [one for one in (entry / "status").read_text().splitlines() if one.startswith("VmHWM")]
            except OSError:
                continue
            number = int(entry.name)
            parents[number] = int(state[1])
            kind = "Java" if line.split(b"\0")[0].endswith(b"java") else "Python worker" if b"daemon" in line else ""
            kinds[number] = (kind, int(peak[0].split()[1]) << 10 if peak else 0, sum(map(int, state[11:13])))
        for number, (kind, peak_bytes, ticks) in kinds.items():
            above = number
            while above in parents and above != root:
                above = parents[above]
            if above == root:
                self.cpu[number] = ticks / os.sysconf("SC_CLK_TCK")
                if kind:
                    self.resident[kind] = max(self.resident.get(kind, 0), peak_bytes)


def on_spark(folder: Path, *arguments: str) -> str:
    """Run an action of the command; gives the metrics in words."""
    events = folder / f"events-{time.monotonic_ns()}"
    events.mkdir()
    options = f"--driver-memory {_HEAP} --conf spark.ui.enabled=false --conf spark.eventLog.enabled=true"
    options += " --conf spark.eventLog.compress=false --conf spark.eventLog.rolling.enabled=false"
    options += f" --conf spark.eventLog.dir={events.as_uri()} pyspark-shell"
    command = [sys.executable, "-m", "cleaner.adapters.spark", *arguments, "--master", "local[2]"]
    peaks = Peaks()
    with (folder / "log").open("wb") as log:
        run = subprocess.Popen(command, stderr=log, env={**os.environ, "PYSPARK_SUBMIT_ARGS": options})
        while run.poll() is None:
            peaks.look(run.pid)
            time.sleep(0.1)
    if run.returncode:
        raise SystemExit((folder / "log").read_text()[-3000:])
    shuffled = spilled = 0
    for path in events.iterdir():
        for line in path.open("rb"):
            if b'"SparkListenerTaskEnd"' in line:
                metrics = json.loads(line).get("Task Metrics") or {}
                shuffled += metrics.get("Shuffle Write Metrics", {}).get("Shuffle Bytes Written", 0)
                spilled += metrics.get("Disk Bytes Spilled", 0)
    sizes = ", ".join(f"{kind} {size / 1e6:.0f} MB" for kind, size in sorted(peaks.resident.items()))
    return f"{sum(peaks.cpu.values()):.0f} s CPU; {sizes}; {shuffled} bytes shuffled, {spilled} spilled"


def command_line(*arguments: str) -> None:
    """Run the command line in one process."""
    subprocess.run([sys.executable, "-m", "cleaner", *arguments, "--no-config", "-q", "-j", "1"], check=True)


def joined(path: Path) -> Iterator[dict[str, Any]]:
    """Records with their texts, and ids that differ."""
    with path.open("rb") as raw, open_zstd(raw) if path.suffix == ".zst" else raw as lines:
        for number, record in enumerate(map(json.loads, lines)):
            text = record["text"] if "text" in record else "\n".join(line["t"] for line in record["lines"])
            yield {"id": f"{record['id']}/{number}", "url": record.get("url"), "text": text}


def written(path: Path, records: Iterator[dict[str, Any]]) -> int:
    """Write records as JSON lines; how many there are."""
    count = 0
    with path.open("w") as out:
        for record in records:
            out.write(json.dumps(record, ensure_ascii=False) + "\n")
            count += 1
    return count


def told(name: str, same: bool) -> bool:
    """Print whether two results are the same."""
    print(f"{name}: {'identical' if same else 'DIFFERENT'}", flush=True)
    return same


def gathered(folder: Path) -> bytes:
    """The lines that Spark wrote."""
    return b"".join(path.read_bytes() for path in sorted(folder.glob("part-*")))


def same(data: Path, folder: Path) -> bool:
    """Texts and memory of both."""
    source = folder / "pages.jsonl"
    print(f"{written(source, joined(data))} pages")
    command_line("learn", str(source), "-o", str(folder / "one.memory"))
    print(on_spark(folder, "learn", str(source), str(folder / "spark.memory")))
    alike = told("memory", filecmp.cmp(folder / "one.memory", folder / "spark.memory", shallow=False))
    for name, options in (("texts", ()), ("texts with memory", ("--memory", str(folder / "one.memory")))):
        out, other = folder / f"one {name}", folder / f"spark {name}"
        command_line("clean", str(source), "-o", str(out), *options)
        print(on_spark(folder, "clean", str(source), str(other), *options))
        alike &= told(name, gathered(other) == out.read_bytes())
    return alike


def dedup(data: Path, folder: Path) -> bool:
    """Kept and removed documents of both."""
    kept, removed = folder / "one.jsonl", folder / "one.removed"
    command_line("dedup", str(data), "-o", str(kept), "--removed", str(removed))
    print(on_spark(folder, "dedup", str(data), str(folder / "kept"), "--removed", str(folder / "removed")))
    alike = told("kept", gathered(folder / "kept") == kept.read_bytes())
    return told("removed", gathered(folder / "removed") == removed.read_bytes()) and alike


def site_pages(count: int) -> Iterator[dict[str, Any]]:
    """Pages of one site: chrome, articles, and among them copies and pages that share most of their paragraphs."""
    rng = random.Random(count)
    chrome = [*(" ".join(rng.choices(_WORDS, k=3)) for _ in range(3)), " ".join(rng.choices(_WORDS, k=14)) + "."]
    paragraphs: list[str] = []
    for number in range(count):
        if number % 10:
            paragraphs = [" ".join(rng.choices(_WORDS, k=13)).capitalize() + "." for _ in range(4)]
        elif number % 20:
            paragraphs = [*paragraphs[:-1], f"A later word of {number} people on what they {paragraphs[0]}"]
        text = "\n".join([*chrome[:2], *paragraphs, *chrome[2:]])
        yield {"id": number, "url": f"https://www.single.example/p/{number}", "text": text}


def site(sizes: list[int], folder: Path) -> bool:
    """Learn a site of each size."""
    alike = True
    for size in sizes:
        source = folder / f"site-{size}.jsonl"
        written(source, site_pages(size))
        print(f"{size} pages, {source.stat().st_size / 1e6:.0f} MB:", flush=True)
        print("  " + on_spark(folder, "learn", str(source), str(folder / f"spark-{size}")))
        command_line("learn", str(source), "-o", str(folder / f"one-{size}"))
        alike &= told("  memory", filecmp.cmp(folder / f"one-{size}", folder / f"spark-{size}", shallow=False))
    return alike


def bucket(size: int, folder: Path) -> bool:
    """So many equal documents among a few others: one of them stays."""
    rng = random.Random(size)
    equal = " ".join(rng.choices(_WORDS, k=60))
    other = [" ".join(rng.choices(_WORDS, k=60)) for _ in range(1000)]
    texts = (other[number * 1000 // size] if number % (size // 1000) == 1 else equal for number in range(size))
    source = folder / "bucket.jsonl"
    written(source, ({"id": number, "text": text} for number, text in enumerate(texts)))
    print(f"{size} documents, {source.stat().st_size / 1e6:.0f} MB")
    return dedup(source, folder)


def main() -> int:
    """Do it; 1 where anything is different."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("same", "dedup", "site", "bucket"))
    parser.add_argument("arguments", nargs="+")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="cleaner-spark-") as name:
        folder = Path(name)
        if args.what in ("same", "dedup"):
            found = {"same": same, "dedup": dedup}[args.what](Path(args.arguments[0]).absolute(), folder)
        elif args.what == "site":
            found = site([int(size) for size in args.arguments], folder)
        else:
            found = bucket(int(args.arguments[0]), folder)
    return 0 if found else 1


if __name__ == "__main__":
    raise SystemExit(main())
