"""Who has jurisdiction where, when and over what: the rarer conditions and owners of rules."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

import pytest

from services.events import Attribute, Diversion, Place, Point
from services.policy import load
from services.router.decide import Complaint, Decision, Diverted, Held, Routed, explain, route
from services.router.decide.advice import Advice, Advised
from tests.policy.planting import full_files

POLICY = load(full_files())
EAST = Place(district="990101")
RIVER_STREET = Place(district="990101", street="990101001")


def at(longitude: float, latitude: float, place: Place = RIVER_STREET) -> Place:
    """The same place with an exact position."""
    return place.model_copy(update={"point": Point(longitude=longitude, latitude=latitude)})


def lead_of(decision: Decision) -> str | None:
    return decision.lead if isinstance(decision, Routed) else None


def verdict_of(rule: str, complaint: Complaint) -> tuple[str, str]:
    (trial,) = [t for t in explain(complaint, POLICY).trials if t.rule == rule]
    return trial.verdict.value, trial.why


@pytest.mark.parametrize(
    ("place", "lead"),
    [
        (RIVER_STREET, "street-990101001"),
        (at(110.05, 20.05), "city-transport"),
        (at(110.2, 20.2), "city-transport"),
        (at(110.201, 20.2), "street-990101001"),
        (at(110.05, 20.05, Place()), "city-transport"),
    ],
)
def test_an_area_takes_a_piece_out_of_the_divisions_around_it(place: Place, lead: str) -> None:
    """What lies in the station is the railway's, whatever street is named; its border counts."""
    assert lead_of(route(Complaint("垃圾没人清", place=place), POLICY)) == lead


def test_an_area_left_out_is_left_to_the_street() -> None:
    """The exception is tried where the position is known."""
    rules = tuple(
        replace(rule, except_areas=("market",)) if rule.id == "station-waste" else rule
        for rule in POLICY.catalogue
    )
    policy = replace(POLICY, catalogue=rules)
    inside, both = at(110.05, 20.05), at(110.15, 20.15)
    assert lead_of(route(Complaint("垃圾", place=inside), policy)) == "city-transport"
    assert lead_of(route(Complaint("垃圾", place=both), policy)) == "street-990101001"


@pytest.mark.parametrize(
    ("instant", "lead"),
    [
        (datetime(2026, 12, 1, 14, 0, tzinfo=UTC), "city-housing"),  # 22:00 in Linzhou.
        (datetime(2026, 12, 1, 21, 59, tzinfo=UTC), "city-housing"),  # 05:59 the next day.
        (datetime(2026, 12, 1, 22, 0, tzinfo=UTC), "enforcement-990101"),
        (datetime(2026, 7, 1, 15, 0, tzinfo=UTC), "enforcement-990101"),
        (datetime(2028, 1, 1, 15, 0, tzinfo=UTC), "enforcement-990101"),
        (datetime(2027, 12, 31, 15, 59, tzinfo=UTC), "city-housing"),
        (None, "enforcement-990101"),
    ],
)
def test_a_rule_holds_at_its_hours_in_its_season_while_it_is_valid(
    instant: datetime | None, lead: str
) -> None:
    """All by the city's clock at the instant of the call, never by the server's."""
    complaint = Complaint("路口摆摊", place=EAST, received_at=instant)
    assert lead_of(route(complaint, POLICY)) == lead


@pytest.mark.parametrize(
    ("values", "lead"),
    [(("124",), "city-housing"), (("123", "124"), "city-housing"), (("123",), "water-company")],
)
def test_an_answer_decides_whose_asset_it_is(values: tuple[str, ...], lead: str) -> None:
    """The same leak is the company's in one pipe and the house's in another."""
    answers = (Attribute(code="WHISPAWN", values=values),)
    assert lead_of(route(Complaint("停水", attributes=answers), POLICY)) == lead


def test_each_condition_that_fails_is_named() -> None:
    """The operator learns what to ask the caller."""
    plain = Complaint("垃圾停水摆摊", place=RIVER_STREET, category="environment-waste")
    assert verdict_of("station-waste", plain) == (
        "position-unknown",
        "names areas, and the exact position is unknown",
    )
    away = replace(plain, place=at(110.65, 20.65))
    assert verdict_of("station-waste", away) == ("other-area", "is for the area station")
    water = replace(plain, category="utilities-water")
    assert verdict_of("meters-of-the-company", water) == (
        "other-attribute",
        "asks for WHISPAWN, and nobody has answered",
    )
    answered = replace(water, attributes=(Attribute(code="WHISPAWN", values=("123",)),))
    assert verdict_of("meters-of-the-company", answered) == (
        "other-attribute",
        "is for WHISPAWN 124, and the answer is 123",
    )
    stall = replace(plain, category="environment-stall")
    assert verdict_of("night-stalls", stall)[0] == "other-time"
    late = replace(stall, received_at=datetime(2026, 12, 1, 4, 0, tzinfo=UTC))
    assert verdict_of("night-stalls", late) == (
        "other-time",
        "holds at 22:00-06:00, and it came at 12:00",
    )


def test_a_central_unit_is_only_told_and_the_hotline_body_keeps_the_complaint() -> None:
    """接诉即办工作条例 art. 22: the city reflects the situation; it can't give an order."""
    decision = route(Complaint("公交车不给发票", category="traffic", place=EAST), POLICY)
    assert isinstance(decision, Routed)
    assert (decision.lead, decision.scored) == ("hotline", "hotline")
    assert decision.copies == ("central-tax",)
    assert decision.explanation.endswith("同时向国家税务局反映情况。")


def test_what_no_rule_names_never_falls_to_a_street() -> None:
    """The fallback (兜底) is the district's government, also where the street is known."""
    decision = route(Complaint("说不清的事", place=RIVER_STREET), POLICY)
    assert isinstance(decision, Routed)
    assert (decision.lead, decision.decided_by) == ("government-990101", "fallback")


def test_a_street_answers_for_what_its_list_holds_and_what_lies_below() -> None:
    """Whoever suggests a street, a model or a person, asks this first (街道职责清单)."""
    assert POLICY.is_street_power("environment-waste")
    assert not POLICY.is_street_power("environment")
    assert not POLICY.is_street_power("no-such-category")
    assert not POLICY.is_street_power(None)
    assert replace(POLICY, powers=None).is_street_power(None)


def test_a_repeat_that_has_become_an_emergency_is_passed_on_at_once() -> None:
    """Being told one's progress while the stairs burn would be the worst of answers."""
    again = Complaint("还是那堆垃圾，现在着火了", place=RIVER_STREET, repeat_of=UUID(int=7))
    decision = route(again, POLICY)
    assert isinstance(decision, Diverted)
    assert (decision.diversion, decision.target) == (Diversion.EMERGENCY, "119")
    calm = route(replace(again, text="还是那堆垃圾，没有着火"), POLICY)
    assert isinstance(calm, Diverted)
    assert calm.diversion is Diversion.REPEAT


class Sure:
    """A model that would give everything to one agency."""

    def __init__(self, agency: str) -> None:
        self._agency = agency

    def advise(self, complaint: Complaint) -> Advice:
        """The same for every complaint."""
        return Advice("model", (Advised(self._agency, 0.99, f"like {complaint.text}"),))

    def sure_from(self, precision: float) -> float:
        """As surely as it says."""
        return precision


@pytest.mark.parametrize(
    ("agency", "category", "lead"),
    [
        ("city-housing", "housing", "city-housing"),
        ("street-990101001", "housing", "government-990101"),
        ("street-990101001", None, "government-990101"),
    ],
)
def test_a_model_gives_a_street_only_what_its_list_holds(
    agency: str, category: str | None, lead: str
) -> None:
    """What clerks used to push down to the street is what the list is to stop."""
    policy = replace(POLICY, routing=replace(POLICY.routing, model_precision_min=0.98))
    complaint = Complaint("说不清的事", category=category, place=RIVER_STREET)
    assert lead_of(route(complaint, policy, adviser=Sure(agency))) == lead


def test_a_model_may_give_a_street_what_its_list_holds() -> None:
    """Where the catalogue says nothing yet and the list of powers does."""
    policy = replace(
        POLICY,
        routing=replace(POLICY.routing, model_precision_min=0.98),
        catalogue=(),
    )
    complaint = Complaint("垃圾", place=RIVER_STREET)
    assert lead_of(route(complaint, policy, adviser=Sure("street-990101001"))) == "street-990101001"


def test_a_complaint_that_only_an_area_could_settle_waits_for_its_position() -> None:
    """`no-rule` would send the operator looking for a rule that is there."""
    rules = tuple(rule for rule in POLICY.catalogue if rule.id == "station-waste")
    decision = route(Complaint("垃圾"), replace(POLICY, catalogue=rules))
    assert isinstance(decision, Held)
    assert decision.reason == "no-place"
