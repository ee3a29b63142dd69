"""What callers hand over, checked where it comes in: an error that names the argument, not one from deep inside."""

from __future__ import annotations

from collections.abc import Iterable, Sequence, Sized
from typing import Any, Final

from cleaner.errors import ConfigError

_NOTHING: Final = type(None)


def several(name: str, values: Any) -> tuple[Any, ...]:
    """`values` as a tuple; `ConfigError` for a lone string, whose letters nobody means, and for what is no list."""
    if isinstance(values, str | bytes) or not isinstance(values, Iterable):
        raise ConfigError(f"{name}: expected a list, found {values!r}")
    return tuple(values)


def as_text(text: object) -> str:
    """A text as `str`: bytes are read as UTF-8, None is no text; `TypeError` for anything else."""
    if isinstance(text, str):
        return text
    if text is None:
        return ""
    if isinstance(text, bytes | bytearray):
        return text.decode("utf-8", "replace")
    raise TypeError(f"text: expected str or bytes, found {type(text).__name__}")


def check_texts(texts: object) -> None:
    """`TypeError` for one text where several are meant."""
    if isinstance(texts, str | bytes):
        raise TypeError("texts: expected a list of texts, found a single one; `clean` takes that")


def check_beside(name: str, values: Sequence[object] | None, count: int, kinds: tuple[type, ...] = (str,)) -> None:
    """Check what is told of `count` texts: one value of `kinds` or None for each.

    `ValueError` where there are more or fewer, `TypeError` where one is of another kind.
    """
    if values is None:
        return
    if isinstance(values, str | bytes) or not isinstance(values, Sized):
        raise TypeError(f"{name}: expected a list, found {type(values).__name__}")
    if len(values) != count:
        raise ValueError(f"{name}: expected one for each of {count} texts, found {len(values)}")
    for kind in set(map(type, values)) - {*kinds, _NOTHING}:
        if not issubclass(kind, kinds):
            names = " or ".join(one.__name__ for one in kinds)
            raise TypeError(f"{name}: expected {names} or None, found {kind.__name__}")
