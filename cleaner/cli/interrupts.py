"""Ctrl-C and termination: at once while waiting or judging, after the write while writing."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Iterator
from types import FrameType
from typing import Self

_TERMINATED = 128 + signal.SIGTERM


class Interrupts:
    """While entered, SIGINT raises `KeyboardInterrupt` and SIGTERM ends with code 143, but not within `guard`.

    A second signal does not wait for the guard to end.
    """

    def __init__(self) -> None:
        """Nothing is installed before it is entered."""
        self._guarded = False
        self._waiting: int | None = None
        self._before: dict[int, object] = {}

    @contextlib.contextmanager
    def guard(self) -> Iterator[None]:
        """A context in which a first signal waits."""
        self._guarded = True
        try:
            yield
        finally:
            self._guarded = False
        if self._waiting is not None:
            self._raise(self._waiting)

    def _handle(self, number: int, _frame: FrameType | None) -> None:
        if self._guarded and self._waiting is None:
            self._waiting = number
            return
        self._raise(number)

    @staticmethod
    def _raise(number: int) -> None:
        if number == signal.SIGTERM:
            raise SystemExit(_TERMINATED)
        raise KeyboardInterrupt

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                self._before[number] = signal.signal(number, self._handle)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)  # type: ignore[arg-type]
