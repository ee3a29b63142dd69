"""The quarantine: what could not be read or judged, with its place and the reason, one JSON line each."""

from __future__ import annotations

import base64
from typing import Any

from cleaner.records.json_bytes import dumps


def entry(source: str, number: int, reason: str, *, raw: bytes | None) -> bytes:
    """One line of the quarantine.

    `raw` is the line that is in no output for this reason: as `raw` where it is UTF-8, as `raw_base64` where not. It is
    None for a record that passed into the output unchanged (`passed`).
    """
    value: dict[str, Any] = {"file": source, "line": number, "reason": reason}
    if raw is None:
        value["passed"] = True
    else:
        try:
            value["raw"] = raw.decode()
        except UnicodeDecodeError:
            value["raw_base64"] = base64.b64encode(raw).decode()
    return dumps(value) + b"\n"
