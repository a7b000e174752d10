"""Location: the place that is settled, and the evidence for it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.events import Finding
from services.intake.decide.candidates import FINDINGS_MAX
from services.intake.decide.location import Atlas, Located, locate
from services.intake.decide.place import UnknownCode, Where
from services.policy import Boundary, Landmark
from tests.policies import a_policy

EAST, WEST, RIVER, MOUNTAIN, BRIDGE = "990101", "990102", "990101001", "990101002", "990102001"
POLICY = a_policy()
NAMES = Atlas(POLICY)
_RING = ((110.0, 20.0), (111.0, 20.0), (111.0, 21.0), (110.0, 21.0), (110.0, 20.0))
MAPPED = Atlas(replace(POLICY, boundaries=(Boundary(WEST, ((_RING,),)),)))
IN_WEST = (110.5, 20.5)
LEARNED = Atlas(
    replace(
        POLICY,
        landmarks=(
            *(Landmark("*", code, 1000) for code in (EAST, WEST)),
            *(Landmark("*", code, 400) for code in (RIVER, MOUNTAIN, BRIDGE)),
            *(
                Landmark(name, RIVER, 2_000_000)
                for name in ("梧桐大道", "桐大道", "大道", "老渡口市场", "渡口市场")
            ),
            Landmark("棉纺路", WEST, 500_000_000),
            Landmark("纺织小区", WEST, 300),
            Landmark("纺织小区", EAST, 250),
        ),
    )
)


def _located(atlas: Atlas, text: str, **known: object) -> Located:
    fields = known.pop("fields", {})
    found = locate(atlas, fields, text=text, **known)  # type: ignore[arg-type]
    assert isinstance(found, Located), found
    return found


def _of(found: Located, kind: str) -> list[Finding]:
    return [one for one in found.findings if one.kind == kind]


def test_a_name_settles_and_shows_where_it_stands() -> None:
    """An operator clicks on the evidence."""
    text = "家住东区河街街道，停水三天"
    found = _located(NAMES, text)
    assert found.where == Where(EAST, RIVER)
    (street,) = _of(found, "street")
    assert (street.value, street.source) == (RIVER, "text")
    assert text[street.start : street.end] == "河街街道"


def test_a_title_has_spans_of_its_own() -> None:
    """Title and text are shown apart."""
    found = _located(NAMES, "请尽快处理", title="西区停水")
    (district,) = _of(found, "district")
    assert (district.source, district.start, district.end) == ("title", 0, 2)


def test_two_districts_are_two_candidates_and_no_place() -> None:
    """A silent guess costs a return and two days."""
    found = _located(NAMES, "东区和西区交界的路")
    assert found.where == Where()
    assert {one.value for one in _of(found, "district")} == {EAST, WEST}


def test_an_office_of_one_district_does_not_hide_the_other() -> None:
    """东区政府 may be asked about what is in 西区."""
    assert _located(NAMES, "向东区政府反映西区的路灯").where == Where(WEST)
    assert _located(NAMES, "向东区城管局反映无人处理").where == Where(EAST)


def test_fields_win_over_the_position_and_both_are_told() -> None:
    """An operator asked; a telephone may lie in another district."""
    found = _located(MAPPED, "停水", fields={"district": EAST}, point=IN_WEST)
    assert found.where == Where(EAST)
    told = {one.value: (one.source, one.confidence) for one in _of(found, "district")}
    assert told[EAST] == ("field", 1.0)
    assert told[WEST][0] == "point"
    assert told[WEST][1] < 0.5


def test_the_position_wins_over_the_words_and_both_are_told() -> None:
    """A satellite knows better than a slip of the tongue; a person may decide otherwise."""
    found = _located(MAPPED, "东区河街街道停水", point=IN_WEST)
    assert found.where == Where(WEST)
    told = {one.value: (one.source, one.confidence) for one in _of(found, "district")}
    assert told[WEST][0] == "point"
    assert told[EAST][0] == "text"
    assert told[EAST][1] < told[WEST][1]


def test_an_address_settles_and_is_never_shown() -> None:
    """It stays in the vault: a finding from it has no span."""
    found = _located(NAMES, "停水", address="东区河街街道柳树社区3号楼")
    assert found.where == Where(EAST, RIVER, "990101001001")
    assert all(one.source == "address" for one in found.findings)
    assert all(one.start is None and one.end is None for one in found.findings)


def test_a_code_that_cannot_be_right_is_named() -> None:
    """A program must learn which of its fields is wrong."""
    assert locate(NAMES, {"district": "999999"}, text="") == UnknownCode(
        "district", "999999", "unknown"
    )


def test_landmarks_that_are_sure_settle_a_place_without_its_name() -> None:
    """Few people name their street office; everybody names a road."""
    text = "梧桐大道老渡口市场门口积水"
    found = _located(LEARNED, text)
    assert found.where == Where(EAST, RIVER)
    street = _of(found, "street")[0]
    assert text[street.start : street.end].endswith(("大道", "市场"))


def test_landmarks_that_are_not_sure_are_candidates_only() -> None:
    """The dispatcher sees both and asks."""
    found = _located(LEARNED, "纺织小区停水")
    assert found.where.district is None
    assert {one.value for one in _of(found, "district")} == {EAST, WEST}


def test_a_short_name_that_the_landmarks_contradict_settles_nothing() -> None:
    """山前 is a township, and also the name of a noodle shop."""
    shop = "山前面馆在棉纺路上"
    assert _located(NAMES, shop).where == Where(EAST, MOUNTAIN)
    assert _located(LEARNED, shop).where.district == WEST
    assert _located(LEARNED, shop).where.street != MOUNTAIN


@pytest.mark.parametrize("text", ["", "İstanbul ß ﬃ 西区", "东区" * 200, "\n\n东区\n"])
def test_odd_texts_are_located_too(text: str) -> None:
    """Folding a letter may make it two; spans must still fit."""
    for one in _located(LEARNED, text).findings:
        assert text[one.start : one.end] in {"东区", "西区"}


_WORDS = st.lists(
    st.sampled_from(["东区", "西区", "河街街道", "河街", "山前镇", "桥北街道", "柳树社区"])
    | st.sampled_from(["梧桐大道", "纺织小区", "政府", "İ", "，", "\n"])
    | st.text(max_size=6),
    max_size=8,
).map("".join)


@given(_WORDS, _WORDS, _WORDS | st.none(), st.sampled_from([NAMES, MAPPED, LEARNED]))
def test_whatever_is_said_places_nest_and_spans_fit(
    title: str, text: str, address: str | None, atlas: Atlas
) -> None:
    """The event's place and its evidence are trusted blindly further down the path."""
    found = _located(atlas, text, title=title, address=address, point=IN_WEST)
    where = found.where
    assert where.street is None or where.district == where.street[:6]
    assert where.community is None or where.street == where.community[:9]
    for kind in ("district", "street", "community"):
        told = _of(found, kind)
        assert len(told) <= FINDINGS_MAX
        assert len({one.value for one in told}) == len(told)
        settled = getattr(where, kind)
        assert settled is None or told[0].value == settled
    for one in found.findings:
        shown = {"title": title, "text": text}.get(one.source)
        assert (shown is None) == (one.start is None)
        assert shown is None or 0 <= (one.start or 0) < (one.end or 0) <= len(shown)


def test_a_table_written_by_hand_does_not_hide_what_is_said() -> None:
    """It knows one road; that must not make all other names unlikely."""
    rows = (Landmark("梧桐大道", RIVER, 1000), Landmark("梧桐大道", EAST, 1000))
    atlas = Atlas(replace(POLICY, landmarks=rows))
    found = _located(atlas, "西区桥北街道停水")
    assert found.where == Where(WEST, BRIDGE)
    assert _of(found, "street")[0].confidence == 0.9
    assert _of(_located(atlas, "梧桐大道停水"), "street")[0].value == RIVER
