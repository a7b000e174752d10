"""Who gets a complaint: one test for each sentence of the router's order."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

import pytest

from services.events import Cluster, Diversion, Nature, Place, Urgency
from services.policy import Owner, OwnerKind
from services.router.decide import Complaint, Diverted, Held, Routed, Verdict, route
from tests.policies import CITY, DIVERSIONS, a_policy
from tests.router.catalogues import LINZHOU, a_rule, with_rules

EAST = Place(district="990101")
RIVER_STREET = Place(district="990101", street="990101001")
EARLIER = UUID(int=7)


def routed(complaint: Complaint, *args: object, policy: object = LINZHOU) -> Routed:
    decision = route(complaint, policy, *args)  # type: ignore[arg-type]
    assert isinstance(decision, Routed), decision
    return decision


def held(complaint: Complaint, *args: object, policy: object = LINZHOU) -> Held:
    decision = route(complaint, policy, *args)  # type: ignore[arg-type]
    assert isinstance(decision, Held), decision
    return decision


def test_a_clear_duty_goes_straight_to_its_agency() -> None:
    """Art. 12: duty and jurisdiction clear, so no detour through the district."""
    decision = routed(Complaint("家里停水了", place=EAST))
    assert (decision.lead, decision.rule, decision.decided_by) == (
        "water-company",
        "water-to-company",
        "rule",
    )
    assert decision.copies == ("government-990101",)
    assert decision.category == "utilities-water"


def test_a_street_that_leads_has_its_district_told() -> None:
    """Art. 12: the district supervises its streets, whether or not a rule says so."""
    decision = routed(Complaint("门口垃圾没人清", place=RIVER_STREET))
    assert decision.lead == "street-990101001"
    assert decision.copies == ("government-990101",)


def test_a_city_matter_routes_without_a_place() -> None:
    """Nobody is asked where they live when the answer changes nothing."""
    decision = routed(Complaint("公交车到站不停"))
    assert decision.lead == "city-transport"
    assert decision.copies == ()
    assert "no copy district-of(place)" in decision.trace.notes[0]


def test_an_unnameable_lead_makes_its_rule_not_applicable() -> None:
    """A rule for the street can't decide where only the district is known."""
    decision = routed(Complaint("门口垃圾没人清", place=EAST))
    assert (decision.lead, decision.decided_by) == ("government-990101", "fallback")
    trial = decision.trace.trials[0]
    assert (trial.rule, trial.verdict) == ("waste-to-street", Verdict.UNRESOLVED)
    assert "东区" in trial.why


def test_a_complaint_no_rule_names_falls_to_its_district() -> None:
    """Art. 12: agency unclear, district known: the district organises the handling."""
    decision = routed(Complaint("邻居天天吵架", place=EAST))
    assert (decision.lead, decision.scored) == ("government-990101", "government-990101")
    assert (decision.rule, decision.standard) == (None, "ordinary")


def test_without_place_and_rule_a_person_is_asked() -> None:
    """A guess would cost a return and days."""
    assert held(Complaint("邻居天天吵架")).reason == "no-place"


def test_where_a_place_would_not_help_the_reason_says_so() -> None:
    """A city without district governments has no fallback to ask a place for."""
    agencies = {
        code: agency
        for code, agency in LINZHOU.agencies.items()
        if agency.kind != "district-government"
    }
    policy = replace(with_rules([]), agencies=agencies)
    assert held(Complaint("邻居天天吵架"), policy=policy).reason == "no-rule"


def test_where_a_rule_waits_for_a_place_the_reason_asks_for_it() -> None:
    """Even in a city without the fallback: the rule's own place, or a street for its lead."""
    agencies = {
        code: agency
        for code, agency in LINZHOU.agencies.items()
        if agency.kind != "district-government"
    }
    rules = [
        a_rule("in-the-east", places=("990101",), words=("吵架",)),
        a_rule("street", Owner(OwnerKind.STREET_OF), words=("垃圾",)),
    ]
    policy = replace(with_rules(rules), agencies=agencies)
    assert held(Complaint("邻居吵架"), policy=policy).reason == "no-place"
    assert held(Complaint("邻居唱歌"), policy=policy).reason == "no-rule"
    assert held(Complaint("垃圾"), policy=policy).reason == "no-place"


def test_a_place_of_another_gazetteer_is_no_place() -> None:
    """Codes come from events, and may be of an older bundle."""
    decision = held(Complaint("邻居天天吵架", place=Place(district="000000")))
    assert decision.reason == "no-place"
    assert decision.trace.notes == ("no division has the code '000000'",)


def test_two_equally_specific_rules_with_two_leads_are_a_conflict() -> None:
    """Two agencies that both claim it are for a person, never first wins."""
    policy = with_rules(
        [
            a_rule("b", "city-transport", category="utilities-water"),
            a_rule("a", "water-company", category="utilities-water"),
        ]
    )
    decision = held(Complaint("停水", place=EAST), policy=policy)
    assert decision.reason == "conflict"
    assert [c.agency for c in decision.candidates[:2]] == ["water-company", "city-transport"]
    assert {trial.verdict for trial in decision.trace.trials} == {Verdict.CONFLICT}


def test_two_equally_specific_rules_with_one_lead_agree() -> None:
    """They don't contradict each other; the lower id is quoted."""
    policy = with_rules([a_rule("b", words=("停水",)), a_rule("a", words=("停水",))])
    decision = routed(Complaint("停水"), policy=policy)
    assert decision.rule == "a"
    assert [trial.verdict for trial in decision.trace.trials] == [Verdict.CHOSEN, Verdict.AGREES]


@pytest.mark.parametrize(
    ("closer", "looser"),
    [
        ({"places": ("990101001",)}, {"places": ("990101",), "category": "utilities-water"}),
        ({"places": ("9901",)}, {"category": "utilities-water", "words": ("停水",)}),
        ({"category": "utilities-water"}, {"category": "utilities", "words": ("停水",)}),
        ({"words": ("停水",)}, {"natures": (Nature.HELP,), "category": None}),
        ({"category": "utilities", "natures": (Nature.HELP,)}, {"category": "utilities"}),
    ],
)
def test_the_more_specific_rule_decides(
    closer: dict[str, object], looser: dict[str, object]
) -> None:
    """Deeper place before deeper category before words before nature."""
    policy = with_rules([a_rule("loose", **looser), a_rule("close", "water-company", **closer)])
    complaint = Complaint("停水", nature=Nature.HELP, place=RIVER_STREET)
    decision = routed(complaint, policy=policy)
    assert decision.rule == "close"
    assert decision.alternatives[0].agency == "city-transport"
    assert "less specific than close" in decision.trace.trials[1].why


def test_a_rule_for_several_places_counts_by_the_narrowest_around_the_complaint() -> None:
    """A rule for the whole city and for one street in particular is the street's rule there."""
    policy = with_rules(
        [
            a_rule("both", places=("9901", "990101001")),
            a_rule("east", "city-housing", places=("990101",)),
        ]
    )
    assert routed(Complaint("", place=RIVER_STREET), policy=policy).rule == "both"
    assert routed(Complaint("", place=EAST), policy=policy).rule == "east"


def test_an_excepted_place_takes_its_rule_out() -> None:
    """A development zone with its own body is left out of the city's rule."""
    rule = a_rule("all-but-west", words=("停水",), except_places=("990102",))
    policy = with_rules([rule])
    assert routed(Complaint("停水", place=EAST), policy=policy).rule == "all-but-west"
    west = routed(Complaint("停水", place=Place(district="990102")), policy=policy)
    assert west.decided_by == "fallback"
    assert west.trace.trials[0].verdict is Verdict.EXCEPTED


def test_a_rule_for_another_nature_does_not_match() -> None:
    """A report of wrongdoing may go elsewhere than a question about the same thing."""
    policy = with_rules([a_rule("reports", words=("停水",), natures=(Nature.REPORT,))])
    decision = routed(Complaint("停水", nature=Nature.HELP, place=EAST), policy=policy)
    assert decision.trace.trials[0].verdict is Verdict.OTHER_NATURE


def test_scored_and_assists_are_who_the_rule_says() -> None:
    """The agency in whose rates it counts isn't always the one that handles it."""
    decision = routed(Complaint("路口有人摆摊", place=RIVER_STREET))
    assert decision.lead == "enforcement-990101"
    assert (decision.scored, decision.assists) == ("street-990101001", ("street-990101001",))
    assert decision.basis == "城管条例第五条"


def test_a_repeat_is_told_progress_before_all_else() -> None:
    """Same person, same matter, no new facts: no second order (art. 11, 3)."""
    decision = route(Complaint("家里停水了", place=EAST, repeat_of=EARLIER), LINZHOU)
    assert isinstance(decision, Diverted)
    assert (decision.diversion, decision.target) == (Diversion.REPEAT, str(EARLIER))
    assert (decision.reply, decision.rule) == ("您反映的事项正在办理。", "repeat")


def test_a_repeat_that_is_not_sure_enough_gets_its_order_and_the_likeness_is_told() -> None:
    """Never drop a caller for a guess: from which score on is the policy's to say."""
    likely = Complaint("家里停水了", place=EAST, repeat_of=EARLIER, repeat_score=0.89)
    decision = routed(likely)
    assert decision.lead == "water-company"
    assert decision.explanation.endswith(f"该人此前诉求 {EARLIER} 可能是同一事项（相似度 89%）。")
    assert isinstance(route(replace(likely, repeat_score=0.9), LINZHOU), Diverted)
    bolder = a_policy(
        city=CITY.replace("returns_max = 2", "returns_max = 2\nrepeat_score_min = 0.8")
    )
    assert isinstance(route(likely, bolder), Diverted)


def test_other_peoples_complaints_are_told_and_change_nothing() -> None:
    """Each of them is an order of its own; the agency learns that it is one matter."""
    alone = Complaint("家里停水了", place=EAST)
    cluster = Cluster(complaint_id=EARLIER, size=4, score=0.7)
    decision, same = routed(replace(alone, cluster=cluster)), routed(alone)
    assert decision.explanation == same.explanation + f"另有 3 人反映同一情况（首件 {EARLIER}）。"
    assert (decision.lead, decision.rule, decision.standard) == (
        same.lead,
        same.rule,
        same.standard,
    )
    english = a_policy(city=CITY.replace('language = "zh"', 'language = "en"'), whistles=None)
    told = routed(replace(alone, cluster=cluster), policy=english).explanation
    assert f"3 other(s) report the same, first in complaint {EARLIER}." in told
    unplaced = held(Complaint("有件事", cluster=cluster))
    assert "另有 3 人" in unplaced.explanation


def test_a_repeat_is_answered_even_where_no_rule_words_the_reply() -> None:
    """A bundle without a rule for repeats must not lose them."""
    policy = replace(LINZHOU, diversions=())
    decision = route(Complaint("停水", repeat_of=EARLIER), policy)
    assert isinstance(decision, Diverted)
    assert str(EARLIER) in decision.reply


def test_an_emergency_is_diverted_in_the_citizens_language() -> None:
    """Whoever calls about a fire must understand the answer."""
    decision = route(Complaint("楼道着火了", language="en"), LINZHOU)
    assert isinstance(decision, Diverted)
    assert (decision.target, decision.reply) == ("119", "Passed on to 119. Leave at once.")


def test_a_word_that_takes_the_meaning_away_stops_a_diversion() -> None:
    """Last year's fire is a housing matter."""
    assert not isinstance(route(Complaint("去年着火的房子没修", place=EAST), LINZHOU), Diverted)


def test_an_emergency_outranks_other_diversions_wherever_it_stands_in_the_file() -> None:
    """A burning courthouse is first of all burning."""
    first, *rest = DIVERSIONS.split("[[rules]]")[1:]
    turned = "\n".join(f"[[rules]]{text}" for text in (*rest, first))
    for policy in (LINZHOU, a_policy(diversions=turned)):
        decision = route(Complaint("不服法院判决，法院着火了"), policy)
        assert isinstance(decision, Diverted)
        assert decision.rule == "fire"


def test_words_of_emergency_raise_the_standard() -> None:
    """Gas in the stairwell can't wait seven days, whatever its category."""
    decision = routed(Complaint("楼里燃气泄漏", place=EAST))
    assert decision.standard == "emergency"
    assert "燃气泄漏" in decision.trace.standard_why


def test_a_word_that_takes_urgency_away_leaves_the_standard() -> None:
    """Water that is turned off by plan is nobody's surprise."""
    complaint = Complaint("计划停水期间公交车改道", category="traffic-bus")
    assert routed(complaint).standard == "ordinary"
    sudden = replace(complaint, text="停水期间公交车改道")
    assert routed(sudden).standard == "utilities"


def test_urgency_as_received_raises_the_standard_too() -> None:
    """An operator hears what words don't say."""
    complaint = Complaint("门口垃圾没人清", urgency=Urgency.URGENT, place=RIVER_STREET)
    assert routed(complaint).standard == "utilities"


def test_urgency_never_makes_a_standard_looser() -> None:
    """An emergency standard of a rule isn't undone by a merely urgent word."""
    policy = with_rules([a_rule("quick", words=("停水",), standard="emergency")])
    assert routed(Complaint("停水"), policy=policy).standard == "emergency"


def test_a_standard_named_for_urgent_also_holds_for_emergencies() -> None:
    """A city may name one fast tier only; an emergency is at least urgent."""
    city = CITY.replace('emergency = "emergency", ', "")
    policy = a_policy(city=city)
    assert routed(Complaint("燃气泄漏", place=EAST), policy=policy).standard == "utilities"


def test_a_returned_complaint_goes_to_the_next_specific_rule() -> None:
    """Whoever returned it isn't asked again; somebody else may know better."""
    policy = with_rules(
        [
            a_rule("close", "water-company", category="utilities-water"),
            a_rule("wide", "city-housing", category="utilities"),
        ]
    )
    again = routed(Complaint("停水", place=EAST), ("water-company",), 2, policy=policy)
    assert (again.rule, again.excluded) == ("wide", ("water-company",))
    assert "water-company" not in {other.agency for other in again.alternatives}
    assert {trial.rule: trial.verdict for trial in again.trace.trials} == {
        "wide": Verdict.CHOSEN,
        "close": Verdict.RETURNED,
    }


def test_a_returned_complaint_falls_to_the_district_next() -> None:
    """Art. 12: the district is the last resort before a person."""
    again = routed(Complaint("停水", place=EAST), ("water-company",), 2)
    assert (again.lead, again.decided_by) == ("government-990101", "fallback")


def test_when_everybody_has_returned_it_a_person_decides() -> None:
    """And sees who returned it, since one of them may be designated."""
    excluded = ("water-company", "government-990101")
    decision = held(Complaint("停水", place=EAST), excluded, 3)
    assert decision.reason == "returned-out"
    assert [c.agency for c in decision.candidates] == ["water-company"]
    assert "市自来水公司、东区政府" in decision.explanation


def test_past_the_limit_of_returns_a_person_decides() -> None:
    """`returns_max` is 2: the second return is routed anew, the third isn't."""
    complaint = Complaint("停水", place=EAST)
    assert isinstance(route(complaint, LINZHOU, ("a", "b"), 3), Routed)
    decision = held(complaint, ("a", "b", "c"), 4)
    assert decision.reason == "too-many-returns"
    assert decision.candidates[0].agency == "water-company"


def test_a_returned_complaint_is_not_diverted() -> None:
    """An order was due; a policy published since must not make it vanish."""
    again = routed(Complaint("着火", place=EAST, repeat_of=EARLIER), ("city-transport",), 2)
    assert again.lead == "government-990101"


def test_an_agency_that_returned_it_does_not_assist_either() -> None:
    """It has said that the matter isn't its own."""
    rule = a_rule("r", words=("停水",), assists=(Owner(OwnerKind.AGENCY, "water-company"),))
    again = routed(Complaint("停水"), ("water-company",), 2, policy=with_rules([rule]))
    assert again.assists == ()


def test_tied_categories_are_suggested_to_whoever_decides() -> None:
    """Two matters in one call: the person sees whom each would go to."""
    decision = held(Complaint("水管坏了，占道的车堵着"))
    assert decision.category is None
    assert decision.trace.categories == ("environment-stall", "utilities-water")
    assert [c.agency for c in decision.candidates] == ["water-company"]
