"""The pool: real processes, in order, and nothing lost when they die."""

from __future__ import annotations

import faulthandler
import os
import signal
import subprocess
import sys
import textwrap
import time

import pytest

from cleaner.errors import CleanerError
from cleaner.records.workers import OrderedPool, WorkError


def halves(task):
    return [task[: len(task) // 2], task[len(task) // 2 :]] if len(task) > 1 else []


def doubled(task):
    time.sleep(0.002 * (7 - sum(task) % 7))
    return [2 * number for number in task]


def dies_of_13(task):
    if 13 in task:
        faulthandler.disable()
        os.kill(os.getpid(), signal.SIGSEGV)
    return doubled(task)


def exits_on_7_and_8(task):
    if 7 in task or 8 in task:
        os._exit(3)
    return doubled(task)


def raises(task):
    raise ValueError(f"task {task}")


def given_up(task, reason):
    return [(number, reason) for number in task]


def run(work, tasks, jobs=3):
    pool = OrderedPool(work, jobs=jobs, split=halves, give_up=given_up)
    return [number for result in pool.map(tasks) for number in result]


def portions(count, size):
    return [list(range(start, min(start + size, count))) for start in range(0, count, size)]


@pytest.mark.parametrize("jobs", [1, 2, 5])
def test_order(jobs):
    assert run(doubled, portions(200, 3), jobs) == list(range(0, 400, 2))


def test_nothing_to_do():
    assert run(doubled, []) == []


def test_one_record_that_kills():
    expected = [2 * number for number in range(60)]
    expected[13] = (13, "worker process died: signal SIGSEGV")
    assert run(dies_of_13, portions(60, 20)) == expected


def test_several_records_that_kill():
    expected = [2 * number for number in range(20)]
    expected[7:9] = [(number, "worker process died: exit status 3") for number in (7, 8)]
    assert run(exits_on_7_and_8, portions(20, 4), 2) == expected


def test_an_innocent_task_survives_a_killer_from_outside(tmp_path):
    """A worker that is shot once (as the kernel does when memory is short) costs nothing."""

    def shot_once(task):
        if task == [5] and not (tmp_path / "shot").exists():
            (tmp_path / "shot").touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return doubled(task)

    assert run(shot_once, portions(20, 1), 2) == list(range(0, 40, 2))
    assert (tmp_path / "shot").exists()


def test_large_tasks_and_results_do_not_block():
    def mirrored(task):
        return bytes(reversed(task))

    tasks = [bytes([number]) * 3_000_000 for number in range(12)]
    pool = OrderedPool(mirrored, jobs=2, split=lambda task: [], give_up=lambda task, reason: b"")
    assert list(pool.map(tasks)) == tasks


def test_an_exception_is_an_error_with_its_traceback():
    with pytest.raises(WorkError, match=r"task \[0\]"):
        run(raises, portions(1, 1))


def test_few_tasks_are_under_way():
    taken = []

    def tasks():
        for number in range(100):
            taken.append(number)
            yield [number]

    results = OrderedPool(doubled, jobs=2, split=halves, give_up=given_up).map(tasks())
    next(results)
    assert len(taken) <= 10
    results.close()


def test_workers_end_with_the_generator():
    def own_pid(task):
        return os.getpid()

    results = OrderedPool(own_pid, jobs=2, split=halves, give_up=given_up).map([[n] for n in range(50)])
    pids = {next(results) for _ in range(5)}
    results.close()
    for pid in pids:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


def test_workers_end_when_their_parent_is_killed(tmp_path):
    code = """
        import os, sys, time
        from pathlib import Path
        from cleaner.records.workers import OrderedPool
        def work(task):
            (Path(sys.argv[1]) / str(os.getpid())).touch()
            return task
        pool = OrderedPool(work, jobs=3, split=lambda t: [], give_up=lambda t, r: t)
        def tasks():
            yield from range(40)
            print("now", flush=True)
            time.sleep(60)
        list(pool.map(tasks()))
    """
    command = [sys.executable, "-c", textwrap.dedent(code), str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout.readline() == b"now\n"
        process.kill()
    pids = [int(path.name) for path in tmp_path.iterdir()]
    assert pids
    deadline = time.monotonic() + 5
    while any(alive(pid) for pid in pids):
        assert time.monotonic() < deadline, "workers outlived their parent"
        time.sleep(0.02)


def alive(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8") as file:
            return file.read().rpartition(")")[2].split()[0] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return False


class FailsToArrive:
    """Work that cannot be built in another process."""

    def __call__(self, task):
        return task

    def __reduce__(self):
        return os._exit, (4,)


def test_workers_that_cannot_start(monkeypatch):
    monkeypatch.setattr("threading.active_count", lambda: 2)  # spawn instead of fork
    with pytest.raises(CleanerError, match="died before their first task.*exit status 4"):
        run(FailsToArrive(), portions(3, 1), 1)


def test_spawned_workers(monkeypatch):
    monkeypatch.setattr("threading.active_count", lambda: 2)
    assert run(doubled, portions(20, 2), 2) == list(range(0, 40, 2))
