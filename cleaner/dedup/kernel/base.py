"""What the modules of the kernel are made with."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from cleaner.machine import Library

Array = Any
"""A numpy array inside compiled code, where its element's type is the compiler's business."""
Number = Any
"""A number or truth value there."""

PARITIES: Final = 16
"""Words of 64 parities each that end the marks of a text."""

_FOLDER: Final = Path(__file__).parent
LIBRARY: Final = Library(__package__, ("files", "mixing", "pairs", "texts"), sorted(_FOLDER.glob("*.py")))
kernel: Final = LIBRARY.kernel
inner: Final = LIBRARY.inner
inlined: Final = LIBRARY.inlined
