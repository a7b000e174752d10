"""Whether a whistle stands: the order of the law, one outcome, whom it calls."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.events import Place, Whistle, WhistleRefused, WhistleRouted
from services.policy import Policy
from services.policy.whistles import REFUSALS
from services.router.decide import Complaint, Routed, route
from services.router.decide.whistles import WhistleOutcome, judge
from tests.builders import NOON
from tests.policies import CATALOGUE, a_policy
from tests.router.blown import (
    ENFORCEMENT,
    GOVERNMENT,
    STALLS,
    STREET,
    UNOWNED,
    WASTE,
    a_whistle,
    approved,
    asked,
)

POLICY = a_policy()


def routed(policy: Policy = POLICY, **changes: Any) -> WhistleRouted:
    """Judge a whistle that must stand."""
    outcome = judge(a_whistle(**changes), policy)
    assert isinstance(outcome, WhistleRouted), outcome
    return outcome


def refused(policy: Policy = POLICY, **changes: Any) -> WhistleRefused:
    """Judge a whistle that must not."""
    outcome = judge(a_whistle(**changes), policy)
    assert isinstance(outcome, WhistleRefused), outcome
    return outcome


def said(outcome: WhistleRefused) -> dict[str, str]:
    """The words of a refusal by language."""
    return {one.language: one.text for one in outcome.words}


def test_a_street_that_has_done_its_part_calls_whom_it_asked_in_vain() -> None:
    """The last step of art. 17, with everything before it declared."""
    outcome = routed()
    assert outcome.targets == ("water-company", ENFORCEMENT)
    assert (outcome.assists, outcome.copies) == ((), (GOVERNMENT,))
    assert (outcome.standard, outcome.rules) == ("daily", ("waste-to-street",))
    assert outcome.bases == ("街道条例第十七条",)
    assert "河街街道办事处" in outcome.explanation
    assert "东区城管局" in outcome.explanation


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"kind": "lunch"}, "unknown-kind"),
        ({"raised_by": ENFORCEMENT}, "may-not-raise"),
        ({"raised_by": "nobody"}, "may-not-raise"),
        ({"place": Place(street="990101002")}, "not-your-place"),
        ({"place": Place(street="770101002")}, "not-your-place"),
        ({"approvals": ()}, "approval"),
        ({"approvals": (approved("janitor"),)}, "approval"),
        ({"kind": "hard", "complaints": (UUID(int=1),)}, "approval"),
        ({"complaints": tuple(UUID(int=n) for n in range(1, 5))}, "complaints"),
        ({"wanted": ("no-such-bureau",)}, "unknown-target"),
        ({"wanted_functions": ("astronomy",)}, "unknown-target"),
        ({"own_duty": None}, "own-duty"),
        ({"wanted": (), "wanted_functions": ()}, "own-duty"),
        ({"text": STALLS, "wanted": (), "wanted_functions": ()}, "one-department"),
        ({"wanted": ("city-transport",)}, "not-to-be-whistled"),
        ({"wanted": (STREET,)}, "not-to-be-whistled"),
        ({"wanted": ("enforcement-990102",)}, "other-district"),
        ({"kind": "cross-district", "approvals": (approved("principal"),)}, "one-district"),
        ({"coordination": ()}, "coordination"),
        ({"coordination": (asked("water-company"),)}, "coordination"),
    ],
)
def test_each_precondition_refuses_by_its_own_name(changes: dict[str, Any], reason: str) -> None:
    """A street must learn what to mend; a basket for everything has no bottom."""
    outcome = refused(**changes)
    assert outcome.reason == reason
    assert said(outcome)["zh"]


def test_the_earlier_step_of_the_law_is_told_first() -> None:
    """Own duty before transfer, transfer before coordination: the street mends in that order."""
    nothing_done: dict[str, Any] = {"own_duty": None, "coordination": ()}
    assert refused(**nothing_done).reason == "own-duty"
    alone: dict[str, Any] = {"text": STALLS, "wanted": (), "wanted_functions": ("enforcement",)}
    assert refused(**alone, coordination=()).reason == "one-department"
    assert refused(coordination=()).reason == "coordination"


def test_one_departments_duty_is_a_transfer_to_it() -> None:
    """Art. 17: no whistle for what an ordinary order settles."""
    outcome = refused(text=STALLS, wanted=(ENFORCEMENT,), wanted_functions=())
    assert (outcome.reason, outcome.transfer_to) == ("one-department", ENFORCEMENT)
    assert said(outcome) == {
        "zh": "属东区城管局一家职责，请移交。",
        "en": "Transfer it to 东区城管局.",
    }


@pytest.mark.parametrize("kind", ["daily", "emergency"])
@pytest.mark.parametrize("wanted", [(), ("city-transport",)])
def test_a_city_department_is_a_transfer_even_in_an_emergency(
    kind: str, wanted: tuple[str, ...]
) -> None:
    """Nobody a street may call is left, so an order is the faster way."""
    outcome = refused(kind=kind, text="公交车到站不停", wanted=wanted, wanted_functions=())
    assert (outcome.reason, outcome.transfer_to) == ("one-department", "city-transport")


def test_a_city_matter_that_the_district_assists_is_a_transfer_too() -> None:
    """A district government assists by the order; it isn't reported to as if nobody owned it."""
    outcome = refused(text="房产证一直办不下来", wanted=(), wanted_functions=())
    assert (outcome.reason, outcome.transfer_to) == ("one-department", "city-housing")


def test_an_assist_of_the_city_makes_it_several() -> None:
    """Two bodies named by the catalogue are more than one department's duty."""
    catalogue = CATALOGUE.replace(
        'assists = ["street-of(place)"]', 'assists = ["street-of(place)", "city-transport"]'
    )
    case: dict[str, Any] = {"text": STALLS, "wanted": (), "wanted_functions": ()}
    outcome = routed(a_policy(catalogue=catalogue), **case)
    assert (outcome.targets, outcome.copies) == ((ENFORCEMENT,), (GOVERNMENT, "city-transport"))


def test_another_department_beside_the_lead_makes_it_several() -> None:
    """The catalogue names the lead, the street the rest; the street itself counts for none."""
    outcome = routed(text=STALLS, wanted_functions=())
    assert outcome.targets == ("water-company", ENFORCEMENT)
    assert outcome.rules == ("stall-to-enforcement",)
    assert outcome.bases == ("城管条例第五条", "街道条例第十七条")


def test_a_lead_that_no_street_can_call_is_told() -> None:
    """City matters are transferred; the department should know who stands there."""
    outcome = routed(text="公交车到站不停", wanted_functions=())
    assert outcome.targets == ("water-company",)
    assert outcome.copies == (GOVERNMENT, "city-transport")


def test_what_has_no_clear_owner_is_reported_to_the_district() -> None:
    """The end of art. 17; nobody could have been asked before."""
    outcome = routed(text=UNOWNED, wanted=(), wanted_functions=(), coordination=(), own_duty=None)
    assert (outcome.targets, outcome.copies, outcome.rules) == ((GOVERNMENT,), (), ())
    assert "不明确" in outcome.explanation


RIVALS = """
[[rules]]
id = "lids"
words = ["井盖"]
lead = "enforcement-990101"
source = "test"
date = 2026-01-01
examples = [{ text = "井盖没了", expect = "enforcement-990101" }]

[[rules]]
id = "cables"
words = ["线缆"]
lead = "enforcement-990102"
source = "test"
date = 2026-01-01
examples = [{ text = "线缆垂地", expect = "enforcement-990102" }]
"""


def test_a_conflict_of_the_catalogue_calls_everybody_it_names() -> None:
    """Two claim it or neither does: that is several departments, not one."""
    policy = a_policy(catalogue=CATALOGUE + RIVALS)
    nobody: dict[str, Any] = {"text": "井盖没了，线缆垂地", "wanted": (), "wanted_functions": ()}
    both = ("enforcement-990102", ENFORCEMENT)
    assert refused(policy, **nobody, coordination=()).agencies == both
    outcome = routed(policy, **nobody, coordination=(asked(*both),))
    assert (outcome.targets, outcome.rules) == (both, ("cables", "lids"))


def test_an_emergency_waits_for_nobody() -> None:
    """Declared own work and coordination come afterwards, when it is safe again."""
    outcome = routed(kind="emergency", text=STALLS, wanted=(), wanted_functions=(), own_duty=None)
    assert (outcome.targets, outcome.standard) == ((ENFORCEMENT,), "emergency")


def test_a_hard_whistle_needs_two_people_of_rank() -> None:
    """The same person twice is one."""
    case: dict[str, Any] = {"kind": "hard", "complaints": (UUID(int=1),)}
    first, second = approved("principal", "B-01"), approved("principal", "B-03")
    assert refused(**case, approvals=(first, first)).reason == "approval"
    assert refused(**case, approvals=(first, approved("team", "B-04"))).reason == "approval"
    assert routed(**case, approvals=(first, second)).standard == "daily"


def test_a_cross_district_whistle_calls_the_neighbour_and_tells_its_government() -> None:
    """What lies on the border is two districts' matter."""
    outcome = routed(
        kind="cross-district",
        wanted=(ENFORCEMENT, "enforcement-990102"),
        wanted_functions=(),
        coordination=(asked(ENFORCEMENT, "enforcement-990102"),),
        approvals=(approved("principal"),),
    )
    assert outcome.targets == (ENFORCEMENT, "enforcement-990102")
    assert outcome.copies == (GOVERNMENT, "government-990102")


def test_what_was_tried_after_the_whistle_was_raised_counts_for_nothing() -> None:
    """Coordination comes first, also on paper."""
    late = asked("water-company", ENFORCEMENT, at=NOON + timedelta(minutes=1))
    assert refused(coordination=(late,)).reason == "coordination"


@pytest.mark.parametrize(
    ("place", "is_own"),
    [
        (Place(), True),
        (Place(district="990101"), True),
        (Place(district="990101", street="990101001", community="990101001001"), True),
        (Place(district="990102"), False),
        (Place(street="990102001"), False),
    ],
)
def test_a_place_within_or_around_the_street_is_its_own(place: Place, is_own: bool) -> None:
    """A street that names only its district means itself; it can't mean another's street."""
    outcome = judge(a_whistle(place=place), POLICY)
    assert isinstance(outcome, WhistleRouted) is is_own


def test_an_emergency_word_diverts_no_whistle() -> None:
    """A complaint about a fire is passed on to 119; a street that blows wants people there."""
    outcome = routed(text="仓库着火后垃圾成堆", kind="emergency")
    assert outcome.targets == ("water-company", ENFORCEMENT)


def test_a_city_without_whistles_says_so_in_both_languages() -> None:
    """The policy may have changed between door and judge; nothing is lost or dead."""
    outcome = refused(a_policy(whistles=None))
    assert outcome.reason == "no-whistles"
    assert said(outcome).keys() == {"zh", "en"}


AGENCIES = [*POLICY.agencies, "no-such-bureau"]
WHISTLES = st.builds(
    a_whistle,
    kind=st.sampled_from(["daily", "hard", "emergency", "cross-district", "lunch"]),
    raised_by=st.sampled_from([STREET, STREET, STREET, "street-990102001", ENFORCEMENT, "nobody"]),
    text=st.sampled_from([WASTE, STALLS, UNOWNED, "公交车到站不停", "家里停水了", "楼道着火了"]),
    place=st.sampled_from([Place(), Place(street="990101001"), Place(district="990102")]),
    complaints=st.lists(st.uuids(), max_size=4, unique=True).map(tuple),
    wanted=st.lists(st.sampled_from(AGENCIES), max_size=3).map(tuple),
    wanted_functions=st.lists(st.sampled_from(["enforcement", "astronomy"]), max_size=2).map(tuple),
    own_duty=st.sampled_from([None, "已清运"]),
    coordination=st.lists(st.sampled_from(AGENCIES).map(asked), max_size=4).map(tuple),
    approvals=st.lists(
        st.builds(approved, st.sampled_from(["team", "principal"]), st.sampled_from("AB")),
        max_size=3,
    ).map(tuple),
)


def without_links(outcome: WhistleOutcome) -> dict[str, Any]:
    """An outcome, whatever order its complaints were linked in."""
    return outcome.model_dump(exclude={"whistle": {"complaints"}})


@given(WHISTLES, st.randoms(use_true_random=False))
def test_every_whistle_gets_one_outcome_whatever_the_order_of_its_complaints(
    whistle: Whistle, random: Any
) -> None:
    """Total and repeatable: a redelivery or a reordered list must not decide otherwise."""
    outcome = judge(whistle, POLICY)
    shuffled = random.sample(whistle.complaints, len(whistle.complaints))
    again = judge(whistle.model_copy(update={"complaints": tuple(shuffled)}), POLICY)
    assert without_links(outcome) == without_links(again)
    assert isinstance(outcome, WhistleRouted | WhistleRefused)


@given(WHISTLES)
def test_nobody_stands_in_two_parts_and_no_street_or_city_body_is_called(whistle: Whistle) -> None:
    """Each agency knows whether it must come, help, or only be told."""
    outcome = judge(whistle, POLICY)
    if isinstance(outcome, WhistleRefused):
        assert outcome.reason in REFUSALS
        assert said(outcome)["zh"]
        assert "{" not in "".join(said(outcome).values())
        return
    parts = [*outcome.targets, *outcome.assists, *outcome.copies, whistle.raised_by]
    assert len(parts) == len(set(parts))
    kinds = {POLICY.agencies[code].kind.value for code in outcome.targets}
    assert kinds <= {"district-department", "enterprise", "district-government"}


@given(WHISTLES)
def test_nobody_is_called_unasked_except_in_an_emergency(whistle: Whistle) -> None:
    """Or the district's government, to which an unowned matter is reported."""
    outcome = judge(whistle, POLICY)
    if isinstance(outcome, WhistleRouted) and whistle.kind != "emergency":
        tried = {code for one in whistle.coordination for code in one.agencies}
        assert set(outcome.targets) <= tried or outcome.targets == (GOVERNMENT,)


@given(WHISTLES)
def test_a_transfer_names_whom_the_catalogue_names_for_a_complaint(whistle: Whistle) -> None:
    """One engine: the order that the street then writes must go where the refusal says."""
    outcome = judge(whistle, POLICY)
    if isinstance(outcome, WhistleRefused) and outcome.transfer_to is not None:
        place = Place(district="990101", street="990101001")
        decision = route(Complaint(text=whistle.text, place=place), POLICY, attempt=2)
        assert isinstance(decision, Routed)
        assert decision.lead == outcome.transfer_to
        assert outcome.reason == "one-department"
