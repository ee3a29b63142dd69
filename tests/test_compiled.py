"""Compiling: what is kept where, and what happens where nothing can be kept."""

from __future__ import annotations

import logging
import subprocess
import sys

import numpy as np
import pytest

from cleaner import compiled


def double(values):
    total = 0
    for value in values:
        total += 2 * value
    return total


def test_a_folder_for_each_state_of_the_sources(tmp_path, monkeypatch):
    monkeypatch.setenv("CLEANER_CACHE", str(tmp_path / "cache"))
    source = tmp_path / "source.py"
    source.write_text("one")
    first = compiled.cache_folder([source])
    assert first == compiled.cache_folder([source])
    source.write_text("two")
    assert compiled.cache_folder([source]) not in (first, None)


def test_compiled_code_is_kept(tmp_path, monkeypatch, caplog):
    monkeypatch.setenv("CLEANER_CACHE", str(tmp_path))
    caplog.set_level(logging.INFO, "cleaner.compiled")
    for _ in range(2):
        with compiled.compiling([]) as cached:
            assert cached
            function = compiled.kernel(cached, "i8", "u4[r]")(double)
    assert function(np.array([1, 2], np.uint32)) == 6
    assert len(list(tmp_path.rglob("*.nbi"))) == 1
    assert [record.levelname for record in caplog.records] == ["INFO"]


def test_a_closed_cache_folder_costs_time_only(tmp_path, monkeypatch, caplog):
    (tmp_path / "file").touch()
    monkeypatch.setenv("CLEANER_CACHE", str(tmp_path / "file"))
    with compiled.compiling([]) as cached:
        assert not cached
        function = compiled.kernel(cached, "i8", "u4[r]")(double)
    assert function(np.frombuffer(np.array([1, 2], np.uint32).tobytes(), np.uint32)) == 6
    assert "compiling in memory" in caplog.text


def test_other_types_are_refused():
    function = compiled.kernel(False, "i8", "u4[]")(double)
    with pytest.raises(TypeError):
        function(np.array([1.0]))


@pytest.mark.parametrize("module", ["cleaner", "cleaner.document", "cleaner.packs.match", "cleaner.judge.look", "cleaner.engine"])
def test_numba_waits_until_it_is_needed(module):
    code = f"import sys, {module}; sys.exit('numba' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
