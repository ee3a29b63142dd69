"""The version of the installed distribution."""

from __future__ import annotations

from importlib import metadata


def version() -> str:
    """The version, or `unknown` in a checkout that is not installed."""
    names = metadata.packages_distributions().get("cleaner", [])
    return metadata.version(names[0]) if names else "unknown"
