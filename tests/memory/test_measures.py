"""Measures of lines that no other page shows."""

from __future__ import annotations

import numpy as np
import pytest

from cleaner.errors import RuleError
from cleaner.memory.evidence import read_unique
from cleaner.memory.known import Known
from cleaner.memory.measures import NAMES, unique_measures
from cleaner.memory.rows import RowReader
from cleaner.memory.texts import Texts

TEXTS = ["Top stories\nRain is due\nsaid\nAnna\nsaid\nBert", "One lone line", ""]


def measured(texts, known, below=0, learned=False):
    rows = RowReader().read(Texts.of(texts))
    anywhere = np.array(known, np.int32)
    none = anywhere * 0
    counts = np.stack((anywhere, none, none, anywhere + learned, none + below), axis=-1).astype(np.int32)
    of, held = np.full(len(known), 4, np.int32), np.zeros((len(known), 2), np.int64)
    values = unique_measures(Known(rows, counts, anywhere, anywhere, of, np.full(len(known), learned), held))
    return {name: column.tolist() for name, column in zip(NAMES, values, strict=True)}


def test_what_recurs_around_a_line():
    found = measured(TEXTS[:1], [4, 0, 2, 0, 2, 0])
    assert found["near_1"] == [0, 2, 0, 2, 0, 1]
    assert found["since_known"] == [255, 1, 2, 1, 2, 1]
    assert found["until_known"] == [2, 1, 2, 1, 255, 255]
    assert found["last_share"] == [0, 64, 64, 32, 32, 32]
    assert found["last_repeats"] == [0, 1, 1, 2, 2, 2]
    assert found["known_share"] == [32] * 6


def test_how_much_prose_other_pages_have_around_known_lines():
    """Only lines under the page's own prose tell what stands below them, and only those over it what stands above."""
    paragraph = " ".join(["The ferry waits."] * 12)
    text = f"Top\n{paragraph}\nsaid\nAnna\nEnd\n{paragraph} Twice.\nEnd\nBert"
    found = measured([text], [2, 0, 2, 0, 2, 0, 2, 0], below=[30, 0, 12, 0, 6, 0, 6, 0])
    assert found["below_last"] == [255, 255, 255, 80, 80, 40, 40, 40]
    assert found["below_least"] == found["below_last"]
    assert found["above_next"] == [120, 120, 160, 160, 255, 255, 255, 255]
    assert found["above_least"] == [120, 120, 160, 160, 255, 255, 255, 255]
    mine = measured([text], [2, 0, 2, 0, 2, 0, 2, 0], below=[45, 0, 20, 0, 6, 0, 6, 0], learned=True)
    assert mine["below_last"] == found["below_last"], "what the page itself has below the last of such lines is taken off"


def test_other_texts_of_a_batch_change_nothing():
    alone = [measured([text], known) for text, known in zip(TEXTS[:2], ([4, 0, 2, 0, 2, 0], [0]), strict=True)]
    both = measured(TEXTS, [4, 0, 2, 0, 2, 0, 0])
    assert both == {name: alone[0][name] + alone[1][name] for name in NAMES}


def test_a_wrong_file(tmp_path):
    path = tmp_path / "memory.json"
    for text in ("", "{}", '{"unique": {"depth": 1, "bias": 0, "trees": [{"asks": [["no", 1]], "leaves": [0, 0]}]}}'):
        path.write_text(text)
        with pytest.raises(RuleError):
            read_unique(path)
