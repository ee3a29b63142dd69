"""Settings from `cleaner.toml` or `[tool.cleaner]` in `pyproject.toml`, the nearest upward.

Keys are the long options without their dashes, with `-` or `_`. Keys at the top count for every verb that has such an
option; a table named after a verb counts for that verb alone. Options on the command line win.
"""

from __future__ import annotations

import argparse
import difflib
import json
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from cleaner.errors import ConfigError

_FILE, _PROJECT = "cleaner.toml", "pyproject.toml"
_NOT_SETTINGS: Final = frozenset({"help", "config", "no_config", "show_config"})
_STRICT_FOR: Final = "clean"
"""The verb that knows all top-level keys, and so refuses one that nobody knows."""


def apply_config(parser: argparse.ArgumentParser, verb: str, argv: Sequence[str], *, verbs: Iterable[str]) -> None:
    """Make the settings of the file the defaults of `parser`; `ConfigError` names a key or value that is wrong."""
    early = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    early.add_argument("--config")
    early.add_argument("--no-config", action="store_true")
    chosen, _ = early.parse_known_args(argv)
    if chosen.no_config or "-h" in argv or "--help" in argv:
        return
    path = Path(chosen.config) if chosen.config else find(Path.cwd())
    if path is None:
        return
    actions = settings_of(parser)
    found = _for_verb(_read(path), verb, actions, where=str(path), verbs=tuple(verbs))
    parser.set_defaults(**{dest: _checked(actions[dest], value, str(path)) for dest, value in found.items()})


def settings_of(parser: argparse.ArgumentParser) -> dict[str, argparse.Action]:
    """The options of `parser` that a file may set, by their names in `args`."""
    actions = parser._actions
    return {a.dest: a for a in actions if a.option_strings and a.dest not in _NOT_SETTINGS}


def find(folder: Path) -> Path | None:
    """The nearest settings file in `folder` or above it."""
    for place in (folder, *folder.parents):
        if (place / _FILE).is_file():
            return place / _FILE
        project = place / _PROJECT
        if project.is_file() and b"[tool.cleaner" in project.read_bytes():
            return project
    return None


def show(args: argparse.Namespace, parser_settings: Iterable[str]) -> str:
    """The merged settings as TOML; options that are not set stand as comments."""
    lines = []
    for dest in sorted(parser_settings):
        value, key = getattr(args, dest), dest.replace("_", "-")
        lines.append(f"# {key} is not set" if value is None else f"{key} = {_toml(value)}")
    return "\n".join(lines) + "\n"


def _read(path: Path) -> dict[str, Any]:
    import tomllib

    try:
        values = tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from None
    except ValueError as error:
        raise ConfigError(f"{path}: not TOML: {error}") from None
    if path.name != _PROJECT:
        return values
    table: dict[str, Any] = values.get("tool", {}).get("cleaner", {})
    return table


def _for_verb(
    values: Mapping[str, Any], verb: str, known: Mapping[str, object], *, where: str, verbs: Sequence[str]
) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in values.items():
        dest = key.replace("-", "_")
        if isinstance(value, dict):
            if key not in verbs:
                raise ConfigError(f"{where}: table {key}: expected one named after a verb{_near(key, verbs)}")
        elif dest in known:
            found[dest] = value
        elif verb == _STRICT_FOR:
            raise ConfigError(f"{where}: key {key}: unknown{_near(dest, known)}")
    for key, value in values.get(verb, {}).items():
        dest = key.replace("-", "_")
        if dest not in known:
            raise ConfigError(f"{where}: key {verb}.{key}: unknown{_near(dest, known)}")
        found[dest] = value
    return found


def _near(word: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(word, list(known), 1)
    return f"; {near[0].replace('_', '-')}?" if near else ""


def _checked(action: argparse.Action, value: Any, where: str) -> Any:
    """`value` as the option would have it; `ConfigError` where it is of another kind."""
    key = action.dest.replace("_", "-")
    if action.nargs == 0 or isinstance(action, argparse.BooleanOptionalAction):
        if not isinstance(value, bool):
            raise ConfigError(f"{where}: key {key}: expected true or false, found {value!r}")
        return value
    if isinstance(value, list):
        value = ",".join(map(str, value))
    if isinstance(value, bool | dict):
        raise ConfigError(f"{where}: key {key}: expected a text or a number, found {value!r}")
    try:
        value = action.type(str(value)) if callable(action.type) else str(value)
    except (ValueError, argparse.ArgumentTypeError) as error:
        raise ConfigError(f"{where}: key {key}: {error}") from None
    if action.choices and value not in action.choices:
        raise ConfigError(f"{where}: key {key}: expected one of {', '.join(action.choices)}, found {value!r}")
    return value


def _toml(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, tuple | list):
        return "[" + ", ".join(map(_toml, value)) + "]"
    if isinstance(value, int | float):
        return repr(value)
    return json.dumps(os.fspath(value) if isinstance(value, os.PathLike) else str(value), ensure_ascii=False)
