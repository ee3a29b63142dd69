"""The shared index, on a real Redis server that the tests start themselves."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time

import pytest

from cleaner.dedup import DedupIndex, RedisIndex, Settings
from cleaner.errors import ConfigError, IndexMismatch
from tests.dedup.test_index import IDS, PLAIN, TEXTS, expected


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    program = shutil.which("redis-server")
    if not program:
        pytest.skip("redis-server is not installed")
    redis = pytest.importorskip("redis")
    pytest.importorskip("datasketch")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    folder = tmp_path_factory.mktemp("redis")
    options = ["--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", str(folder)]
    process = subprocess.Popen([program, *options], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    client = redis.Redis(port=port)
    for _ in range(100):
        try:
            client.ping()
            break
        except redis.exceptions.ConnectionError:
            time.sleep(0.1)
    else:
        process.kill()
        pytest.fail("redis-server does not answer")
    yield f"redis://127.0.0.1:{port}/0"
    client.close()
    process.terminate()
    process.wait(10)


def test_the_same_answers_as_on_disk(server, tmp_path):
    with DedupIndex.create(tmp_path / "i", PLAIN) as disk, RedisIndex.create(f"{server}?name=same", PLAIN) as shared:
        for index in (disk, shared):
            assert index.add(IDS[:150], TEXTS[:150]) == 150
        assert set(shared.query(TEXTS[150:])) == set(disk.query(TEXTS[150:])) == expected(TEXTS[150:], range(150))
        assert len(shared) == shared.info().documents == 150


def test_clients_see_what_others_add_and_remove(server):
    url = f"{server}?name=clients"
    with RedisIndex.create(url, PLAIN) as one, RedisIndex(url) as two:
        assert one.add(IDS[:100], TEXTS[:100]) == 100
        assert two.add(IDS[90:150], TEXTS[90:150]) == 50
        assert set(one.query(TEXTS[150:])) == expected(TEXTS[150:], range(150))
        assert two.remove([*IDS[:50], "unknown"]) == 50
        assert set(one.query(TEXTS[150:])) == expected(TEXTS[150:], range(50, 150))
        assert one.add(IDS[:1], TEXTS[:1]) == 1


def test_names_are_apart_and_settings_are_checked(server):
    with RedisIndex.create(f"{server}?name=a", Settings(ngram=3)) as index:
        index.add(["x"], ["one two three four"])
    with pytest.raises(ConfigError, match="there is an index of the name 'a' already"):
        RedisIndex.create(f"{server}?name=a", PLAIN)
    with pytest.raises(IndexMismatch, match="expected an index of the name 'b'"):
        RedisIndex(f"{server}?name=b")
    with RedisIndex(f"{server}?name=a") as again:
        assert again.settings == Settings(ngram=3)
        assert [(row.id, row.similarity) for row in again.query(["One two, three four."])] == [("x", 1.0)]


def test_a_server_that_is_not_there_is_named():
    pytest.importorskip("redis")
    pytest.importorskip("datasketch")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"redis://127.0.0.1:{free.getsockname()[1]}/0"
        with pytest.raises(ConfigError, match=url):
            RedisIndex(url)
