"""Run the acceptance scorers on a fixed sample and compare with floors that may rise and never silently fall."""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

SHARED = Path(sys.argv[1]).resolve()
PER_MILLE = 50
FLOORS = {"gain": 0.0185, "keep_recall_c": 0.9965}
CEILINGS = {"harm_rate": 0.0312}
GROUP = "residue (main-content extractors)"


def main() -> int:
    """Score the text corpus; 1 where a figure is on the wrong side."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "text.json"
        command = [
            sys.executable, "score_text.py", "--data", "../corpora/text-lines.jsonl.zst", "--cleaner", "project:text",
            "--extractors", "trafilatura,trafilatura_recall,resiliparse_main,justext",
            "--limit", str(PER_MILLE), "--json", str(out),
        ]  # fmt: skip
        subprocess.run(command, cwd=SHARED / "eval", check=True, stdout=subprocess.DEVNULL)
        figures = json.loads(out.read_text(encoding="utf-8"))["report"][GROUP]
    bad = [f"{name} {figures[name]} < {low}" for name, low in FLOORS.items() if figures[name] < low]
    bad += [f"{name} {figures[name]} > {high}" for name, high in CEILINGS.items() if figures[name] > high]
    print({name: figures[name] for name in (*FLOORS, *CEILINGS, "docs")})
    print("\n".join(bad) or "all floors hold")
    return 1 if bad else 0


sys.exit(main())
