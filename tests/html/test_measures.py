"""Measures and the judge of blocks: the same for any batch, within bytes, and the cut that maximises the expected F."""

import numpy as np
import pytest

from cleaner import Cleaner
from cleaner.document import KindTable, read_lines
from cleaner.errors import RuleError
from cleaner.html.cut import PageCut, read_cut
from cleaner.html.judge import PageJudge, agreed
from cleaner.html.measures import first_names, first_values, heeded_names, second_names, second_values, surroundings
from cleaner.html.page import PageReader
from cleaner.judge.trees import Weights
from cleaner.packs.load import load_rules, rules_root
from cleaner.packs.match import compile_rules
from cleaner.pages import said_of_lines, see

READER = PageReader([rules_root() / "common" / "elements.toml"])
RULES = compile_rules(load_rules())
GROUPS = [group.id for group in READER.words.groups]
PAGES = [
    "<nav><ul><li><a href=1>Home</a><li><a href=2>News</a></ul></nav><main><h1>Slate roofs</h1><p>Slate lasts long, "
    "<b>if</b> it is laid well, and longer where the winters are mild.</p><p>Short.</p></main>"
    "<footer><p>Imprint</p></footer>",
    "<div class=products>" + "<div class=card><h3>Lamp</h3><p>12 EUR</p><img></div>" * 6 + "</div>",
    "",
    "<p>\u200b</p><p>One line with a blank one before it.</p>",
    "<table><tr><td>a<td>b<tr><td>c<td>d</table><pre>x\n y</pre>",
]


def measures(htmls):
    pages = [READER.read(html) for html in htmls]
    seen = see(RULES, pages)
    lines = seen.lines
    around = surroundings([page.blocks for page in pages], lines)
    signs = [page.signs for page in pages]
    values = first_values(around, lines, seen.prose, signs, said_of_lines(RULES, seen))
    score = (np.arange(len(lines)) - lines.first[lines.doc]) * 37 % 256
    values = np.concatenate((values, second_values(around, score.astype(np.uint8))))
    return lines, dict(zip((*first_names(GROUPS), *second_names()), values, strict=True))


def test_a_batch_says_the_same_as_single_pages():
    _, together = measures(PAGES)
    alone = [measures([html])[1] for html in PAGES]
    for name, column in together.items():
        expected = np.concatenate([one[name] for one in alone])
        assert column.tolist() == expected.tolist(), name
        assert column.dtype == np.uint8


def test_measures_see_the_markup():
    lines, columns = measures(PAGES[:1])
    rows = {lines.text(row): row for row in range(len(lines))}
    home, slate, imprint = rows["Home"], rows["Short."], rows["Imprint"]
    assert columns["inside_nav"][[home, slate, imprint]].tolist() == [1, 0, 0]
    assert columns["inside_footer"][[home, slate, imprint]].tolist() == [0, 0, 1]
    assert columns["linked"][home] > 0 == columns["linked"][slate]
    assert columns["since_top"][slate] == 2


def test_likewise_siblings_are_found():
    _, columns = measures(PAGES[1:2])
    assert columns["items"].tolist() == [6] * 12
    assert columns["item_number"].tolist() == [1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6]
    assert columns["item_row"].tolist() == [0, 1] * 6


def test_what_a_page_says_twice_is_counted():
    card = "<div class=card><h3>{}</h3><p>Add to basket</p></div>"
    page = "<main>" + "".join(card.format(name) for name in ("Lamp", "Vase", "Bowl")) + "</main><p>Costs 12 €</p>"
    _, columns = measures([page, page])
    copies = columns["copies"].reshape(2, -1)[0]
    assert copies.tolist() == [1, 3, 1, 3, 1, 3, 1]
    assert columns["copy_number"][:7].tolist() == [1, 1, 1, 2, 1, 3, 1]
    assert columns["since_copy"][:7].tolist() == [255, 255, 255, 2, 255, 2, 255]
    assert columns["copies_are_likewise"][[0, 1]].tolist() == [0, 1]
    assert columns["likewise_distinct"][0] == 64 > columns["likewise_distinct"][1]
    assert columns["page_prices"][6] == 1 and columns["prices_around_4"][0] == 0 < columns["prices_around_4"][3]
    assert 0 < columns["page_main"][0] < 64


def test_neighbours_are_seen_but_not_across_pages():
    lines, columns = measures(PAGES[:2])
    assert columns["length+1"][0] == columns["length"][1] and columns["length-1"][1] == columns["length"][0]
    last = int(lines.first[1]) - 1
    assert columns["length+1"][last] == 0 == columns["length-1"][last + 1]
    assert columns["same_path+1"][0] == 1 and columns["same_path+2"][0] == 0


def test_first_scores_are_ranked():
    pages = [READER.read(PAGES[1])]
    lines = read_lines([pages[0].source], KindTable())
    score = np.array([200, 10] * 6, np.uint8)
    values = dict(zip(second_names(), second_values(surroundings([pages[0].blocks], lines), score), strict=True))
    assert set(values["score_above"][::2].tolist()) == {1} and set(values["score_above"][1::2].tolist()) == {0}
    assert set(values["score_cut"].tolist()) == {200}
    assert values["score_rank"][0] == 0 < values["score_rank"][1]


def stays(likely, lines, cut=PageCut()):  # noqa: B008
    return cut.best_lines(np.array(likely, np.uint8), lines.weight, lines.first)


def test_a_page_that_promises_hardly_a_word_keeps_none():
    lines = read_lines(["\n".join(["some words in a line"] * 4), "\n".join(["some more words"] * 4)], KindTable())
    likely = [250, 40, 30, 20, 90, 60, 10, 10]
    both = [True] + [False] * 3 + [True, True, False, False]
    assert stays(likely, lines, PageCut(words=1, hope=1.0, rows=0)).tolist() == both
    assert stays(likely, lines, PageCut(words=4, hope=1.0, rows=0)).tolist() == [True] + [False] * 7
    assert stays(likely, lines, PageCut(words=6, hope=1.0, rows=0)).tolist() == [False] * 8


def test_a_page_that_is_sure_of_its_few_words_keeps_them():
    lines = read_lines(["\n".join(["some words in a line"] * 4), "\n".join(["some more words"] * 4)], KindTable())
    # Expected F: twice 4.9 of 5 + 6.7 words, and twice 1.8 of 6 + 2.
    likely = [250, 40, 30, 20, 90, 60, 10, 10]
    assert stays(likely, lines, PageCut(words=6, hope=0.6, rows=0)).tolist() == [True] + [False] * 7
    assert stays(likely, lines, PageCut(words=6, hope=0.3, rows=0)).tolist() == [True] + [False] * 3 + [True, True, False, False]


def test_a_page_of_hardly_any_lines_is_never_empty():
    lines = read_lines(["some words in a line\nand some more", "some words in a line", ""], KindTable())
    assert stays([50, 40, 2], lines).tolist() == [True, True, True]
    assert stays([50, 40, 2], lines, PageCut(rows=1)).tolist() == [False, False, True]
    text = Cleaner().clean(html="<meta charset=utf-8><p>Das Boot legt um sieben Uhr ab, auch sonntags.</p>").text
    assert text == "Das Boot legt um sieben Uhr ab, auch sonntags."


def test_the_cut_is_data_of_the_weights():
    cut = PageCut(least=0.2, rows=1)
    assert read_cut(cut.as_header(), "w.json") == cut
    assert read_cut({}, "w.json") == PageCut()
    for wrong, message in {
        "page": "expected a table", "words": "number of words", "rows": "whole number", "least": "chance", "other": "expected one of",
    }.items():  # fmt: skip
        found = {"page": "x" if wrong == "page" else {wrong: 1.5 if wrong != "words" else "many"}}
        with pytest.raises(RuleError, match=rf"w\.json: header: page.*{message}"):
            read_cut(found, "w.json")
    with pytest.raises(RuleError, match="at most 'most'"):
        read_cut({"page": {"least": 0.7}}, "w.json")


def test_the_cut_of_a_page_follows_how_sure_the_judge_is():
    lines = read_lines(
        ["\n".join(["some words in a line"] * 10), "\n".join(["some words in a line"] * 4), ""], KindTable()
    )
    sure = [250] * 3 + [40] * 7
    unsure = [70, 60, 60, 10]
    kept = stays(sure + unsure, lines)
    assert kept.tolist() == [True] * 3 + [False] * 7 + [True] * 3 + [False]


def test_the_cut_is_the_best_expected_f():
    rng = np.random.default_rng(3)
    for _ in range(20):
        likely = rng.integers(60, 150, 8)
        texts = ["word " * int(rng.integers(1, 30)) for _ in range(8)]
        lines = read_lines(["\n".join(texts)], KindTable())
        words = np.maximum(lines.weight, 1)
        kept = stays(likely, lines)

        def quality(chosen, words=words, likely=likely):
            return (likely * words)[chosen].sum() / (255 * words[chosen].sum() + (likely * words).sum())

        best = max(quality(likely >= cut) for cut in np.unique(likely))
        assert quality(kept) == pytest.approx(best)


def _forest(*asks):
    trees = [{"asks": [[name, border]], "leaves": [-2048, 2048]} for name, border in asks]
    return {"bias": 0, "depth": 1, "trees": trees}


def test_a_judge_asks_for_measures_by_name():
    weights = Weights(
        _forest(("inside_nav", 0), ("inside_footer", 0)), _forest(("score", 0), ("inside_nav", 0)), {}, "w.json"
    )
    judge = PageJudge.of(weights, GROUPS)
    pages = [READER.read(html) for html in PAGES]
    seen = see(RULES, pages)
    lines = seen.lines
    read = ([p.blocks for p in pages], [p.signs for p in pages], lines, seen.prose, said_of_lines(RULES, seen))
    scores = judge.score(*read)
    gone = [lines.text(row) for row in range(len(lines)) if scores.first[row] > -2048 * 2]
    assert gone == ["Home", "News", "Imprint"]
    assert scores.values.shape == (len(judge.names), len(lines))
    whole = {"onto": 1.0}
    onto = PageJudge.of(Weights(_forest(("inside_nav", 0)), _forest(("score", 0)), whole, "w.json"), GROUPS)
    added = onto.score(*read)
    alone = onto.second.score(added.values)
    assert (added.second == added.first + alone).all() and added.first.any()
    with pytest.raises(RuleError, match=r"w\.json: header: field 'onto': expected a number"):
        PageJudge.of(Weights(_forest(), _forest(), {"onto": "all"}, "w.json"), GROUPS)
    with pytest.raises(RuleError, match=r"w\.json: header: field 'likewise': expected a number"):
        PageJudge.of(Weights(_forest(), _forest(), {"likewise": 2}, "w.json"), GROUPS)
    with pytest.raises(RuleError, match=r"w\.json: first"):
        PageJudge.of(Weights(_forest(("nonsense", 1)), _forest(), {}, "w.json"), GROUPS)


def test_a_judge_that_asks_for_nothing_that_rules_say_needs_none_of_it():
    deaf = PageJudge.of(Weights(_forest(("inside_nav", 0)), _forest(("linked+1", 9)), {}, "w.json"), GROUPS)
    heeding = [
        PageJudge.of(Weights(_forest((name, 0)), _forest(), {}, "w.json"), GROUPS)
        for name in ("vote_related", "item_prices", "vote_any-1")
    ]
    assert not deaf.heeds and all(judge.heeds for judge in heeding)
    pages = [READER.read(html) for html in (SHOP, PAGES[0])]
    seen = see(RULES, pages)
    read = ([p.blocks for p in pages], [p.signs for p in pages], seen.lines, seen.prose)
    told, untold = deaf.score(*read, said_of_lines(RULES, seen)), deaf.score(*read, None)
    assert (told.second == untold.second).all() and told.second.any()
    differ = {name for name, one, other in zip(deaf.names, told.values, untold.values, strict=True) if (one != other).any()}
    assert "vote_related" in differ and differ <= heeded_names() | {*second_names()}


def test_names_of_measures_are_distinct():
    first, later = first_names(GROUPS), second_names()
    assert len({*first, *later}) == len(first) + len(later)
    assert {"length", "near_share", "far_footer", "items", "sign_ld_article", "centre0"} <= {*first}
    assert "score_items" in later


SHOP = (
    "<nav><ul><li><a href=1>Lamps</a><li><a href=2>Chairs</a><li><a href=3>Beds</a></ul></nav><h1>Lamps of brass</h1>"
    "<form><h2>Filter by</h2><label><input type=checkbox> Oak (3)</label><br><label><input type=checkbox> Ash (5)</label>"
    "<br><label><input type=checkbox> Elm (7)</label></form><div class=rows>"
    + "".join(f"<div class=card><img src=x><h3><a href=l{n}>Lamp number {n}</a></h3><p>{n}2.50 €</p></div>" for n in range(4))
    + "</div><h2>You may also like</h2><p><a href=9>A chair</a></p>"
)


def test_lists_of_things_are_told_from_menus_and_filters():
    lines, columns = measures([SHOP])
    rows = {lines.text(row): row for row in range(len(lines))}
    menu, oak, lamp, price = rows["Chairs"], rows["Oak (3)"], rows["Lamp number 2"], rows["22.50 €"]
    assert columns["items"][lamp] == 4 and columns["item_even"][lamp] == 64
    assert columns["item_begins"][menu] == 0 < columns["item_begins"][lamp] and columns["item_reaches"][lamp] == 128 * 8 // 18
    assert columns["fields"][[oak, lamp]].tolist() == [1, 0] and columns["likewise_fields"][oak] == 64
    assert columns["likewise_counts"][[oak, lamp]].tolist() == [64, 0]
    assert columns["likewise_prices"][[price, menu]].tolist() == [64, 0] and columns["item_prices"][lamp] == 8
    assert columns["item_headings"][lamp] == 8 and columns["likewise_images"][lamp] == 64
    assert columns["above_top"][[menu, oak]].tolist() == [1, 0]
    assert columns["rows_below_top"][[menu, oak]].tolist() == [255, 2] and columns["item_after_top"][lamp] == 5


def test_what_rules_say_of_a_line_and_of_the_heading_above_is_measured():
    lines, columns = measures([SHOP])
    rows = {lines.text(row): row for row in range(len(lines))}
    like, chair, lamp = rows["You may also like"], rows["A chair"], rows["Lamp number 2"]
    assert columns["vote_related"][like] >= 2 and columns["vote_any"][lamp] == 0
    assert columns["heading_related"][chair] == columns["vote_related"][like]
    assert columns["heading_related"][lamp] == 0 and columns["since_vote"][chair] == 1


def test_likewise_lines_are_judged_alike():
    html = "<ul>" + "".join(f"<li><b>{'word ' * (9 if n == 2 else 2)}</b></li>" for n in range(4)) + "</ul><p>Else</p>"
    page = READER.read(html)
    seen = see(RULES, [page])
    around = surroundings([page.blocks], seen.lines)
    odds = np.array([1000, 1000, -1000, 1000, 500], np.int32)
    weight = seen.lines.weight
    drawn = agreed(odds, around, weight, 512)
    mean = (odds[:4] * weight[:4]).sum() // weight[:4].sum()
    assert drawn.tolist() == [*(int(own + ((mean - own) * 512 >> 10)) for own in odds[:4]), 500]
    assert (agreed(odds, around, weight, 0) == odds).all()
