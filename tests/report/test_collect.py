from __future__ import annotations

import pickle
import random

from cleaner.edits import Edit, Result, apply
from cleaner.report.collect import Collector


def result(number: int) -> Result:
    text = f"Menu {number}\nA paragraph of text number {number}.\nShare"
    end = text.index("\n") + 1
    edits = (Edit(0, end, "en.a/menu", 0.9), Edit(len(text) - 5, len(text), f"en.b/share-{number % 3}", 1.0))
    return Result(apply(text, edits), edits, text, {"language": "en", "kind": "news"})


def collected(numbers, **options):
    out = Collector(**options)
    for number in numbers:
        out.add(f"r{number}", result(number))
    return out


def state(one: Collector):
    return (
        {name: (c.edits, c.chars, c.records, c.scores, c.samples) for name, c in one.rules.items()},
        one.total,
        one.groups,
    )


def test_counts():
    found = collected(range(9))
    assert found.rules["en.a/menu"].edits == found.rules["en.a/menu"].records == 9
    assert found.rules["en.b/share-0"].edits == 3 and found.rules["en.b/share-0"].scores[9] == 3
    assert found.total.records == found.total.changed == 9
    assert found.groups[("lang", "en")].records == found.groups[("kind", "news")].records == 9


def test_order_and_sharing_out_change_nothing():
    numbers = list(range(60))
    whole = collected(numbers)
    random.Random(3).shuffle(numbers)
    parts = [collected(numbers[start::7]) for start in range(7)]
    joined = pickle.loads(pickle.dumps(parts[0]))
    for part in parts[1:]:
        joined.merge(pickle.loads(pickle.dumps(part)))
    assert state(joined) == state(whole)


def test_it_stays_small():
    few, many = collected(range(100)), collected(range(4000))
    assert len(pickle.dumps(many)) < 1.2 * len(pickle.dumps(few))
    assert all(len(count.samples) <= 4 for count in many.rules.values())


def test_samples_show_all_edits_around_and_what_labels_keep():
    found = Collector()
    found.add("one", result(1), wanted=[(0, 4)])
    pieces = found.rules["en.a/menu"].samples[0].pieces
    assert [(piece.rule, piece.wrong) for piece in pieces] == [
        ("en.a/menu", True),
        ("", False),
        ("en.b/share-1", False),
    ]
    assert "".join(piece.text for piece in pieces) == result(1).source


def test_long_pieces_are_shortened():
    text = "x" * 5000 + "\n" + "y" * 5000
    found = Collector()
    found.add("long", Result(text[5001:], (Edit(0, 5001, "a.b/c", 0.5),), text))
    assert sum(len(piece.text) for piece in found.rules["a.b/c"].samples[0].pieces) < 900
