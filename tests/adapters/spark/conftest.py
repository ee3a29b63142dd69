"""One session for all tests of Spark: two cores, small heaps, tasks that may fail and be tried again."""

from __future__ import annotations

import os
import signal
import threading
import time
from pathlib import Path

import pytest

pytest.importorskip("pyspark")
pytest.importorskip("pyarrow")


@pytest.fixture(scope="session")
def spark():
    from cleaner.adapters.spark.session import session

    found = session(
        "local[2,4]",
        **{
            "spark.driver.memory": "512m",
            "spark.sql.shuffle.partitions": "2",
            "spark.ui.enabled": "false",
            # Compiling plans and planning anew costs more than rows that few do.
            "spark.sql.codegen.wholeStage": "false",
            "spark.sql.adaptive.enabled": "false",
            "spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1",
            "spark.executor.heartbeatInterval": "60s",
            "spark.network.timeout": "300s",
        },
    )
    found.sparkContext.setLogLevel("OFF")
    yield found
    found.stop()


def workers() -> dict[int, float]:
    """Spark's Python workers below this process, with the processor seconds each has used."""
    parents, lines = {}, {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                state = (entry / "stat").read_text().rpartition(")")[2].split()
                lines[int(entry.name)] = (entry / "cmdline").read_bytes()
            except OSError:
                continue
            parents[int(entry.name)] = (int(state[1]), (int(state[11]) + int(state[12])) / os.sysconf("SC_CLK_TCK"))

    def below(process: int) -> bool:
        while process in parents:
            process = parents[process][0]
            if process == os.getpid():
                return True
        return False

    daemons = {process for process, line in lines.items() if b"pyspark.daemon" in line and below(process)}
    return {process: parents[process][1] for process in daemons if parents[process][0] in daemons}


class Killer(threading.Thread):
    """Kills a Python worker that is at work."""

    def __init__(self, sc):
        super().__init__(daemon=True)
        self.sc, self.killed, self.over = sc, None, False

    def run(self):
        before = workers()
        while not self.over:
            for process, seconds in workers().items():
                if self.sc.statusTracker().getActiveStageIds() and seconds > before.get(process, 0) + 0.3:
                    os.kill(process, signal.SIGKILL)
                    self.killed = process
                    return
            time.sleep(0.02)

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.over = True
        self.join()


@pytest.fixture
def killer(spark):
    return Killer(spark.sparkContext)
