"""`cleaner memory`: look into site memories, merge them, prune them."""

from __future__ import annotations

import argparse
import json
import os
import sys
from typing import TYPE_CHECKING

from cleaner.cli import DONE
from cleaner.cli.clean import names, positive
from cleaner.errors import ConfigError

if TYPE_CHECKING:
    from cleaner.memory import SiteMemory


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the actions of `cleaner memory`."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    show = actions.add_parser("show", help="the lines that recur on a site: pages, zones, text")
    show.add_argument("file", metavar="FILE", help="the memory")
    show.add_argument("site", metavar="HOST", help="a host, a site or a URL")
    show.add_argument("--limit", type=positive, default=40, metavar="N", help="so many lines (40)")
    show.add_argument("--json", action="store_true", help="one JSON object per line")
    info = actions.add_parser("info", help="how much is in a memory, and its largest sites")
    info.add_argument("file", metavar="FILE", help="the memory")
    info.add_argument("--limit", type=positive, default=20, metavar="N", help="so many sites (20)")
    info.add_argument("--json", action="store_true", help="one JSON object per site")
    merge = actions.add_parser("merge", help="one memory of several")
    merge.add_argument("files", nargs="+", metavar="FILE", help="memories")
    merge.add_argument("-o", "--output", required=True, metavar="OUT", help="the merged memory")
    prune = actions.add_parser("prune", help="a smaller memory")
    prune.add_argument("file", metavar="FILE", help="the memory")
    prune.add_argument("-o", "--output", required=True, metavar="OUT", help="the pruned memory")
    prune.add_argument("--min-pages", type=positive, default=1, metavar="N", help="drop lines on fewer pages")
    prune.add_argument("--min-site-pages", type=positive, default=1, metavar="N", help="drop sites with fewer pages")
    prune.add_argument("--drop", type=names, default=(), metavar="SITES", help="drop these sites (comma-separated)")


def run(args: argparse.Namespace) -> int:
    """Do the action."""
    return {"show": _show, "info": _info, "merge": _merge, "prune": _prune}[args.action](args)


def _show(args: argparse.Namespace) -> int:
    from cleaner.memory import SiteMemory

    memory = SiteMemory.load(args.file)
    index = memory.find(args.site if "//" in args.site else f"//{args.site}")
    if index < 0:
        raise ConfigError(f"{args.file}: no site {args.site!r}; `cleaner memory info` lists the largest")
    site = memory.site_at(index)
    lines = memory.lines(index)
    if not args.json:
        print(f"{site.name}: {site.pages} pages, {site.lines} recurring lines{_containers(memory, index)}")
    for line in lines[: args.limit]:
        if args.json:
            known = {"pages": line.pages, "of": site.pages, **line.zones, "prose_below": round(line.below, 3)}
            print(json.dumps({**known, "text": line.text}, ensure_ascii=False))
            continue
        zones = " ".join(f"{name} {count}" for name, count in line.zones.items())
        below = f"{line.below:.0%} below"
        print(f"{line.pages:7} of {site.pages}  {zones:32}  {below:>10}  {line.text or '(text not kept)'}")
    if len(lines) > args.limit and not args.json:
        print(f"and {len(lines) - args.limit} more; --limit N shows them", file=sys.stderr)
    return DONE


def _containers(memory: SiteMemory, index: int) -> str:
    """How many containers of a site hold recurring lines, and how many mostly such; nothing where only texts were read."""
    sums = memory.containers(index)
    if not len(sums):
        return ""
    mostly = int((2 * sums[:, 1] > sums[:, 0]).sum())
    return f", in {len(sums)} containers of its pages, {mostly} of which hold little else"


def _info(args: argparse.Namespace) -> int:
    from cleaner.memory import SiteMemory

    memory = SiteMemory.load(args.file)
    sites = sorted(memory.sites(), key=lambda site: (-site.pages, site.name))
    if not args.json:
        pages, lines = sum(site.pages for site in sites), sum(site.lines for site in sites)
        size = os.path.getsize(args.file)
        print(f"{len(sites)} sites (by {memory.rule.mode}), {pages} pages, {lines} lines on {memory.least} or more pages")
        print(f"{size} bytes, digest {memory.digest}")
    for site in sites[: args.limit]:
        if args.json:
            print(json.dumps({"site": site.name, "pages": site.pages, "lines": site.lines}, ensure_ascii=False))
        else:
            print(f"{site.pages:9} pages {site.lines:7} lines  {site.name}")
    return DONE


def _merge(args: argparse.Namespace) -> int:
    from cleaner.memory import SiteMemory

    first, *others = [SiteMemory.load(file) for file in args.files]
    first.merge(*others).save(args.output)
    return DONE


def _prune(args: argparse.Namespace) -> int:
    from cleaner.memory import SiteMemory

    kept = SiteMemory.load(args.file).prune(
        min_pages=args.min_pages, min_site_pages=args.min_site_pages, drop=args.drop
    )
    kept.save(args.output)
    return DONE
