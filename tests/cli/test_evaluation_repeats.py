"""The measure of repeats, on invented orders."""

from __future__ import annotations

from services.cli.evaluation.repeats import evaluate_repeats


def _rows() -> list[dict[str, str]]:
    rows = []
    for n in range(40):
        place = "".join(chr(0x4E00 + 97 * n + 13 * k) for k in range(20))
        first, again = f"202611240000{n:02d}", f"202611250000{n:02d}"
        shared = {"group": f"g{n}", "date": "2026-11-24", "dept": "水务", "l3": "供水"}
        rows.append(shared | {"order_id": first, "text": f"{place}水管爆裂", "refs": ""})
        words = f"{place}水管爆裂，工单{first}至今没修" if n else f"工单{first}办得怎样"
        rows.append(shared | {"order_id": again, "text": words, "refs": f"x；{first}, {again}"})
    return rows


def test_cited_pairs_are_found_by_their_words_and_never_by_the_number() -> None:
    """A number in both texts would give the answer away; it is counted apart."""
    figures = evaluate_repeats(_rows())
    assert figures["n_pairs"] == 40
    assert 380 <= figures["n_nonpairs"] <= 400  # A few draws hit the pair's own group.
    assert figures["precision"] == 1.0
    assert figures["recall"] == 39 / 40
    assert figures["recall_with_citations"] == 1.0
    assert figures["false_per_1000"] == 0.0
    assert evaluate_repeats(_rows()) == figures


def test_a_file_without_citations_has_no_figures_but_no_fault() -> None:
    """The command runs on any file of the same columns."""
    rows = [row | {"refs": "", "date": "?"} for row in _rows()]
    figures = evaluate_repeats(rows)
    assert (figures["precision"], figures["recall"], figures["n_pairs"]) == (None, None, 0)
    assert evaluate_repeats([])["n_pairs"] == 0
