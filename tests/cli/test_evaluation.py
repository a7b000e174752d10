"""`whistle evaluate intake` and `whistle train places`, on a small invented city."""

from __future__ import annotations

import csv
import gzip
import io
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from random import Random

import pytest
from click.testing import Result
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from services.cli.__main__ import app
from services.cli.evaluation.masks import is_hidden, planted
from services.cli.evaluation.places import Answer, evaluate_places, summary
from services.cli.evaluation.planting import IDENTITIES, LURES, Plant, draw
from services.cli.evaluation.records import COLUMNS, folds_of
from services.policy import load
from services.policy.folder import read
from tests.policies import a_policy, policy_files

RUN = CliRunner().invoke
_ROADS = {
    ("东区", "河街街道"): "梧桐大道",
    ("东区", "山前镇"): "采石路",
    ("西区", "桥北街道"): "纺织小区",
}


def _row(number: int, **values: str) -> dict[str, str]:
    row = dict.fromkeys(COLUMNS, "") | {"order_id": f"2026{number:08}", "group": f"g{number}"}
    return row | values


def _rows() -> list[dict[str, str]]:
    """Sixty orders; a third of them name no division, only a road."""
    rows = []
    for number in range(60):
        (district, street), road = list(_ROADS.items())[number % 3]
        said = f"{district}{street}{road}" if number % 2 else road
        text = f"第{number}次反映，{said}的路灯坏了，请处理。"
        rows.append(_row(number, text_stripped=text, district=district, street=street))
    return rows


def _file(path: Path, rows: Iterable[Mapping[str, str]], columns: Iterable[str] = COLUMNS) -> Path:
    written = io.StringIO()
    writer = csv.DictWriter(written, list(columns), extrasaction="ignore")
    writer.writeheader()
    writer.writerows(rows)
    content = written.getvalue().encode()
    path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)
    return path


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    """A folder with the tiny policy."""
    folder = tmp_path / "policy"
    folder.mkdir()
    for name, content in policy_files().items():
        (folder / name).write_bytes(content)
    return folder


def _evaluate(policy: Path, data: Path, *more: str) -> Result:
    return RUN(app, ["evaluate", "intake", "--policy", str(policy), "--data", str(data), *more])


@pytest.mark.parametrize("name", ["orders.csv", "orders.csv.gz"])
def test_figures_of_a_file_come_as_json(policy: Path, tmp_path: Path, name: str) -> None:
    """Others measure their own files with the same command."""
    done = _evaluate(policy, _file(tmp_path / name, _rows()), "--json")
    assert done.exit_code == 0, done.output
    figures = json.loads(done.stdout)
    assert figures["rows"] == 60
    for level in ("district", "street"):
        assert figures[level]["n"] == 60
        assert figures[level]["accuracy"] == 1.0
        assert {"coverage", "precision", "settled", "at"} <= figures[level].keys()
    assert {"precision", "recall"} <= figures["repeats"].keys()
    assert figures["masking"]["recall"] > 0.7
    assert figures["masking"]["false_rate"] < 0.1


def test_figures_are_tables_for_people(policy: Path, tmp_path: Path) -> None:
    """Not everybody reads JSON."""
    done = _evaluate(policy, _file(tmp_path / "orders.csv", _rows()))
    assert done.exit_code == 0, done.output
    for words in ("district", "settled", "Repeats", "identities"):
        assert words in done.stdout


def test_rows_without_answers_give_nothing_instead_of_a_crash(policy: Path, tmp_path: Path) -> None:
    """Some cities have no settled places yet."""
    bare = [row | {"district": "", "street": ""} for row in _rows()]
    done = _evaluate(policy, _file(tmp_path / "orders.csv", bare), "--json")
    assert done.exit_code == 0, done.output
    district = json.loads(done.stdout)["district"]
    assert (district["n"], district["accuracy"], district["precision"]) == (0, None, None)


def test_rows_without_words_are_counted_as_wrong(policy: Path, tmp_path: Path) -> None:
    """An empty text has an answer, too: the door just can't know it."""
    empty = [_row(1, district="东区", street="河街街道")]
    done = _evaluate(policy, _file(tmp_path / "orders.csv", empty), "--json")
    assert done.exit_code == 0, done.output
    figures = json.loads(done.stdout)
    assert (figures["district"]["n"], figures["district"]["accuracy"]) == (1, 0.0)
    assert figures["masking"]["recall"] is None


def test_missing_columns_are_named(policy: Path, tmp_path: Path) -> None:
    """Whoever has another file must learn what it lacks."""
    columns = [name for name in COLUMNS if name not in {"group", "refs"}]
    done = _evaluate(policy, _file(tmp_path / "orders.csv", _rows(), columns))
    assert done.exit_code == 2
    assert "no column group, refs" in done.stderr


def test_an_empty_file_and_a_strange_one_are_refused(policy: Path, tmp_path: Path) -> None:
    """With a sentence, not a traceback."""
    assert "no rows" in _evaluate(policy, _file(tmp_path / "orders.csv", [])).stderr
    other = tmp_path / "orders.xls"
    other.write_bytes(b"")
    assert "must end in" in _evaluate(policy, other).stderr


def test_what_belongs_together_is_never_on_both_sides() -> None:
    """Else the answer of a repeat would be learned from the first order."""
    rows = [_row(number, text_stripped=f"t{number}") for number in range(200)]
    rows[10]["group"] = rows[150]["group"] = "same"
    rows[20]["refs"] = rows[170]["order_id"]
    rows[30]["text_stripped"] = rows[180]["text_stripped"] = "same words"
    folds = folds_of(rows)
    assert folds[10] == folds[150]
    assert folds[20] == folds[170]
    assert folds[30] == folds[180]
    assert set(folds) == set(range(5))
    assert folds_of(rows[::-1]) == folds[::-1]


def test_the_answer_of_a_row_is_not_read_from_its_own_columns() -> None:
    """An evaluation that peeks measures nothing."""
    rows = [
        _row(number, text_stripped=f"第{number}次来电。", district="东区", street="河街街道")
        | {"address": "东区河街街道", "dept_raw": "东区政府", "community": "柳树社区"}
        for number in range(40)
    ]
    found = evaluate_places(rows, a_policy(), lambda: None)
    assert found["district"]["coverage"] == 0.0
    assert found["street"]["accuracy"] == 0.0


def test_a_summary_counts_a_missing_answer_as_wrong() -> None:
    """Accuracy is over all rows; precision is over answers."""
    answers = [
        Answer("a", "a", 0.95, "a"),
        Answer("a", "b", 0.6, None),
        Answer("a", None, 0.0, None),
        Answer("b", "b", 0.4, None),
    ]
    found = summary(answers)
    assert (found["n"], found["accuracy"]) == (4, 0.5)
    assert (found["coverage"], found["precision"]) == (0.75, 0.6667)
    assert found["settled"] == {"coverage": 0.25, "precision": 1.0}
    at = {one["confidence"]: one for one in found["at"]}
    assert (at[0.5]["coverage"], at[0.5]["precision"]) == (0.5, 0.5)


@given(st.sampled_from(sorted(IDENTITIES)), st.integers(0, 10_000))
def test_an_identity_is_hidden_only_if_nothing_telling_is_left(kind: str, seed: int) -> None:
    """A mask over half a number is none."""
    random = Random(seed)
    plant = draw(kind, IDENTITIES[kind], random)
    text = planted("路口积水，请处理。", plant, random)
    assert plant.words in text
    assert not is_hidden(plant, "", text)
    assert is_hidden(plant, "", text.replace(plant.core, "[隐]"))
    half = plant.core[: len(plant.core) // 2 + 1]
    if len(half) >= 5:
        assert not is_hidden(Plant(kind, half, plant.core), "", half)


@given(st.sampled_from(sorted(LURES)), st.integers(0, 10_000))
def test_a_lure_is_the_same_for_the_same_seed(kind: str, seed: int) -> None:
    """Two runs of one version must give the same figures."""
    assert draw(kind, LURES[kind], Random(seed)) == draw(kind, LURES[kind], Random(seed))


def _train(policy: Path, data: Path, out: Path, *more: str) -> Result:
    where = ["--policy", str(policy), "--data", str(data), "--out", str(out)]
    return RUN(app, ["train", "places", *where, *more])


def test_a_trained_table_is_a_policy_file_that_loads(policy: Path, tmp_path: Path) -> None:
    """The command's output goes straight into the policy folder."""
    out = policy / "landmarks.csv"
    done = _train(policy, _file(tmp_path / "orders.csv.gz", _rows()), out, "--json")
    assert done.exit_code == 0, done.output
    figures = json.loads(done.stdout)
    loaded = load(read(policy))
    assert len(loaded.landmarks) == figures["rows"]
    assert figures["records"] == 60
    assert ("纺织小区", "990102001") in {(row.name, row.division) for row in loaded.landmarks}


def test_identities_never_get_into_a_table(policy: Path, tmp_path: Path) -> None:
    """A policy is read by many."""
    out = tmp_path / "landmarks.csv"
    rows = [row | {"title": "我叫欧阳海路，东区反映"} for row in _rows()]
    assert _train(policy, _file(tmp_path / "orders.csv", rows), out).exit_code == 0
    assert "欧阳" not in out.read_text(encoding="utf-8")


def test_a_mapping_of_the_policy_says_where_the_words_are(policy: Path, tmp_path: Path) -> None:
    """Files of other systems have other columns."""
    columns = ["id", "text", "district"]
    rows = [row | {"text": row["text_stripped"], "id": row["order_id"]} for row in _rows()]
    data = _file(tmp_path / "letters.csv", rows, columns)
    done = _train(policy, data, tmp_path / "out.csv", "--mapping", "letters")
    assert done.exit_code == 0, done.output
    assert "60 records" in done.stdout
    refused = _train(policy, data, tmp_path / "out.csv", "--mapping", "none")
    assert refused.exit_code == 2
    assert "letters" in refused.stderr


def test_a_file_that_teaches_nothing_writes_nothing(policy: Path, tmp_path: Path) -> None:
    """An empty table would look like a good one."""
    out = tmp_path / "landmarks.csv"
    data = _file(tmp_path / "orders.csv", [_row(1, text_stripped="怎样办证")])
    done = _train(policy, data, out)
    assert done.exit_code == 2
    assert "nothing could be learned" in done.stderr
    assert not out.exists()
