"""Image texts between paragraphs: an alternative text and a caption say nearly the same thing one after the other."""

from __future__ import annotations

import numpy as np

from cleaner.detectors.scene import Scene


def find(scene: Scene) -> None:
    """Mark pairs of neighbouring lines without a closing stop that share words, with prose around them."""
    from cleaner.kernels import copies as kernel

    settings = scene.settings.get("pair", {})
    low, high = int(settings.get("min_words", 4)), int(settings.get("max_words", 45))
    least = int(scene.settings.get("pair-loose", {}).get("min_words", 1))
    share = float(settings.get("share", 0.33))
    lines = scene.lines
    pairs = np.empty((len(lines), 2), np.int32)
    made = kernel.captions(
        lines.kinds, lines.first, lines.start, lines.end, lines.words, lines.capitals, lines.counts, scene.prose, scene.listed,
        least, high, np.empty(len(lines), bool), pairs,
    )  # fmt: skip
    if not made:
        return
    room = 2 * int(lines.length().max()) + 4
    kernel.liken(
        lines.codes, lines.start, lines.end, lines.words, lines.counts, pairs, made, low, share, np.empty(room, np.uint32),
        np.empty(room, np.int64), np.empty((2, room), np.int64), np.empty(room, np.uint64), np.empty(room, np.uint64),
        np.empty((2, 4 * room + 16), np.uint64), scene.marks,
    )  # fmt: skip
