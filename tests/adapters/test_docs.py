"""The samples of docs/adapters.md run as they stand, and give what the command line gives."""

import json
import os
import re
import subprocess
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path

import pytest

from cleaner.cli import main

pa = pytest.importorskip("pyarrow")
pq = pytest.importorskip("pyarrow.parquet")

ROOT = Path(__file__).resolve().parents[2]
HOSTS = ("polars", "pandas", "duckdb", "datasets", "datatrove", "ray")


def samples():
    found, heading = [], ""
    for part in re.split(r"^(## .*)$", (ROOT / "docs" / "adapters.md").read_text("utf-8"), flags=re.MULTILINE):
        heading = part[3:] if part.startswith("## ") else heading
        for number, code in enumerate(re.findall(r"^```python\n(.*?)^```$", part, re.MULTILINE | re.DOTALL), 1):
            found.append(pytest.param(code, id=f"{heading}-{number}"))
    return found


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The records of the samples, and what the command line makes of them."""
    made = tmp_path_factory.mktemp("samples")
    lines = (ROOT / "examples" / "pages.jsonl").read_bytes()
    (made / "pages.jsonl").write_bytes(lines)
    pq.write_table(pa.Table.from_pylist([json.loads(line) for line in lines.splitlines()]), made / "pages.parquet")
    assert main(["clean", str(made / "pages.parquet"), "-o", str(made / "clean.parquet"), "-q", "-j", "1"]) == 0
    return made


@pytest.fixture
def short():
    """A folder whose path leaves room for the names of sockets."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as made:
        yield made


def test_there_is_a_sample_for_each_host():
    codes = [sample.values[0] for sample in samples()]
    for host in HOSTS:
        assert any(f"import {host}" in code or f"from {host}" in code for code in codes), host


@pytest.mark.parametrize("code", samples())
def test_sample(folder, tmp_path, short, code):
    for host in HOSTS:
        if re.search(rf"^(import|from) {host}\b", code, re.MULTILINE) and not find_spec(host):
            pytest.skip(f"{host} is not installed")
    for name in ("pages.jsonl", "pages.parquet"):
        (tmp_path / name).symlink_to(folder / name)
    (tmp_path / "sample.py").write_text(code, "utf-8")
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "HF_HOME": str(tmp_path / "hf"), "HF_HUB_OFFLINE": "1"}
    environment |= {"RAY_TMPDIR": str(short), "RAY_AUTH_MODE": "disabled", "RAY_USAGE_STATS_ENABLED": "0"}
    done = subprocess.run([sys.executable, "sample.py"], cwd=tmp_path, env=environment, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()[-3000:]
    out = tmp_path / "out.parquet"
    found = pq.read_table(out if out.exists() else tmp_path / "out").select(["id", "text"]).to_pylist()
    assert found == pq.read_table(folder / "clean.parquet").select(["id", "text"]).to_pylist()
