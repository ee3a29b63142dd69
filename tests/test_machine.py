"""Kept machine code: that it is made once, found again, checked, and never needed."""

from __future__ import annotations

import logging
import pickle
import subprocess
import sys

import numpy as np
import pytest

from cleaner.kept import recall
from cleaner.machine import Library


def made(folder):
    """A library of one kernel, as a process that starts anew has it."""
    library = Library("cleaner", (), [])

    @library.inner
    def twice(value):
        return 2 * value

    @library.kernel("i8", "u4[r]", "i4[,]", "i8")
    def fill(values, out, step):
        total = 0
        for value in values:
            total += twice(value)
        for row in out:
            for column in range(len(row)):
                row[column] = total + step
        return total

    @library.kernel("b1", "u1[]")
    def any_of(values):
        found = False
        for value in values:
            found |= value > 0
        return found

    return library, fill, any_of


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("CLEANER_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def use(fill, any_of):
    values = np.frombuffer(np.array([1, 2], np.uint32).tobytes(), np.uint32)  # read-only
    out = np.zeros((2, 3), np.int32)
    assert fill(values, out, np.int64(3)) == 6
    assert out.tolist() == [[9, 9, 9], [9, 9, 9]]
    assert any_of(np.array([0, 7], np.uint8)) is True
    assert any_of(np.zeros(0, np.uint8)) is False


def test_code_is_compiled_once(home, caplog):
    caplog.set_level(logging.INFO, "cleaner.machine")
    for _ in range(2):
        _, fill, any_of = made(home)
        use(fill, any_of)
    assert [record.levelname for record in caplog.records] == ["INFO"]
    assert len(list(home.rglob("kernels-*.o"))) == 1


def test_a_damaged_file_is_made_anew(home):
    library, *kernels = made(home)
    library.load()
    (file,) = home.rglob("kernels-*.o")
    whole = file.read_bytes()
    for damaged in (b"", whole[:-1], whole[:-1] + bytes([whole[-1] ^ 1]), b"x" + whole):
        file.write_bytes(damaged)
        _, *kernels = made(home)
        use(*kernels)
        assert recall(file) is not None


def test_a_closed_cache_folder_costs_time_only(tmp_path, monkeypatch, caplog):
    (tmp_path / "file").touch()
    monkeypatch.setenv("CLEANER_CACHE", str(tmp_path / "file"))
    _, *kernels = made(tmp_path)
    use(*kernels)
    assert "could not be kept" in caplog.text


def test_other_values_are_refused(home):
    _, fill, _ = made(home)
    values, out = np.zeros(2, np.uint32), np.zeros((2, 4), np.int32)
    for wrong in ((values.astype(np.int32), out), (values, out[:, ::2]), (values, out[0]), (out, out)):
        with pytest.raises(TypeError, match="fill: expected"):
            fill(*wrong, 1)
    with pytest.raises(ValueError, match="shorter|longer"):
        fill(values, out)


PAGE = "<nav><a href=1>Home</a></nav><main><h1>Slate</h1><p>Slate lasts long, if it is laid well.</p></main>"


@pytest.mark.parametrize("given", ["'A line.\\nShare'", f"html={PAGE!r}"])
def test_a_warm_start_needs_no_compiler(given):
    code = f"import sys; from cleaner import Cleaner; Cleaner().clean({given}); sys.exit('numba' in sys.modules)"
    for _ in range(2):
        done = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("module", ["cleaner", "cleaner.document", "cleaner.packs.match", "cleaner.judge.look", "cleaner.engine", "cleaner.pages"])
def test_numba_waits_until_it_is_needed(module):
    code = f"import sys, {module}; sys.exit('numba' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_fractions_and_small_functions_of_inner_loops(home):
    library = Library("cleaner", (), [])

    @library.inlined
    def half(value):
        return value / 2

    @library.kernel("i8", "f8[]", "f8")
    def above(values, least):
        found = 0
        for index in range(len(values)):
            values[index] = half(values[index])
            found += values[index] >= least
        return found

    values = np.array([1.0, 2.0, 3.0])
    assert above(values, 0.75) == 2
    assert above(values, 1) == 0
    assert values.tolist() == [0.25, 0.5, 0.75]


def test_kernels_go_to_other_processes_by_name(home):
    from cleaner.dedup.kernel import pairs

    assert pickle.loads(pickle.dumps(pairs.unite)) is pairs.unite


def test_places_are_counted_from_the_start_and_numba_is_as_before(home):
    """Kernels read where they say; what others compile with numba afterwards still counts from the end."""
    import numba

    library = Library("cleaner", (), [])

    @library.kernel("i8", "i8[]", "i8")
    def at(values, place):
        return values[place]

    values = np.arange(100, 200)
    assert at(values, 3) == 103
    assert at(values[50:].copy(), 3) == 153
    assert numba.njit(lambda values: values[-1])(values) == 199


def test_what_others_compile_meanwhile_waits(home):
    import threading

    import numba

    from cleaner.indexing import from_the_start

    found = []
    with from_the_start():
        other = threading.Thread(target=lambda: found.append(numba.njit(lambda values: values[-1])(np.arange(7))))
        other.start()
        other.join(0.5)
        assert not found
    other.join()
    assert found == [6]


def test_a_numba_that_keeps_that_question_elsewhere(home, monkeypatch):
    from cleaner import indexing

    monkeypatch.setattr(indexing, "_FUNCTION", "no_such_function")
    library = Library("cleaner", (), [])

    @library.kernel("i8", "i8[]", "i8")
    def at(values, place):
        return values[place]

    assert at(np.arange(100, 200), -1) == 199
