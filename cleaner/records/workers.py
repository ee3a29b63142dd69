"""Worker processes that keep the order and lose nothing, also when they die.

Tasks go out and results come back over socket pairs, a few per worker ahead, and never block the process that hands
them out. When a worker dies, the task it was busy with is split and its parts are tried again, down to a part that cannot
be split; when that one kills a second worker, the caller's `give_up` says what stands in its place.
"""

from __future__ import annotations

import contextlib
import gc
import multiprocessing
import pickle
import selectors
import signal
import socket
import struct
import sys
import threading
import traceback
import warnings
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from multiprocessing.process import BaseProcess
from typing import Any, Final, Generic, TypeVar

from cleaner.errors import CleanerError

_ALLOCATIONS: Final = 20_000
"""A batch makes thousands of objects, none of which is garbage before its end: more than Python's 700 before a search."""

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3
_OWN_PAGES: Final = 32 << 20
_KEPT_FREE: Final = 64 << 20

T = TypeVar("T")
R = TypeVar("R")

_LENGTH: Final = struct.Struct("<Q")
_AHEAD: Final = 2
_SLOTS_PER_JOB: Final = 4
_TRIES: Final = 2
_FAILED_STARTS: Final = 3
_BUFFER: Final = 1 << 20


class WorkError(CleanerError):
    """The work itself raised in a worker; the message holds the traceback."""


@dataclass(slots=True, eq=False)
class _Slot(Generic[T, R]):
    """A task on its way; slots stand in the order of their results."""

    task: T
    tries: int = 0
    done: bool = False
    result: R | None = None


@dataclass(slots=True, eq=False)
class _Worker(Generic[T, R]):
    """A worker process, what it has been given, and the bytes on their way from and to it."""

    process: BaseProcess
    sock: socket.socket
    given: deque[_Slot[T, R]] = field(default_factory=deque)
    outgoing: deque[memoryview] = field(default_factory=deque)
    incoming: bytearray = field(default_factory=lambda: bytearray(_LENGTH.size))
    received: int = 0
    in_header: bool = True
    ready: bool = False


class OrderedPool(Generic[T, R]):
    """Runs `work(task)` for each task in `jobs` processes and gives the results in the order of the tasks.

    `split(task)` gives smaller tasks that together do the same, or nothing; `give_up(task, reason)` the result of a task
    that killed its worker twice. `work` is inherited by forked workers and must be picklable elsewhere.
    """

    def __init__(
        self,
        work: Callable[[T], R],
        *,
        jobs: int,
        split: Callable[[T], Sequence[T]],
        give_up: Callable[[T, str], R],
    ) -> None:
        """Nothing starts before the first task."""
        self._work, self._jobs, self._split, self._give_up = work, jobs, split, give_up
        self._workers: list[_Worker[T, R]] = []
        self._slots: deque[_Slot[T, R]] = deque()
        self._waiting: deque[_Slot[T, R]] = deque()
        self._selector = selectors.DefaultSelector()
        self._failed_starts = 0

    def map(self, tasks: Iterable[T]) -> Generator[R]:
        """Results in order. At most a few tasks per worker are under way at a time."""
        source = iter(tasks)
        exhausted = False
        try:
            while True:
                while self._slots and self._slots[0].done:
                    yield self._slots.popleft().result  # type: ignore[misc]
                while not exhausted and len(self._slots) < self._jobs * _SLOTS_PER_JOB:
                    task = next(source, _END)
                    if isinstance(task, _End):
                        exhausted = True
                    else:
                        slot: _Slot[T, R] = _Slot(task)
                        self._slots.append(slot)
                        self._waiting.append(slot)
                        self._hand_out()
                if not self._slots:
                    return
                self._hand_out()
                self._exchange()
        finally:
            self.close()

    def close(self) -> None:
        """End all workers; those that do not end by themselves are killed."""
        for worker in self._workers:
            worker.sock.close()
        for worker in self._workers:
            worker.process.join(0.2)
            if worker.process.is_alive():
                worker.process.kill()
                worker.process.join()
        self._workers.clear()
        self._selector.close()

    def _hand_out(self) -> None:
        while self._waiting:
            worker = min(self._workers, key=lambda one: len(one.given), default=None)
            if (worker is None or worker.given) and len(self._workers) < self._jobs:
                worker = self._start()
            if worker is None or len(worker.given) >= _AHEAD:
                return
            slot = self._waiting.popleft()
            worker.given.append(slot)
            data = pickle.dumps(slot.task, pickle.HIGHEST_PROTOCOL)
            worker.outgoing += (memoryview(_LENGTH.pack(len(data))), memoryview(data))
            self._send(worker)

    def _exchange(self) -> None:
        """Wait until something moves, and move it."""
        for key, events in self._selector.select():
            worker: _Worker[T, R] = key.data
            if worker not in self._workers:
                continue
            if events & selectors.EVENT_WRITE:
                self._send(worker)
            if events & selectors.EVENT_READ and worker in self._workers:
                self._receive(worker)

    def _send(self, worker: _Worker[T, R]) -> None:
        try:
            while worker.outgoing:
                view = worker.outgoing[0]
                sent = worker.sock.send(view)
                if sent < len(view):
                    worker.outgoing[0] = view[sent:]
                else:
                    worker.outgoing.popleft()
        except BlockingIOError:
            pass
        except OSError:
            return  # dead: what it sent before is read first, the end of its stream tells the rest
        wanted = selectors.EVENT_READ | (selectors.EVENT_WRITE if worker.outgoing else 0)
        self._selector.modify(worker.sock, wanted, worker)

    def _receive(self, worker: _Worker[T, R]) -> None:
        try:
            while True:
                count = worker.sock.recv_into(memoryview(worker.incoming)[worker.received :])
                if not count:
                    return self._bury(worker)
                worker.received += count
                if worker.received < len(worker.incoming):
                    continue
                data, worker.received = worker.incoming, 0
                if worker.in_header:
                    worker.incoming = bytearray(_LENGTH.unpack(data)[0])
                else:
                    worker.incoming = bytearray(_LENGTH.size)
                    self._arrived(worker, data)
                worker.in_header = not worker.in_header
        except BlockingIOError:
            return None
        except OSError:
            return self._bury(worker)

    def _arrived(self, worker: _Worker[T, R], data: bytearray) -> None:
        succeeded, result = pickle.loads(data)
        if not worker.ready:
            worker.ready = True
            return
        if not succeeded:
            raise result if isinstance(result, CleanerError) else WorkError(result)
        slot = worker.given.popleft()
        slot.result, slot.done = result, True

    def _bury(self, worker: _Worker[T, R]) -> None:
        """Take what a dead worker had been given back; the first of it is what it died of."""
        self._selector.unregister(worker.sock)
        worker.sock.close()
        self._workers.remove(worker)
        worker.process.join()
        reason = f"worker process died: {_cause(worker.process.exitcode)}"
        if not worker.ready:
            self._failed_starts += 1
            if self._failed_starts >= _FAILED_STARTS:
                raise CleanerError(f"{self._failed_starts} worker processes died before their first task; {reason}")
        elif worker.given:
            self._retry(worker.given.popleft(), reason)
        self._waiting.extendleft(reversed(worker.given))

    def _retry(self, slot: _Slot[T, R], reason: str) -> None:
        parts: list[_Slot[T, R]] = [_Slot(part) for part in self._split(slot.task)]
        slot.tries += 1
        if parts:
            place = self._slots.index(slot)
            del self._slots[place]
            for offset, part in enumerate(parts):
                self._slots.insert(place + offset, part)
            self._waiting.extendleft(reversed(parts))
        elif slot.tries < _TRIES:
            self._waiting.appendleft(slot)
        else:
            slot.result, slot.done = self._give_up(slot.task, reason), True

    def _start(self) -> _Worker[T, R]:
        ours, theirs = socket.socketpair()
        for end in (ours, theirs):
            end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _BUFFER)
        method = "fork" if sys.platform == "linux" and threading.active_count() == 1 else "spawn"
        context = multiprocessing.get_context(method)
        # A forked worker would keep its siblings' sockets open, and they would not see this process end.
        inherited = [ours, *(worker.sock for worker in self._workers)] if method == "fork" else []
        process: Any = context.Process(target=_serve, args=(theirs, self._work, inherited), daemon=True)  # type: ignore[attr-defined]
        with _interrupts_held(), warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # idle threads of numeric libraries are harmless
            process.start()
        theirs.close()
        ours.setblocking(False)
        worker: _Worker[T, R] = _Worker(process, ours)
        self._workers.append(worker)
        self._selector.register(ours, selectors.EVENT_READ, worker)
        return worker


class _End:
    """What no task can be."""


_END: Final = _End()


def _cause(exitcode: int | None) -> str:
    if exitcode is None or exitcode >= 0:
        return f"exit status {exitcode}"
    try:
        return f"signal {signal.Signals(-exitcode).name}"
    except ValueError:
        return f"signal {-exitcode}"


@contextlib.contextmanager
def _interrupts_held() -> Iterator[None]:
    """Keep Ctrl-C away until a new process can ignore it."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def spare_collector() -> None:
    """Look for garbage seldom, and never among what there is now."""
    gc.freeze()
    gc.set_threshold(_ALLOCATIONS, 20, 20)
    gc.enable()


def reuse_memory() -> None:
    """Have glibc's allocator keep what a batch frees for the next one, in this process and those forked from it.

    By itself it gives the memory back and asks for it anew, and the system clears each page in between: a tenth of the
    time on full texts. Blocks of `_OWN_PAGES` bytes and more still go back, so one large record costs no later one.
    """
    if sys.platform != "linux":
        return
    import ctypes

    with contextlib.suppress(OSError, AttributeError):  # another C library
        option = ctypes.CDLL(None).mallopt
        option(_M_MMAP_THRESHOLD, _OWN_PAGES)
        option(_M_TRIM_THRESHOLD, _KEPT_FREE)


def _serve(sock: socket.socket, work: Callable[[Any], Any], inherited: Sequence[socket.socket]) -> None:
    """The life of a worker: it ends with the process that started it, and leaves Ctrl-C to that one."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    for other in inherited:
        other.close()
    sock.setblocking(True)
    spare_collector()  # what was inherited stays shared
    with contextlib.suppress(ConnectionError, EOFError):
        _post(sock, (True, None))
        while True:
            task = pickle.loads(_take(sock, _LENGTH.unpack(_take(sock, _LENGTH.size))[0]))
            answer: tuple[bool, object]
            try:
                answer = (True, work(task))
            except CleanerError as error:
                answer = (False, error)
            except Exception:  # noqa: BLE001 - whatever it is, it is raised where the results are read
                answer = (False, traceback.format_exc())
            _post(sock, answer)


def _post(sock: socket.socket, answer: tuple[bool, object]) -> None:
    data = pickle.dumps(answer, pickle.HIGHEST_PROTOCOL)
    sock.sendall(_LENGTH.pack(len(data)))
    sock.sendall(data)


def _take(sock: socket.socket, length: int) -> bytearray:
    data = bytearray(length)
    view = memoryview(data)
    while view:
        count = sock.recv_into(view)
        if not count:
            raise EOFError
        view = view[count:]
    return data
