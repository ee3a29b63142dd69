"""`python -m cleaner.adapters.spark clean|learn|dedup IN… OUT`, and the same file for `spark-submit`."""

from __future__ import annotations

import argparse
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from cleaner.adapters.spark import sources
from cleaner.adapters.spark.session import session
from cleaner.errors import CleanerError, ConfigError

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

_WRONG: Final = 2


def parser() -> argparse.ArgumentParser:
    """The options."""
    top = argparse.ArgumentParser(prog="python -m cleaner.adapters.spark", description=__doc__)
    actions = top.add_subparsers(dest="action", required=True, metavar="ACTION")
    _add_clean(_action(actions, "clean", "texts cleaned, as by `cleaner clean`"))
    _add_learn(_action(actions, "learn", "a site memory, as by `cleaner learn`"))
    _add_dedup(_action(actions, "dedup", "near-duplicates dropped or cut, as by `cleaner dedup`"))
    return top


def _action(actions: Any, name: str, text: str) -> argparse.ArgumentParser:
    one: argparse.ArgumentParser = actions.add_parser(name, help=text, description=text)
    one.add_argument("inputs", nargs="+", metavar="IN", help="JSON lines or Parquet: files, folders, patterns, URLs")
    one.add_argument("output", metavar="OUT", help="folder to be written (learn: the memory file)")
    one.add_argument(
        "--form", choices=("jsonl", "parquet"), default="", help="form of the inputs (told by their names)"
    )
    one.add_argument("--master", default="", metavar="URL", help="Spark's master, `local[4]` for example")
    one.add_argument("--text-field", default="text", metavar="NAME", help="text (text)")
    one.add_argument("--id-field", default="id", metavar="NAME", help="identifier (id)")
    return one


def _add_work(one: argparse.ArgumentParser) -> None:
    one.add_argument(
        "--work", default="", metavar="DIR", help="folder that all machines reach under this path (OUT.work)"
    )


def _add_clean(one: argparse.ArgumentParser) -> None:
    for name, default in (("url", "url"), ("html", ""), ("lang", ""), ("title", "")):
        one.add_argument(f"--{name}-field", default=default, metavar="NAME", help=f"{name} ({default or 'none'})")
    one.add_argument("--lang", action="append", default=[], metavar="CODE", help="only the packs of these languages")
    one.add_argument("--pack", action="append", default=[], metavar="FILE", help="packs of your own")
    one.add_argument("--select", action="append", default=[], metavar="RULE", help="only these rules")
    one.add_argument("--ignore", action="append", default=[], metavar="RULE", help="without these rules")
    one.add_argument("--min-score", type=float, metavar="S", help="certainty that is asked for")
    one.add_argument("--memory", metavar="FILE", help="site memory")
    one.add_argument("--drop-empty", action="store_true", help="drop records of which nothing is left")
    one.add_argument("--quarantine", default="", metavar="DIR", help="lines that cannot be read, with their reasons")


def _add_learn(one: argparse.ArgumentParser) -> None:
    one.add_argument("--url-field", default="url", metavar="NAME", help="URL (url)")
    one.add_argument("--site", default="domain", metavar="MODE", help="domain, host or prefix:N (domain)")
    one.add_argument("--min-pages", type=int, default=2, metavar="N", help="forget lines on fewer pages (2)")
    _add_work(one)


def _add_dedup(one: argparse.ArgumentParser) -> None:
    one.add_argument(
        "--level", choices=("document", "paragraph"), default="document", help="what is compared (document)"
    )
    one.add_argument("--threshold", type=float, default=0.8, metavar="T", help="Jaccard index of shingle sets (0.8)")
    one.add_argument("--ngram", type=int, default=5, metavar="N", help="words in a shingle (5)")
    one.add_argument(
        "--unit", choices=("auto", "word", "char"), default="auto", help="what a shingle is made of (auto)"
    )
    one.add_argument("--keep", choices=("first", "longest", "best"), default="first", help="which one stays (first)")
    one.add_argument("--score-field", default="", metavar="NAME", help="with --keep best: the highest number stays")
    one.add_argument("--max-documents", type=int, default=3, metavar="K", help="see `cleaner dedup` (3)")
    one.add_argument("--min-words", type=int, default=20, metavar="N", help="see `cleaner dedup` (20)")
    one.add_argument("--removed", default="", metavar="DIR", help="rows of id, kept, similarity per removed document")
    _add_work(one)


def main(arguments: list[str] | None = None) -> int:
    """Run an action; 2 where an option is wrong."""
    args = parser().parse_args(arguments)
    try:
        spark = session(args.master)
        corpus = sources.read(spark, args.inputs, form=args.form)
        {"clean": _clean, "learn": _learn, "dedup": _dedup}[args.action](args, spark, corpus)
    except CleanerError as error:
        print(f"cleaner: {error}", file=sys.stderr)
        return _WRONG
    return 0


def _work(args: argparse.Namespace) -> Path:
    if args.work:
        return Path(args.work)
    found = urlsplit(args.output)
    if found.scheme not in ("", "file"):
        raise ConfigError(f"--work: expected a folder that all machines reach, as {found.scheme} is not a file system")
    return Path((found.path if found.scheme else args.output).rstrip("/") + ".work")


def _clean(args: argparse.Namespace, spark: SparkSession, corpus: sources.Corpus) -> None:
    from pyspark import StorageLevel

    from cleaner.adapters.spark.cleaning import QUARANTINE, clean, clean_corpus, engine
    from cleaner.pipeline import Options
    from cleaner.records.fields import Fields

    named = {"select": args.select, "ignore": args.ignore, "min_score": args.min_score, "memory": args.memory}
    named |= {"languages": args.lang or None, "packs": args.pack}
    options = {name: value for name, value in named.items() if value}
    paths = {"text": args.text_field, "html": args.html_field, "url": args.url_field}
    paths |= {"lang": args.lang_field, "title": args.title_field}
    if not corpus.lines:
        frame = corpus.frame.drop(*sources.ORIGIN)
        found = clean(frame, **paths, columns={"drop_empty": args.drop_empty}, **options)
        sources.write(found, args.output, lines=False)
        return
    fields = Fields(id=args.id_field, **paths)
    done = clean_corpus(corpus, engine(spark, **options), fields=fields, options=Options(drop_empty=args.drop_empty))
    if args.quarantine:
        done = done.persist(StorageLevel.DISK_ONLY)
        sources.write(done.where(f"{QUARANTINE} is not null").select(QUARANTINE), args.quarantine, lines=True)
    sources.write(done.where(f"{sources.LINE} is not null").select(sources.LINE), args.output, lines=True)


def _learn(args: argparse.Namespace, _: SparkSession, corpus: sources.Corpus) -> None:
    from cleaner.adapters.spark.learning import learn

    work = _work(args)
    names = {"text": args.text_field, "url": args.url_field}
    learned = learn(corpus, args.output, work=str(work), site=args.site, min_pages=args.min_pages, **names)
    shutil.rmtree(work)
    _say(f"{learned.pages} pages of {learned.sites} sites, {learned.lines} recurring lines")
    if learned.without_site:
        _say(f"{learned.without_site} pages without a URL left out")


def _dedup(args: argparse.Namespace, _: SparkSession, corpus: sources.Corpus) -> None:
    from cleaner.adapters.spark.deduping import dedup

    if args.removed and args.level == "paragraph":
        raise ConfigError("--removed: not with --level paragraph")
    work = _work(args)
    options = {name: getattr(args, name) for name in ("level", "threshold", "ngram", "unit", "keep")}
    bounds = {"max_documents": args.max_documents, "min_words": args.min_words}
    names = {"text": args.text_field, "id": args.id_field, "score": args.score_field}
    found = dedup(corpus, work=str(work), **options, **bounds, **names)
    sources.write(found.kept, args.output, lines=corpus.lines)
    if args.removed and found.removed is not None:
        sources.write(found.removed, args.removed, lines=True)
    shutil.rmtree(work)
    counts = found.counts
    _say(f"{counts.documents} documents, {counts.bad} lines could not be read")
    if counts.cut_buckets:
        _say(f"{counts.cut_buckets} buckets were too large: at most {counts.cut_pairs} pairs were not compared there")


def _say(message: str) -> None:
    print(f"cleaner: {message}", file=sys.stderr)


if __name__ == "__main__":
    raise SystemExit(main())
