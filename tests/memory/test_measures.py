"""Measures of lines that no other page shows."""

from __future__ import annotations

import numpy as np
import pytest

from cleaner.errors import RuleError
from cleaner.memory.evidence import read_unique
from cleaner.memory.measures import NAMES, unique_measures
from cleaner.memory.rows import RowReader
from cleaner.memory.texts import Texts

TEXTS = ["Top stories\nRain is due\nsaid\nAnna\nsaid\nBert", "One lone line", ""]


def measured(texts, known):
    rows = RowReader().read(Texts.of(texts))
    anywhere = np.array(known, np.int32)
    counts = np.stack((anywhere, anywhere * 0, anywhere * 0, anywhere), axis=-1).astype(np.int32)
    values = unique_measures(rows, counts, anywhere, np.full(len(known), 4, np.int32))
    return {name: column.tolist() for name, column in zip(NAMES, values, strict=True)}


def test_what_recurs_around_a_line():
    found = measured(TEXTS[:1], [4, 0, 2, 0, 2, 0])
    assert found["near_1"] == [0, 2, 0, 2, 0, 1]
    assert found["since_known"] == [255, 1, 2, 1, 2, 1]
    assert found["until_known"] == [2, 1, 2, 1, 255, 255]
    assert found["last_share"] == [0, 64, 64, 32, 32, 32]
    assert found["last_repeats"] == [0, 1, 1, 2, 2, 2]
    assert found["known_share"] == [32] * 6


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
