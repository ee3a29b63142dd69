"""`cleaner clean` and `cleaner restore` as commands: real processes, pipes, signals and files."""

from __future__ import annotations

import array
import fcntl
import gzip
import json
import os
import random
import signal
import subprocess
import sys
import termios
import time
from pathlib import Path

import pytest

from cleaner.records import zstd
from cleaner.records.files import read_lines

ROOT = Path(__file__).resolve().parents[2]
COMMAND = [sys.executable, "-m", "tests.standin"]


def records(count, seed=1, slow=False):
    rng = random.Random(seed)
    words = ["ferry", "Äpfel", "город", "水", "😀", 'quo"te', "a\\b", "AD"]
    lines = []
    for number in range(count):
        text = "\n".join(" ".join(rng.choices(words, k=rng.randrange(1, 9))) for _ in range(rng.randrange(9)))
        text += "\nSLOW" if slow else ""
        raw = json.dumps(text, ensure_ascii=rng.random() < 0.3)
        lines.append(f'{{"id": "r{number}", "text":{raw}, "n":{rng.randrange(10**30)}}}\n'.encode())
    return b"".join(lines)


def wait_until_read(pipe, seconds=30):
    """Wait until the process at the other end has taken everything out of its pipe."""
    unread = array.array("i", [1])
    until = time.monotonic() + seconds
    while unread[0] and time.monotonic() < until:
        fcntl.ioctl(pipe, termios.FIONREAD, unread)
        time.sleep(0.02)
    assert not unread[0], "the process did not read its input"


@pytest.fixture(autouse=True)
def _in_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def environment():
    return {**os.environ, "PYTHONPATH": str(ROOT), "COVERAGE_PROCESS_START": ""}


def cleaner(*args, data=None, code=0):
    done = subprocess.run([*COMMAND, *map(str, args)], input=data, capture_output=True, env=environment(), check=False)
    assert done.returncode == code, done.stderr.decode()
    return done


def start(*args, **options):
    return subprocess.Popen([*COMMAND, *map(str, args)], env=environment(), **options)


def lines_of(record):
    return json.loads(record)["text"].split("\n")


def contents(path):
    return b"".join(line.data + b"\n" for line in read_lines([path]))


@pytest.mark.parametrize("jobs", [1, 3])
def test_filter(jobs):
    data = records(200)
    plain = cleaner("clean", "-j", jobs, data=data).stdout
    assert plain.count(b"\n") == 200
    assert plain != data
    assert all(not line.startswith("AD ") for record in plain.splitlines() for line in lines_of(record))
    for packed in (gzip.compress(data[:900]) + gzip.compress(data[900:]), zstd.frame(data)):
        assert cleaner("clean", "-j", jobs, "--batch-chars", 700, data=packed).stdout == plain


def test_outputs_agree_for_any_jobs_and_batch_size(tmp_path):
    (tmp_path / "in.jsonl").write_bytes(records(300) + b'{"broken\n' + records(50, 2) + b'{"text":"RAISE"}\n')
    seen = set()
    for number, (jobs, size) in enumerate([(1, 300_000), (1, 50), (2, 2000), (3, 100)]):
        out = tmp_path / str(number)
        out.mkdir()
        names = [out / "out.jsonl.zst", out / "ledger.jsonl.gz", out / "bad.jsonl", out / "stats.json"]
        options = [
            part for pair in zip(("-o", "--ledger", "--quarantine", "--stats"), names, strict=True) for part in pair
        ]
        cleaner("clean", "in.jsonl", "-j", jobs, "--batch-chars", size, *options)
        seen.add(tuple(name.read_bytes() for name in names))
        assert sorted(out.iterdir()) == sorted(names)
    [(out, _, bad, stats)] = seen
    counts = json.loads(stats)
    assert counts["records"] == 352
    assert counts["quarantined"] == counts["passed"] == 1
    assert bad.count(b"\n") == 2
    assert out


def test_restore(tmp_path):
    data = records(300)
    (tmp_path / "in.jsonl").write_bytes(data)
    cleaner("clean", "in.jsonl", "-o", "out.jsonl.gz", "--ledger", "ledger.jsonl")
    assert contents("out.jsonl.gz") != data
    assert cleaner("restore", "out.jsonl.gz", "--ledger", "ledger.jsonl").stdout == data
    cleaner("restore", "-", "--ledger", "ledger.jsonl", "-o", "back.zst", data=contents("out.jsonl.gz"))
    assert contents("back.zst") == data


def test_restore_refuses_what_does_not_fit(tmp_path):
    (tmp_path / "in.jsonl").write_bytes(records(30))
    cleaner("clean", "in.jsonl", "-o", "out", "--ledger", "ledger")
    lines = contents("out").splitlines(keepends=True)
    done = cleaner("restore", "-", "--ledger", "ledger", data=b"".join(lines[5:]), code=3)
    assert b"line" in done.stderr
    assert b"expected the header of a ledger" in cleaner("restore", "out", "--ledger", "out", code=3).stderr


def test_several_inputs_and_a_missing_line_end(tmp_path):
    (tmp_path / "a").write_bytes(b'{"text":"AD x"}\n{"text":"a"}')
    (tmp_path / "b").write_bytes(gzip.compress(b'{"text":"b"}'))
    assert cleaner("clean", "a", "b").stdout == b'{"text":""}\n{"text":"a"}\n{"text":"b"}\n'


def test_a_worker_that_dies_costs_no_record(tmp_path):
    lines = records(120).splitlines(keepends=True)
    killer = b'{"text":"AD x\\nEXIT"}\n'
    done = cleaner(
        "clean",
        "-j",
        2,
        "--quarantine",
        "bad",
        "--batch-chars",
        3000,
        data=b"".join([*lines[:70], killer, *lines[70:]]),
    )
    expected = cleaner("clean", "-j", 1, data=b"".join(lines)).stdout.splitlines(keepends=True)
    assert done.stdout.splitlines(keepends=True) == [*expected[:70], killer, *expected[70:]]
    [note] = (tmp_path / "bad").read_bytes().splitlines()
    assert json.loads(note) == {
        "file": "stdin",
        "line": 71,
        "reason": "worker process died: exit status 9",
        "passed": True,
    }


@pytest.mark.parametrize("suffix", ["", ".zst"])
@pytest.mark.parametrize("packed", [False, True])
def test_kill_and_rerun_gives_the_same_bytes(tmp_path, suffix, packed):
    data = records(400, slow=True)
    (tmp_path / "in").write_bytes(gzip.compress(data) if packed else data)
    (tmp_path / "in2").write_bytes(b"nothing\n" + records(100, 5, slow=True))
    names = [f"{name}{suffix}" for name in ("out", "ledger", "bad")]

    def options(folder, jobs):
        (tmp_path / folder).mkdir(exist_ok=True)
        paths = [f"{folder}/{name}" for name in names]
        return [
            *("clean", "in", "in2", "-j", jobs, "--batch-chars", 900),
            *("-o", paths[0], "--ledger", paths[1], "--quarantine", paths[2], "--stats", f"{folder}/stats"),
        ]

    cleaner(*options("calm", 4))
    kills = 0
    for jobs in (1, 2, 3, 2):
        process = start(*options("killed", jobs), stderr=subprocess.DEVNULL)
        wait_for(tmp_path / "killed" / f"{names[0]}.checkpoint", process)
        time.sleep(0.5)
        if process.poll() is None:
            process.kill()
            kills += 1
        process.wait()
    assert kills
    done = cleaner(*options("killed", 2))
    assert b"going on after" in done.stderr
    for name in (*names, "stats"):
        assert (tmp_path / "killed" / name).read_bytes() == (tmp_path / "calm" / name).read_bytes(), name
    assert sorted(path.name for path in (tmp_path / "killed").iterdir()) == sorted([*names, "stats"])


def wait_for(path, process):
    deadline = time.monotonic() + 20
    while not path.exists() and process.poll() is None:
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_changed_input_starts_afresh(tmp_path):
    (tmp_path / "in").write_bytes(records(400, slow=True))
    process = start("clean", "in", "-o", "out", "-j", 1, "--batch-chars", 500, stderr=subprocess.DEVNULL)
    wait_for(tmp_path / "out.checkpoint", process)
    process.kill()
    process.wait()
    (tmp_path / "in").write_bytes(b'{"text":"AD new"}\n')
    done = cleaner("clean", "in", "-o", "out")
    assert b"going on" not in done.stderr
    assert (tmp_path / "out").read_bytes() == b'{"text":""}\n'


def test_interrupt(tmp_path):
    (tmp_path / "in").write_bytes(records(250, slow=True))
    options = ("clean", "in", "-o", "out", "-j", 2, "--batch-chars", 500)
    process = start(*options, stderr=subprocess.PIPE, start_new_session=True)
    wait_for(tmp_path / "out.checkpoint", process)
    os.killpg(process.pid, signal.SIGINT)
    _, stderr = process.communicate(timeout=20)
    assert process.returncode == 130
    assert b"Traceback" not in stderr
    assert not (tmp_path / "out").exists()
    assert b"going on after" in cleaner(*options).stderr
    cleaner("clean", "in", "-o", "calm")
    assert (tmp_path / "out").read_bytes() == (tmp_path / "calm").read_bytes()


def test_interrupt_while_waiting_for_input():
    process = start("clean", stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    process.stdin.write(b'{"text":"a"}\n')
    process.stdin.flush()
    wait_until_read(process.stdin)
    process.send_signal(signal.SIGINT)
    _, stderr = process.communicate(timeout=20)
    assert process.returncode == 130
    assert b"Traceback" not in stderr


def test_termination_leaves_no_worker(tmp_path):
    (tmp_path / "in").write_bytes(records(250, slow=True))
    process = start("clean", "in", "-o", "out", "-j", 2, "--batch-chars", 500, stderr=subprocess.DEVNULL)
    wait_for(tmp_path / "out.checkpoint", process)
    workers = children(process.pid)
    assert workers
    process.terminate()
    assert process.wait(20) == 143
    assert not any(Path(f"/proc/{pid}").exists() for pid in workers)


def children(pid):
    tasks = Path(f"/proc/{pid}/task/{pid}/children")
    return [int(child) for child in tasks.read_text().split()] if tasks.exists() else []


@pytest.mark.parametrize("jobs", [1, 2])
def test_closed_pipe_is_quiet(tmp_path, jobs):
    (tmp_path / "in").write_bytes(records(20_000))
    with start("clean", "in", "-j", jobs, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        first = process.stdout.readline()
        process.stdout.close()
        stderr = process.stderr.read()
    assert first.startswith(b'{"id": "r0"')
    assert process.returncode == 141
    assert b"Traceback" not in stderr and b"Broken" not in stderr


def test_exit_codes(tmp_path):
    good, bad = b'{"text":"a"}\n', b'{"text":\n'
    assert cleaner("clean", data=bad + good).stdout == good
    assert b"stdin:1: not JSON" in cleaner("clean", "--strict", data=bad + good, code=1).stderr
    cleaner("clean", "--max-bad", 1, data=bad + good)
    cleaner("clean", "--max-bad", 0, data=bad + good, code=1)
    cleaner("clean", "--no-such-option", data=good, code=2)
    cleaner("clean", "--jobs", 0, data=good, code=2)
    assert b"clean?" in cleaner("claen", code=2).stderr
    assert b"fineweb?" in cleaner("clean", "--schema", "finweb", data=good, code=2).stderr
    assert b"nothing.jsonl: cannot be read" in cleaner("clean", "nothing.jsonl", code=3).stderr
    assert b"it is a folder" in cleaner("clean", tmp_path, code=3).stderr
    assert b"cannot be written" in cleaner("clean", "-o", "no/such/folder", data=good, code=3).stderr
    assert b"different files" in cleaner("clean", "-o", "x", "--ledger", "x", data=good, code=2).stderr
    (tmp_path / "cut.gz").write_bytes(gzip.compress(os.urandom(9999).hex().encode())[:-40])
    assert b"cut off" in cleaner("clean", "cut.gz", "-o", "out", "--schema", "c4", code=3).stderr
    assert not list(tmp_path.glob("out*"))


def test_help_tells_exit_codes():
    for words in (["--help"], ["clean", "--help"]):
        assert b"141" in cleaner(*words).stdout


def test_fields_are_guessed_and_told():
    line = b'{"raw_content":"AD x","url":"u","digest":"d"}\n'
    done = cleaner("clean", data=line)
    assert done.stdout == b'{"raw_content":"","url":"u","digest":"d"}\n'
    assert b"text=raw_content" in done.stderr
    assert cleaner("clean", "-q", data=line).stderr == b""
    assert b"text=other" in cleaner("clean", "--text-field", "other", data=line).stderr
    assert b"one of: a, b" in cleaner("clean", data=b'{"a":1,"b":2}\n', code=2).stderr
    assert cleaner("clean", data=b"").stdout == b""


def test_the_guess_is_the_same_for_any_batch_size():
    data = b"broken\n" + b'{"x":1}\n' * 50 + b'{"body":"AD y"}\n'
    small, large = (cleaner("clean", "--batch-chars", size, data=data) for size in (1, 10**6))
    assert (small.stdout, small.stderr) == (large.stdout, large.stderr)


def test_too_long_lines_pass():
    long = b'{"text":"AD ' + b"x" * 5000 + b'"}\n'
    short = b'{"text":"AD x"}\n'
    done = cleaner("clean", "--max-line", 1000, "--quarantine", "q", "--batch-chars", 300, data=short + long + short)
    assert done.stdout == b'{"text":""}\n' + long + b'{"text":""}\n'
    assert json.loads(Path("q").read_bytes())["line"] == 2


def test_settings_file(tmp_path, monkeypatch):
    (tmp_path / "cleaner.toml").write_text('text-field = "body"\nstrict = true\njobs = 1\nselect = ["en", "de"]\n')
    (tmp_path / "below").mkdir()
    monkeypatch.chdir(tmp_path / "below")
    data = b'{"body":"AD x"}\nbroken\n'
    assert cleaner("clean", data=data, code=1).stdout == b'{"body":""}\n'
    cleaner("clean", "--no-config", data=data)
    shown = cleaner("clean", "--show-config", "--text-field", "other").stdout.decode()
    assert 'text-field = "other"' in shown
    assert 'select = ["en", "de"]' in shown
    assert "strict = true" in shown


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('text-feild = "x"', "text-field?"),
        ('jobs = "many"', "key jobs: expected a number"),
        ("strict = 1", "key strict: expected true or false"),
        ('format = "pdf"', "expected one of text, markdown"),
        ("[cleen]\njobs = 1", "table cleen"),
        ("[clean]\njob = 1", "key clean.job: unknown; jobs?"),
        ("jobs =", "not TOML"),
    ],
)
def test_wrong_settings(tmp_path, text, message):
    (tmp_path / "cleaner.toml").write_text(text)
    assert message in cleaner("clean", data=b"", code=2).stderr.decode()


def test_settings_in_pyproject(tmp_path):
    (tmp_path / "pyproject.toml").write_text('[tool.cleaner.clean]\ntext-field = "body"\n')
    assert b'text-field = "body"' in cleaner("clean", "--show-config").stdout


def test_progress_only_where_asked(tmp_path):
    (tmp_path / "in").write_bytes(records(50))
    assert b"%|" not in cleaner("clean", "in").stderr
    assert b"%|" in cleaner("clean", "in", "--progress").stderr


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_memory_stays_flat(tmp_path):
    """The same lines many times over need no more memory than once."""
    peaks = []
    for times in (4, 16):  # both longer than a batch
        (tmp_path / "in").write_bytes(records(8000) * times)
        code = (
            "import sys; import cleaner; from cleaner.cli import main; from tests.standin import AdRemover;"
            "cleaner.Cleaner = AdRemover; code = main(sys.argv[1:]);"
            "print(open('/proc/self/status').read().partition('VmHWM:')[2].split()[0]); sys.exit(code)"
        )
        command = [sys.executable, "-c", code, "clean", "in", "-o", "out", "--ledger", "ledger", "-j", "1"]
        done = subprocess.run(command, env=environment(), capture_output=True, check=True)
        peaks.append(int(done.stdout))
    assert peaks[1] < peaks[0] + 3000  # KiB


def test_start_is_cheap():
    code = "import sys; from cleaner.cli import main; main(['--help']); print(sorted(sys.modules), file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", code], env=environment(), capture_output=True, check=True)
    loaded = done.stderr.decode()
    for heavy in ("numpy", "orjson", "tqdm", "regex", "tomllib", "multiprocessing"):
        assert f"'{heavy}'" not in loaded


def device(path):
    """A named pipe with somebody who reads it: what a device is to a filter, without the rights that one needs."""
    os.mkfifo(path)
    return subprocess.Popen(["cat", path], stdout=subprocess.PIPE)


@pytest.mark.parametrize("option", ["-o", "--ledger", "--stats", "--quarantine"])
def test_what_is_no_file_is_written_to_and_never_replaced(tmp_path, option):
    (tmp_path / "in.jsonl").write_bytes(records(50) + b"{\n")
    reader = device(tmp_path / "pipe")
    output = () if option == "-o" else ("-o", "out.jsonl")
    cleaner("clean", "-q", "in.jsonl", *output, option, "pipe")
    assert reader.communicate()[0]
    assert (tmp_path / "pipe").is_fifo()
    assert not list(tmp_path.glob("pipe.*"))


@pytest.mark.skipif(not Path("/dev/full").is_char_device(), reason="needs /dev/full")
@pytest.mark.parametrize("option", ["-o", "--ledger"])
def test_a_full_disk_is_told_with_the_file(tmp_path, option):
    (tmp_path / "in.jsonl").write_bytes(records(50))
    output = () if option == "-o" else ("-o", "out.jsonl")
    done = cleaner("clean", "-q", "in.jsonl", *output, option, "/dev/full", code=3)
    assert done.stderr == b"cleaner: /dev/full: cannot be written: No space left on device\n"
    assert Path("/dev/full").is_char_device()
    assert [path.name for path in tmp_path.iterdir()] == ["in.jsonl"]


def test_a_link_leads_to_the_file_that_is_written(tmp_path):
    (tmp_path / "in.jsonl").write_bytes(records(50))
    (tmp_path / "there").mkdir()
    (tmp_path / "out.jsonl").symlink_to(tmp_path / "there" / "real.jsonl")
    cleaner("clean", "-q", "in.jsonl", "-o", "out.jsonl")
    assert (tmp_path / "out.jsonl").is_symlink()
    assert (tmp_path / "there" / "real.jsonl").read_bytes() == cleaner("clean", "-q", "in.jsonl").stdout
    assert [path.name for path in (tmp_path / "there").iterdir()] == ["real.jsonl"]


@pytest.mark.parametrize("option", ["-o", "--ledger", "--quarantine", "--stats", "--report"])
def test_an_input_is_never_overwritten(tmp_path, option):
    data = records(50)
    (tmp_path / "in.jsonl").write_bytes(data)
    (tmp_path / "other.jsonl").write_bytes(data)
    os.link(tmp_path / "in.jsonl", tmp_path / "same.jsonl")
    output = () if option == "-o" else ("-o", "out.jsonl")
    for name in ("in.jsonl", "./in.jsonl", "same.jsonl"):
        done = cleaner("clean", "other.jsonl", "in.jsonl", *output, option, name, code=2)
        assert done.stderr == f"cleaner: {name}: is an input, which the output would replace; expected another file\n".encode()
    assert (tmp_path / "in.jsonl").read_bytes() == data


@pytest.mark.parametrize("option", ["-o", "--ledger", "--quarantine", "--stats", "--report"])
@pytest.mark.parametrize(("name", "reason"), [("no/out", "there is no folder"), ("folder", "it is a folder")])
def test_outputs_that_cannot_be_made_are_told_before_the_work(tmp_path, option, name, reason):
    (tmp_path / "in.jsonl").write_bytes(b"{\n")
    (tmp_path / "folder").mkdir()
    output = () if option == "-o" else ("-o", "out.jsonl")
    done = cleaner("clean", "in.jsonl", *output, option, name, code=3)
    assert done.stderr.startswith(f"cleaner: {name}: cannot be written: {reason}".encode())
    assert b"not JSON" not in done.stderr
    assert not (tmp_path / "out.jsonl").exists()


@pytest.mark.parametrize(("closed", "name"), [("<&-", "stdin: cannot be read"), (">&-", "stdout: cannot be written")])
def test_a_closed_stream_is_an_error_in_one_line(closed, name):
    command = f"{' '.join([*COMMAND, 'clean', '-q', '--schema', 'c4'])} {closed}"
    done = subprocess.run(["sh", "-c", command], input=records(3), capture_output=True, env=environment(), check=False)
    assert (done.returncode, done.stderr) == (3, f"cleaner: {name}: it is closed\n".encode())


def test_a_text_field_that_is_nowhere_is_told():
    data = records(20)
    done = cleaner("clean", "--text-field", "body", data=data)
    assert done.stdout == data
    assert b"no record has a text where it was looked for (body)" in done.stderr
    assert b"no record" not in cleaner("clean", data=data + b'{"id": 1}\n').stderr


def test_a_ledger_of_another_run_is_refused(tmp_path):
    (tmp_path / "in.jsonl").write_bytes(records(50))
    cleaner("clean", "-q", "in.jsonl", "-o", "out.jsonl", "--ledger", "ledger.jsonl")
    first = json.loads((tmp_path / "ledger.jsonl").read_bytes().split(b"\n")[1])
    lines = (tmp_path / "out.jsonl").read_bytes().splitlines(keepends=True)
    (tmp_path / "other.jsonl").write_bytes(b"".join([*lines[1:], lines[0]]))
    done = cleaner("restore", "other.jsonl", "--ledger", "ledger.jsonl", code=3)
    assert f"expected the record '{first['id']}'".encode() in done.stderr


@pytest.mark.parametrize("value", ["-1", "x", "1.5"])
def test_a_number_of_bad_records_is_a_number(value):
    assert b"expected a number of at least 0" in cleaner("clean", f"--max-bad={value}", code=2).stderr


def test_a_folder_without_rules_is_told(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "cleaner", "clean", "-q", "--packs", str(tmp_path)],
        input=records(3), capture_output=True, env=environment(), check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (2, f"cleaner: {tmp_path}: no rules in this folder, expected files *.toml\n".encode())
