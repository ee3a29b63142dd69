"""Writing of what is not read again soon past the page cache, where the system can do that.

What is written once would otherwise fill the memory of the machine with pages: they push out what others need, and each
fresh one costs more than the copying, above all in a virtual machine, whose host has to give it first. Linux 6.14 begins
to write such data at once and drops its pages when that is done; older systems write as ever.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Sequence
from typing import Final

_DONTCACHE: Final = 0x80
"""The flag of `pwritev2` (`RWF_DONTCACHE`), which Python does not name."""
_NOT_KNOWN: Final = (errno.EOPNOTSUPP, errno.EINVAL, errno.ENOSYS)


def write_uncached(descriptor: int, views: Sequence[memoryview], place: int) -> int:
    """`os.pwritev` past the page cache, or through it where the file or the system knows no other way."""
    try:
        return os.pwritev(descriptor, views, place, _DONTCACHE)
    except OSError as error:
        if error.errno not in _NOT_KNOWN:
            raise
        return os.pwritev(descriptor, views, place)
    except NotImplementedError:  # a system without flags
        return os.pwritev(descriptor, views, place)
