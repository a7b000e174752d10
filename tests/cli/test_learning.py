"""`whistle train` and `whistle evaluate router`, on the invented town."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from services.cli.__main__ import app
from services.cli.learning.orders import read_orders
from services.cli.learning.splits import Split, by_group, by_time
from services.learning.example import Example
from tests.learning.towns import orders
from tests.policies import a_policy, policy_files

RUN = CliRunner().invoke
_COLUMNS = ("order_id", "date", "group", "text", "text_stripped", "dept", "dept_raw", "refs")
_KEYS = {"n", "top1", "top3", "macro_f1", "coverage_at_98", "ece", "curve", "departments"}


def _file(path: Path, examples: Iterable[Example]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as written:
        writer = csv.DictWriter(written, _COLUMNS)
        writer.writeheader()
        for one in examples:
            answer = f"{one.text}请{one.label}核实处理！"
            values = (one.order_id, one.date, one.group, answer, one.text, one.label, one.unit, "")
            writer.writerow(dict(zip(_COLUMNS, values, strict=True)))
    return path


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    folder = tmp_path / "policy"
    folder.mkdir()
    for name, text in policy_files().items():
        (folder / name).write_bytes(text)
    return folder


def _splits(path: Path) -> list[Split]:
    rows = read_orders(path, a_policy()).rows
    later = by_time(rows)
    assert later is not None
    return [by_group(rows), later]


def test_no_group_is_on_both_sides_of_a_split(tmp_path: Path) -> None:
    """What belongs together would tell the answer."""
    for split in _splits(_file(tmp_path / "orders.csv", orders())):
        learned = {order.example.group for order in split.learned}
        held_out = {order.example.group for order in split.held_out}
        assert learned
        assert held_out
        assert not learned & held_out


def test_a_split_by_time_holds_out_the_last_month(tmp_path: Path) -> None:
    """Only the past is learned from."""
    _, split = _splits(_file(tmp_path / "orders.csv", orders()))
    assert split.since == "2026-04-01"
    assert all(order.example.date < split.since for order in split.learned)
    assert all(order.example.date >= split.since for order in split.held_out)


def test_the_text_with_the_closing_request_is_never_read(tmp_path: Path) -> None:
    """It names the answer."""
    rows = read_orders(_file(tmp_path / "orders.csv", orders()), a_policy()).rows
    assert not any("核实处理" in order.example.text for order in rows)


def test_a_model_is_trained_and_measured_on_what_it_has_not_seen(
    tmp_path: Path, policy: Path
) -> None:
    """The whole way: train on some orders, measure on a file that holds them and others."""
    every = orders(300)
    known = _file(tmp_path / "known.csv", every[:240])
    out = tmp_path / "town.model"
    args = ["train", "--policy", str(policy), "--orders", str(known), "--out", str(out), "--json"]
    trained = RUN(app, args)
    assert trained.exit_code == 0, trained.output
    card = json.loads(trained.stdout)
    assert card["orders"] == 240
    assert card["scores"]["top1"] > 0.5

    data = _file(tmp_path / "all.csv", every)
    args = ["evaluate", "router", "--policy", str(policy), "--model", str(out)]
    measured = RUN(app, [*args, "--data", str(data), "--json"])
    assert measured.exit_code == 0, measured.output
    found = json.loads(measured.stdout)
    assert found["seen"] == 240
    assert found["n"] == 60
    assert set(found) >= _KEYS


def test_without_a_model_one_is_trained_on_part_of_the_file(tmp_path: Path, policy: Path) -> None:
    """Both splits are told, with the same keys."""
    data = _file(tmp_path / "orders.csv", orders())
    args = ["evaluate", "router", "--policy", str(policy), "--data", str(data)]
    measured = RUN(app, [*args, "--json"])
    assert measured.exit_code == 0, measured.output
    found = json.loads(measured.stdout)
    assert set(found) >= _KEYS
    assert set(found["time"]) >= _KEYS
    assert {one["likeness"] for one in found["ceiling"]} == {0.6, 0.7, 0.8, 0.9}


@pytest.mark.parametrize("missing", ["--policy", "--orders", "--out"])
def test_what_training_needs_is_said(tmp_path: Path, policy: Path, missing: str) -> None:
    """A forgotten option is named before anything is read."""
    data = _file(tmp_path / "orders.csv", orders(4))
    given = {"--policy": policy, "--orders": data, "--out": tmp_path / "m"}
    args = [part for name, value in given.items() if name != missing for part in (name, str(value))]
    result = RUN(app, ["train", *args])
    assert result.exit_code == 2
    assert missing in result.output


def test_a_file_without_departments_is_refused(tmp_path: Path, policy: Path) -> None:
    """The message names the columns that were looked for."""
    data = tmp_path / "orders.csv"
    data.write_text("order_id,text_stripped\n1,水管爆裂\n", encoding="utf-8")
    args = ["evaluate", "router", "--policy", str(policy), "--data", str(data)]
    result = RUN(app, args)
    assert result.exit_code == 2
    assert "dept" in result.output


def test_a_damaged_model_is_refused_by_name(tmp_path: Path, policy: Path) -> None:
    """The command says which file, and why."""
    data, broken = _file(tmp_path / "orders.csv", orders(20)), tmp_path / "broken.model"
    broken.write_bytes(b"not a model")
    args = ["evaluate", "router", "--policy", str(policy), "--data", str(data)]
    result = RUN(app, [*args, "--model", str(broken)])
    assert result.exit_code == 2
    assert "broken.model: not a whole model" in result.output


def test_a_detail_goes_with_its_title_and_may_be_told_word_by_word(tmp_path: Path) -> None:
    """Some records lost the detail and kept its words."""
    path = tmp_path / "messages.csv"
    path.write_text(
        "id,title,detail,seg,label\n"
        "1,公交不进站,司机说人满了,公交 不 进站 司机 人满,市交通局\n"
        "2,公交不进站,,公交 不 进站 司机 人满,市交通局\n",
        encoding="utf-8",
    )
    told, segmented = (row.example for row in read_orders(path, a_policy()).rows)
    assert (told.title, told.text) == ("公交不进站", "公交不进站 司机说人满了")
    assert segmented.text == "公交不进站 公交不进站司机人满"
