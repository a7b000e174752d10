"""Landmarks: what a table of roads and estates says, and how it is learned."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from services.cli.training import table_text
from services.intake.decide.landmarks import Landmarks, names_in
from services.intake.decide.learning import Learner, Record
from services.intake.decide.place import Gazetteer
from services.policy import Landmark, load
from tests.policies import a_policy, policy_files

EAST, WEST, RIVER, MOUNTAIN = "990101", "990102", "990101001", "990101002"
POLICY = a_policy()
GAZETTEER = Gazetteer(POLICY.divisions)

ROWS = (
    Landmark("*", EAST, 50),
    Landmark("*", WEST, 50),
    Landmark("*", RIVER, 30),
    Landmark("*", MOUNTAIN, 30),
    Landmark("梧桐大道", RIVER, 20),
    Landmark("梧桐大道", MOUNTAIN, 2),
    Landmark("纺织小区", WEST, 60),
    Landmark("Maple Plaza", WEST, 15),
)
LANDMARKS = Landmarks(POLICY.divisions, ROWS)


def _learner(*records: Record) -> Learner:
    learner = Learner(GAZETTEER)
    for record in records:
        learner.add(record)
    return learner


def _records() -> list[Record]:
    east = Record(
        "东区梧桐大道路灯不亮", "东区梧桐大道靠近纺织小区的路灯坏了", unit="河街街道办事处"
    )
    west = Record("噪音", "西区杨树市场门口很吵", place={"district": "西区"})
    return [*[east] * 5, *[west] * 5]


def test_a_name_speaks_for_the_division_where_it_was_counted() -> None:
    """That is all a table is for."""
    shares = LANDMARKS.weigh("梧桐大道的路灯坏了")
    assert max(shares.streets, key=shares.streets.__getitem__) == RIVER
    assert shares.districts[EAST] > shares.districts[WEST]
    assert LANDMARKS.weigh("纺织小区停水").districts[WEST] > 0.6


def test_what_no_name_speaks_for_has_no_voice() -> None:
    """Without evidence the likeliest division would be a silent guess."""
    assert LANDMARKS.weigh("今天天气很好").voices == {}


def test_a_voice_points_at_the_name_that_speaks() -> None:
    """An operator must see why."""
    text = "请看看纺织小区东门"
    start, end = LANDMARKS.weigh(text).voices[WEST]
    assert text[start:end] == "纺织小区"


def test_an_official_may_add_a_name_of_any_script() -> None:
    """What is learned is Chinese; what people write need not be."""
    assert WEST in LANDMARKS.weigh("noise at MAPLE PLAZA every night").voices
    assert WEST not in LANDMARKS.weigh("noise at Maple Plazas").voices


def test_a_community_lends_its_name_to_its_street() -> None:
    """People say 柳树路口, not 柳树社区居委会."""
    assert RIVER in LANDMARKS.weigh("柳树路口积水").voices


def test_an_empty_table_says_nothing() -> None:
    """A city without one is read by its gazetteer alone."""
    assert Landmarks(POLICY.divisions, ()).is_empty


def test_a_record_teaches_by_its_field_its_words_and_its_unit() -> None:
    """Most records have no field for the street."""
    rows = {(row.name, row.division) for row in _learner(*_records()).rows()}
    assert ("梧桐大道", RIVER) in rows
    assert ("杨树市场", WEST) in rows
    assert ("*", EAST) in rows


def test_a_name_of_two_records_is_not_learned() -> None:
    """It may be somebody's home, and it would say little."""
    learner = _learner(*_records(), *[Record("", "西区独门小院")] * 2)
    assert not [row for row in learner.rows() if "独门" in row.name]


def test_a_record_without_a_place_teaches_nothing() -> None:
    """What isn't known can't be counted."""
    learner = _learner(Record("咨询", "怎样办理证件"))
    assert learner.records == 0
    assert learner.rows() == []


def test_a_table_is_cut_to_the_rows_asked_for_with_the_totals_kept() -> None:
    """Every service reads the file at every start."""
    rows = _learner(*_records()).rows(8)
    assert len(rows) <= 8
    assert {row.division for row in rows if row.name == "*"} == {EAST, WEST, RIVER}


def test_scoring_from_the_file_equals_scoring_from_the_learner() -> None:
    """What was measured must be what runs."""
    rows = _learner(*_records()).rows()
    written = policy_files() | {"landmarks.csv": table_text(rows, 10, "orders.csv").encode()}
    read_back = load(written)
    text = "梧桐大道和杨树市场之间"
    from_file = Landmarks(read_back.divisions, read_back.landmarks).weigh(text)
    assert from_file == Landmarks(POLICY.divisions, rows).weigh(text)


def test_names_end_like_places_and_stay_within_a_run_of_chinese() -> None:
    """A name doesn't reach over a comma or a house number."""
    assert [name for name, _, _ in names_in("甲路,乙丙街")] == ["甲路", "乙丙街", "丙街"]


@given(st.text(max_size=80))
def test_shares_are_shares_whatever_is_said(text: str) -> None:
    """Nothing a person types may break the door."""
    shares = LANDMARKS.weigh(text)
    assert abs(sum(shares.districts.values()) - 1) < 1e-9
    assert all(0 <= share <= 1 for share in shares.streets.values())
    assert all(0 <= start < end <= len(text) for start, end in shares.voices.values())
