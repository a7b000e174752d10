"""A model's file: the same after reading, refused when foreign or broken, and without texts."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest

from services.learning import Model, ModelError, Suggestion, load, save
from services.policy import Policy
from tests.learning.towns import orders
from tests.policies import AGENCIES, CATEGORIES, a_policy

_TEXTS = ("公交车不进站，望江楼", "水压太低怎么办", "占道经营", "房屋漏雨")


@pytest.fixture
def file(model: Model, tmp_path: Path) -> Path:
    path = tmp_path / "town.model"
    save(model, path)
    return path


def test_a_model_suggests_the_same_after_saving_and_loading(
    model: Model, town: Policy, file: Path
) -> None:
    """Nothing is lost by the file; sums may differ in the last digit of single precision."""
    again = load(file, town)
    for text in _TEXTS:
        was, now = model.suggest(text), again.suggest(text)
        assert [_said(one) for one in now] == [_said(one) for one in was]
        for one, other in zip(now, was, strict=True):
            assert one.confidence == pytest.approx(other.confidence, abs=1e-5)
            assert one.agency_confidence == pytest.approx(other.agency_confidence, abs=1e-5)
    assert again.digest
    assert again.card["scores"] == {"top1": 0.9}


def _said(one: Suggestion) -> tuple[object, ...]:
    """Everything that is no number."""
    return one.label, one.agency, one.category, one.words, [n.order_id for n in one.neighbours]


def test_no_text_of_an_order_is_in_the_file(file: Path) -> None:
    """Unpacked or not, the file holds no four characters in a row of what callers said."""
    with zipfile.ZipFile(file) as packed:
        content = b"".join(packed.read(name) for name in packed.namelist())
    for order in orders():
        for start in range(len(order.text) - 4):
            piece = order.text[start : start + 4]
            assert piece.encode() not in content
            assert piece.encode("utf-32-le") not in content


def test_a_policy_that_only_grew_takes_the_model(file: Path) -> None:
    """New categories and agencies change nothing of what the model can say."""
    grown = a_policy(
        categories=CATEGORIES + "traffic-lamp,路灯,traffic,,路灯\n",
        agencies=AGENCIES + "lamps,市路灯所,city-department,,hotline,,\n",
    )
    assert load(file, grown).suggest("公交车不进站")


@pytest.mark.parametrize(
    ("part", "was", "now", "said"),
    [
        ("agencies", "市自来水公司", "市供水集团", "agency 市自来水公司 was water-company"),
        ("categories", "traffic-bus,公交,traffic", "traffic-bus,公交,housing", "traffic-bus"),
    ],
)
def test_another_taxonomy_is_refused_and_the_difference_named(
    file: Path, part: str, was: str, now: str, said: str
) -> None:
    """What the model can say would mean something else there."""
    text = {"agencies": AGENCIES, "categories": CATEGORIES}[part].replace(was, now)
    with pytest.raises(ModelError, match=said):
        load(file, a_policy(**{part: text}))


@pytest.mark.parametrize("cut", [0, 10, 1_000, -1])
def test_a_cut_file_is_refused(file: Path, town: Policy, cut: int) -> None:
    """A download that broke off is no model."""
    file.write_bytes(file.read_bytes()[:cut])
    with pytest.raises(ModelError):
        load(file, town)


@pytest.mark.parametrize("twelfth", range(1, 12))
def test_a_flipped_byte_is_refused(file: Path, town: Policy, twelfth: int) -> None:
    """Damage on the disk is found before anything is suggested, wherever it lies."""
    content = bytearray(file.read_bytes())
    content[len(content) * twelfth // 12] ^= 0xFF
    file.write_bytes(content)
    with pytest.raises(ModelError):
        load(file, town)


def _changed(file: Path, name: str, content: bytes | None) -> None:
    with zipfile.ZipFile(file) as old:
        parts = {part: old.read(part) for part in old.namelist()}
    parts.pop(name)
    if content is not None:
        parts[name] = content
    with zipfile.ZipFile(file, "w") as new:
        for part, written in parts.items():
            new.writestr(part, written)


@pytest.mark.parametrize("name", ["card.json", "pieces.npy", "past.npy", "seen.npy"])
def test_a_file_without_a_part_is_refused(file: Path, town: Policy, name: str) -> None:
    """Every part is needed."""
    _changed(file, name, None)
    with pytest.raises(ModelError):
        load(file, town)


def test_a_pickle_is_not_unpacked(file: Path, town: Policy) -> None:
    """An array of objects would run its writer's code; it is refused."""
    import io

    import numpy as np

    written = io.BytesIO()
    np.save(written, np.array([{"a": 1}], dtype=object), allow_pickle=True)
    _changed(file, "keys.npy", written.getvalue())
    with pytest.raises(ModelError, match="not a whole model"):
        load(file, town)


def test_a_card_of_another_format_is_refused(file: Path, town: Policy) -> None:
    """A later version's file isn't guessed at."""
    _changed(file, "card.json", json.dumps({"format": "whistle-model-9"}).encode())
    with pytest.raises(ModelError, match="format"):
        load(file, town)


def test_an_unwritable_folder_leaves_the_old_file(model: Model, file: Path) -> None:
    """A model is replaced by a whole new one or not at all."""
    before = file.read_bytes()
    (file.parent / "town.model.part").mkdir()
    with pytest.raises(OSError, match="directory"):
        save(model, file)
    assert file.read_bytes() == before
