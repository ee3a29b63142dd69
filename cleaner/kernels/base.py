"""What the modules of kernels are made with."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from cleaner.machine import Library

Array = Any
"""A numpy array inside compiled code, where its element's type is the compiler's business."""
Number = Any
"""A number or truth value there."""

_FOLDER: Final = Path(__file__).parent
_MODULES: Final = (
    "automata", "cohesion", "containers", "copies", "cuts", "hearing", "json_texts", "markup", "meanings", "measures", "names",
    "octets", "page_groups", "page_lists", "page_measures", "page_repeats", "page_scores", "page_tags", "page_text", "phrases",
    "repeats", "rows", "site_counts", "site_lines", "site_measures", "stated", "trees", "votes",
)  # fmt: skip
LIBRARY: Final = Library(__package__, _MODULES, sorted(_FOLDER.glob("*.py")))
kernel: Final = LIBRARY.kernel
inner: Final = LIBRARY.inner
