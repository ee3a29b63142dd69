"""What the adapters cost: CPU time of each against the plain batch call on the same records, and Parquet against JSON lines.

    python benchmarks/adapters.py [--megabytes 8] [--large-megabytes 64] [--runs 3] [--data pages.jsonl] [--only arrow,parquet]

The plain call is `Cleaner.clean_batch` on lists of about 300,000 characters. Everything runs in the same process, single
threaded, and takes turns; each number is the best of the runs. Hosts that are not installed are left out. What a host
does by itself is counted: the columns of a data frame, the Arrow file that `datasets` writes, the documents of datatrove.
The commands (`clean`, `dedup`) start anew each time, and their start is counted; each number is the median of the runs.
Spark and the commands get an input that takes seconds, so that what a job costs however small it is does not decide.
Spark runs on one core; CPU time of Java and of the Python workers is added up from /proc after a first run that starts them.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from typing import Any

from speed import cpu_of, made_up

from cleaner import Cleaner
from cleaner.adapters.arrow import ArrowCleaner

Rows = list[dict[str, Any]]
BAR, PARQUET_BAR, SPARK_BAR = 1.25, 1.0, 1.6
PAIRS = (
    ("none", "lines", True),
    ("zstd", "lines in zstd", True),
    ("snappy", "lines", False),
    ("snappy", "lines in zstd", False),
    ("zstd", "lines", False),
)
"""Codec of Parquet, kind of JSON lines, and whether the bar is for them: where both are compressed in the same way."""
PORTION = 300_000


def read(path: Path) -> Rows:
    """What the adapters get of each record."""
    with path.open("rb") as lines:
        return [{key: row[key] for key in ("id", "url", "text")} for row in map(json.loads, lines)]


def portions(rows: Rows) -> Iterator[Rows]:
    """Rows of about as much text as a batch of the command line has."""
    held: Rows = []
    size = 0
    for row in rows:
        held.append(row)
        size += len(row["text"])
        if size >= PORTION:
            yield held
            held, size = [], 0
    if held:
        yield held


def plain(cleaner: Cleaner, rows: Rows) -> Callable[[], list[str]]:
    """The call that all are measured against."""
    batches = [([row["text"] for row in part], [row["url"] for row in part]) for part in portions(rows)]

    def run() -> list[str]:
        return [one.text for texts, urls in batches for one in cleaner.clean_batch(texts, urls=urls)]

    return run


def hosts(cleaner: Cleaner, rows: Rows) -> Iterator[tuple[str, Callable[[], list[str]]]]:
    """Each host that is installed, with a call that cleans all rows and gives their texts."""
    clean = ArrowCleaner(cleaner, url="url")
    if find_spec("pyarrow"):
        import pyarrow as pa

        table = pa.Table.from_pylist(rows)
        batches = table.to_batches(max_chunksize=1024)
        yield "arrow", lambda: clean(pa.Table.from_batches(batches)).column("text").to_pylist()
    if find_spec("polars"):
        import polars as pl

        from cleaner.adapters.polars import clean_frame, cleaned

        frame = pl.DataFrame(rows)
        yield "polars frame", lambda: clean_frame(frame, clean)["text"].to_list()
        lazy = frame.lazy()
        yield "polars lazy", lambda: clean_frame(lazy, clean).collect()["text"].to_list()
        expression = cleaned("text", clean=ArrowCleaner(cleaner))
        yield "polars expression", lambda: frame.select(expression)["text"].to_list()
    if find_spec("pandas"):
        import pandas as pd

        pages = pd.DataFrame(rows)
        yield "pandas", lambda: clean(pa.Table.from_pandas(pages)).column("text").to_pandas().tolist()
    if find_spec("duckdb"):
        yield "duckdb", duckdb_call(cleaner, table)
    if find_spec("datasets"):
        yield "datasets", datasets_call(cleaner, rows)
    if find_spec("datatrove"):
        yield "datatrove", datatrove_call(cleaner, rows)


def duckdb_call(cleaner: Cleaner, table: Any) -> Callable[[], list[str]]:
    """An Arrow function in SQL."""
    import duckdb

    connection = duckdb.connect(config={"threads": 1})
    texts = ArrowCleaner(cleaner).texts
    connection.create_function("clean", texts, ["VARCHAR"], "VARCHAR", type="arrow", null_handling="special")
    connection.register("pages", table)
    return lambda: [text for (text,) in connection.sql("SELECT clean(text) FROM pages").fetchall()]


def datasets_call(cleaner: Cleaner, rows: Rows) -> Callable[[], list[str]]:
    """`map` in this process, with nothing found in a cache."""
    import datasets

    from cleaner.adapters.datasets import DatasetCleaner

    datasets.disable_progress_bars()
    found = datasets.Dataset.from_list(rows)
    clean = DatasetCleaner(cleaner, url="url")
    return lambda: found.map(clean, batched=True, load_from_cache_file=False, keep_in_memory=True)["text"][:]


def datatrove_call(cleaner: Cleaner, rows: Rows) -> Callable[[], list[str]]:
    """The step alone, over documents that a reader would have made."""
    from datatrove.data import Document

    from cleaner.adapters.datatrove import CleanStep

    step = CleanStep(cleaner)

    def run() -> list[str]:
        documents = (Document(row["text"], row["id"], metadata={"url": row["url"]}) for row in rows)
        return [document.text for document in step.run(documents)]

    return run


def cpu(call: Callable[[], list[str]]) -> tuple[float, list[str]]:
    """CPU seconds of this process, and what the call gives."""
    start = time.process_time()
    found = call()
    return time.process_time() - start, found


def adapters(rows: Rows, runs: int, wanted: set[str]) -> bool:
    """Print a line per host; whether all keep to the bar. `SystemExit` where one gives other texts."""
    cleaner = Cleaner()
    base = plain(cleaner, rows)
    calls = [(name, call) for name, call in hosts(cleaner, rows) if not wanted or name.split()[0] in wanted]
    _, expected = cpu(base)  # the kernels are loaded
    best: dict[str, float] = {}
    for _ in range(runs):
        for name, call in [("plain", base), *calls]:
            seconds, found = cpu(call)
            if found != expected:
                raise SystemExit(f"{name}: other texts than from the plain call")
            best[name] = min(seconds, best.get(name, seconds))
    print(f"plain batch call: {best['plain']:.2f} CPU seconds")
    for name, _ in calls:
        ratio = best[name] / best["plain"]
        print(f"{name}: {ratio:.3f} x the plain call (bar {BAR}){'' if ratio <= BAR else '  MISSED'}")
    return all(best[name] <= BAR * best["plain"] for name, _ in calls)


def with_copies(rows: Rows) -> Rows:
    """The rows, and after every tenth a copy of it without its last line, so that there is something to find."""
    made = []
    for number, row in enumerate(rows):
        made.append(row)
        if number % 10 == 9:
            made.append({**row, "id": f"{row['id']}-copy", "text": row["text"].rpartition("\n")[0] or row["text"]})
    return made


def parquet_inputs(folder: Path, rows: Rows) -> dict[str, Path]:
    """The rows as JSON lines and as Parquet, each plain and compressed."""
    import orjson
    import pyarrow as pa
    import pyarrow.parquet as pq

    from cleaner.records import zstd

    lines = b"".join(orjson.dumps(row) + b"\n" for row in rows)
    found = {"lines": folder / "in.jsonl", "lines in zstd": folder / "in.jsonl.zst"}
    found["lines"].write_bytes(lines)
    found["lines in zstd"].write_bytes(zstd.frame(lines))
    table = pa.Table.from_pylist(rows)
    for codec in ("none", "snappy", "zstd"):
        found[codec] = folder / f"in.{codec}.parquet"
        pq.write_table(table, found[codec], compression=codec, row_group_size=10_000)
    return found


def parquet(folder: Path, rows: Rows, runs: int) -> bool:
    """Print a line per command and pair of codecs; whether Parquet keeps to the bar where both sides have the same.

    Outputs are compressed like the inputs. Snappy, which JSON lines are not written in, stands against both of theirs.
    """
    inputs = parquet_inputs(folder, with_copies(rows))
    kept = True
    for verb in ("clean", "dedup"):
        seconds: dict[str, list[float]] = {name: [] for name in inputs}
        for _ in range(runs):
            for name, source in inputs.items():
                out = source.with_name(source.name.replace("in.", "out.", 1))
                command = [sys.executable, "-m", "cleaner", verb, "--no-config", "-q", str(source), "-o", str(out)]
                seconds[name].append(cpu_of([*command, "--jobs", "1"])[0])
        middle = {name: median(found) for name, found in seconds.items()}
        print(f"{verb}: " + ", ".join(f"{name} {value:.2f}" for name, value in middle.items()) + " CPU seconds")
        for columns, lines, barred in PAIRS:
            ratio = middle[columns] / middle[lines]
            kept &= not barred or ratio <= PARQUET_BAR
            verdict = f" (bar {PARQUET_BAR}){'' if ratio <= PARQUET_BAR else '  MISSED'}" if barred else ""
            print(f"{verb}: Parquet, {columns}, {ratio:.3f} x JSON {lines}{verdict}")
    return kept


def tree_cpu() -> float:
    """CPU seconds of all processes below this one, those that ended included."""
    parents, used = {}, {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                state = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            parents[int(entry.name)] = int(state[1])
            used[int(entry.name)] = sum(map(int, state[11:15])) / os.sysconf("SC_CLK_TCK")

    def below(process: int) -> bool:
        while process in parents and process != os.getpid():
            process = parents[process]
        return process == os.getpid()

    return sum(seconds for process, seconds in used.items() if process != os.getpid() and below(process))


def on_spark(folder: Path, rows: Rows, runs: int) -> bool:
    """Print a line for Spark, Parquet to Parquet on one core; whether it keeps to its bar."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    from cleaner.adapters.spark import clean
    from cleaner.adapters.spark.session import session

    base = plain(Cleaner(), rows)
    _, expected = cpu(base)
    once = min(cpu(base)[0] for _ in range(runs))
    pq.write_table(pa.Table.from_pylist(rows), folder / "spark.parquet", row_group_size=10_000)
    spark = session("local[1]", **{"spark.driver.memory": "1g", "spark.ui.enabled": "false"})
    spark.sparkContext.setLogLevel("ERROR")
    cleaned = clean(spark.read.parquet((folder / "spark.parquet").as_uri()), url="url")
    seconds = []
    for number in range(runs + 1):
        start = tree_cpu()
        cleaned.write.parquet((folder / f"spark-{number}").as_uri())
        seconds.append(tree_cpu() - start)
        if pq.read_table(folder / f"spark-{number}").column("text").to_pylist() != expected:
            raise SystemExit("spark: other texts than from the plain call")
    spark.stop()
    ratio = min(seconds[1:]) / once
    print(f"spark: {ratio:.3f} x the plain call of {once:.2f} CPU seconds (bar {SPARK_BAR})", end="")
    print("" if ratio <= SPARK_BAR else "  MISSED")
    return ratio <= SPARK_BAR


def main() -> None:
    """Print the ratios; exit with 1 where a bar is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--megabytes", type=int, default=8, help="size of the input that is made up")
    parser.add_argument("--large-megabytes", type=int, default=64, help="the same for Spark and the commands")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--data", type=Path, help="records to take instead: JSON lines with id, url and text")
    parser.add_argument("--only", default="", help="hosts (`spark` too), and `parquet` for the commands (comma-separated)")
    args = parser.parse_args()
    wanted = set(filter(None, args.only.split(",")))
    kept = True
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        path = args.data or folder / "in.jsonl"
        if not args.data:
            made_up(path, args.megabytes * 1_000_000, 125, random.Random(1))
        rows = read(path)
        if not wanted or wanted - {"parquet", "spark"}:
            kept &= adapters(rows, args.runs, wanted - {"parquet", "spark"})
        if not args.data:
            made_up(path, args.large_megabytes * 1_000_000, 125, random.Random(1))
            rows = read(path)
        if "spark" in wanted or (not wanted and find_spec("pyspark")):
            kept &= on_spark(folder, rows, args.runs)
        if not wanted or "parquet" in wanted:
            kept &= parquet(folder, rows, max(args.runs, 5))
    sys.exit(0 if kept else 1)


if __name__ == "__main__":
    main()
