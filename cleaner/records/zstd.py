"""Zstandard: the standard library's module from Python 3.14 on, the same code from `backports.zstd` before."""

from __future__ import annotations

import sys
from typing import BinaryIO, cast

from cleaner.errors import ConfigError

_MAX_WINDOW_LOG = 31
"""Files written with `zstd --long=31` need windows of 2 GiB; the library refuses more than 128 MiB unless told."""


class ZstdError(Exception):
    """A damaged stream, raised where no zstandard library is there to raise its own."""


try:
    if sys.version_info >= (3, 14):
        from compression import zstd as _zstd
    else:
        from backports import zstd as _zstd
except ImportError:  # pragma: no cover - an incomplete installation
    _zstd = None  # type: ignore[assignment]
else:
    ZstdError = _zstd.ZstdError  # type: ignore[misc, assignment]


def open_zstd(raw: BinaryIO) -> BinaryIO:
    """The uncompressed bytes of `raw`: any number of frames, windows of up to 2 GiB."""
    if _zstd is None:
        raise ConfigError("a zstandard file needs the package backports.zstd on Python before 3.14")
    options: dict[int, int] = {_zstd.DecompressionParameter.window_log_max: _MAX_WINDOW_LOG}
    return cast("BinaryIO", _zstd.ZstdFile(raw, options=options))


def frame(data: bytes, *, level: int = 3) -> bytes:
    """`data` as one independent frame with its size and a checksum."""
    if _zstd is None:
        raise ConfigError("writing .zst needs the package backports.zstd on Python before 3.14")
    options: dict[int, int] = {
        _zstd.CompressionParameter.compression_level: level,
        _zstd.CompressionParameter.checksum_flag: 1,
    }
    return _zstd.compress(data, options=options)
