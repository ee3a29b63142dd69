"""Writing past the page cache gives the same files, also where the system cannot do it."""

from __future__ import annotations

import errno
import os

import numpy as np
import pytest

from cleaner.dedup.store import Arrays, write_arrays
from cleaner.records.uncached import write_uncached


@pytest.mark.parametrize(
    "refusal", [None, OSError(errno.EOPNOTSUPP, "no"), OSError(errno.EINVAL, "no"), NotImplementedError()]
)
def test_what_is_written_stands_there(tmp_path, monkeypatch, refusal):
    write = os.pwritev

    def short(descriptor, views, place, flags=0):
        if flags and refusal:
            raise refusal
        return write(descriptor, [view[:1000] for view in views[:1]], place)

    monkeypatch.setattr(os, "pwritev", short)
    arrays = {"first": np.arange(999), "second": np.arange(12).reshape(3, 4)}
    write_arrays(tmp_path / "cached", arrays)
    write_arrays(tmp_path / "past", arrays, cached=False)
    assert (tmp_path / "past").read_bytes() == (tmp_path / "cached").read_bytes()
    found = Arrays(tmp_path / "past")
    assert all((found.read(name) == array).all() for name, array in arrays.items())
    found.close()


def test_a_full_disk_is_told(monkeypatch, tmp_path):
    def full(*_):
        raise OSError(errno.ENOSPC, "full")

    monkeypatch.setattr(os, "pwritev", full)
    with (tmp_path / "file").open("wb") as out, pytest.raises(OSError, match="full"):
        write_uncached(out.fileno(), [memoryview(b"some")], 0)
