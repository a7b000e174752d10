"""Questions that an answer settles: which, by whom, and what follows if that isn't enough."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.events import (
    CaseClosed,
    ComplaintAnswered,
    ComplaintDiverted,
    ComplaintHeld,
    ComplaintReceived,
    ComplaintRouted,
    ComplaintSupplemented,
    Finding,
    Nature,
    OrderReturned,
    Place,
    Urgency,
)
from services.policy import Policy
from services.router.__main__ import RouterSettings, build
from services.router.decide import (
    Answer,
    Answered,
    Complaint,
    OrderDue,
    Route,
    explain,
    received,
    returned,
    route,
    settle,
    supplemented,
    unknown_entry,
)
from services.runtime.clock import ManualClock
from services.runtime.ids import new_id
from services.runtime.keys import Role
from services.runtime.step import Early, Ignored, Step
from tests.builders import NOON, a_matter, an_event, as_outgoing
from tests.harness import Path, running
from tests.policy.knowledge import CARD, an_entry, knowing

CAUSE, ORDER, KEY = UUID(int=1), UUID(int=2), UUID(int=3)
LATER = NOON + timedelta(hours=1)
EAST = Place(district="990101", street="990101001")
CARD_ANSWER = "请到任一服务点办理公交卡。"
KNOWING = knowing()
AROUND = {"from": "2026-11-01T00:00Z", "to": "2026-12-01T00:00Z"}


def a_question(text: str = "请问公交卡在哪里办理", **changes: Any) -> Complaint:
    """Somebody asks about the card."""
    fields: dict[str, Any] = {
        "text": text,
        "nature": Nature.CONSULTATION,
        "place": EAST,
        "received_at": NOON,
    }
    return Complaint(**(fields | changes))


def asked(policy: Policy = KNOWING, **matter: Any) -> Step[Route]:
    """The router receives a question."""
    fields = {"text": "请问公交卡在哪里办理", "nature": Nature.CONSULTATION, "place": EAST}
    fact = ComplaintReceived(matter=a_matter(**(fields | matter)))
    step = received(CAUSE, fact, None, policy, NOON)
    assert isinstance(step, Step)
    return step


def added(state: Route, text: str = "服务点说办不了", kind: Any = "facts") -> Step[Route]:
    """The citizen says more."""
    step = supplemented(CAUSE, ComplaintSupplemented(kind=kind, text=text), state, KNOWING, LATER)
    assert isinstance(step, Step)
    return step


def entry_of(complaint: Complaint, policy: Policy = KNOWING) -> str | None:
    """Which entry answers, if any."""
    decision = route(complaint, policy)
    return decision.entry if isinstance(decision, Answered) else None


def test_a_question_that_an_entry_answers_is_answered_at_once() -> None:
    """Most calls are questions; an order for each would keep agencies from their work."""
    (fact,) = asked().facts
    assert isinstance(fact, ComplaintAnswered)
    assert (fact.answer, fact.entry, fact.owner) == (CARD_ANSWER, "bus-card", "city-transport")
    assert (fact.decided_by, fact.matter.category) == ("rule", None)
    assert "市交通局维护，2026-11-01 核对" in fact.explanation


def test_the_answer_is_in_the_language_of_the_question() -> None:
    """Else in the city's: an answer that nobody can read is none."""
    english, french = (route(a_question(language=language), KNOWING) for language in ("en", "fr"))
    assert isinstance(english, Answered)
    assert isinstance(french, Answered)
    assert (english.answer, french.answer) == ("At any service point.", CARD_ANSWER)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"nature": Nature.COMPLAINT}, None),
        ({"nature": Nature.HELP}, None),
        ({"nature": Nature.REPORT}, None),
        ({"nature": Nature.UNKNOWN}, None),
        ({"nature": Nature.SUGGESTION}, None),
        ({"text": "请问公交卡被盗怎么办"}, None),
        ({"text": "请问几点开门"}, None),
        ({"urgency": Urgency.URGENT}, "it is urgent"),
        ({"urgency": Urgency.EMERGENCY}, "it is urgent"),
        ({"text": "请问公交卡在哪里办，家里停水了"}, "it is urgent"),
        ({"has_more_matters": True}, "it is about several matters"),
        ({"repeat_of": new_id(), "repeat_score": 0.5}, "the person asks again"),
        ({"is_asked_again": True}, "the person asks again"),
        ({"received_at": datetime(2026, 12, 31, 16, 0, tzinfo=UTC)}, "has ended"),
        ({"received_at": None}, "has ended"),
    ],
)
def test_nothing_else_is_answered_and_the_trace_says_why(
    change: dict[str, Any], why: str | None
) -> None:
    """An answer in the wrong place leaves somebody without the help that was due."""
    decision = route(a_question(**change), KNOWING)
    assert not isinstance(decision, Answered)
    notes = [note for note in decision.trace.notes if "bus-card" in note]
    assert [why in note for note in notes] == ([] if why is None else [True])


def test_an_entry_answers_until_the_end_of_its_last_day_in_the_city() -> None:
    """Midnight in the city, eight hours before midnight in UTC."""
    last = datetime(2026, 12, 31, 15, 59, tzinfo=UTC)
    assert entry_of(a_question(received_at=last)) == "bus-card"
    assert entry_of(a_question(received_at=last + timedelta(minutes=1))) is None


def test_an_emergency_and_a_repeat_come_before_any_answer() -> None:
    """The diversions of the statute come first."""
    fire = route(a_question("请问公交卡怎么办，楼道着火了"), KNOWING)
    again = route(a_question(repeat_of=new_id(), repeat_score=None), KNOWING)
    assert (fire.trace.finding, again.trace.finding) == (None, None)
    assert not isinstance(fire, Answered)
    assert not isinstance(again, Answered)


@pytest.mark.parametrize(
    ("narrower", "complaint"),
    [
        ('words = ["公交卡"]\nplaces = ["东区"]', a_question()),
        ('words = ["公交卡"]\ncategory = "traffic-bus"', a_question(category="traffic-bus")),
        ('words = ["公交卡"]\nplaces = ["9901"]', a_question()),
    ],
)
def test_the_narrower_entry_answers_wherever_it_stands(narrower: str, complaint: Complaint) -> None:
    """The order of the file never decides."""
    other = an_entry(narrower, "东区另有规定。")
    assert entry_of(complaint, knowing(CARD + other)) == "other"
    assert entry_of(complaint, knowing(other + CARD)) == "other"
    assert entry_of(a_question(place=Place()), knowing(CARD + other)) == "bus-card"


def test_an_entry_for_a_category_answers_what_lies_below_it() -> None:
    """As a rule does."""
    policy = knowing(an_entry('category = "traffic"', example='category = "traffic-bus"'))
    assert entry_of(a_question("请问几点开", category="traffic-bus"), policy) == "other"
    assert entry_of(a_question("请问几点开", category="housing"), policy) is None


def test_two_entries_that_meet_by_chance_answer_nothing() -> None:
    """A check can't see every text: a person or the agency gives one answer, not the file."""
    policy = knowing(CARD + an_entry('words = ["办理"]', "请网上办理。"))
    decision = route(a_question(), policy)
    assert not isinstance(decision, Answered)
    assert "bus-card, other are equally narrow and answer differently" in decision.trace.notes
    alike = an_entry('words = ["办理"]', CARD_ANSWER)
    same = knowing(CARD + alike.replace("In English", "At any service point"))
    assert entry_of(a_question(), same) == "bus-card"


@given(st.permutations(range(4)))
def test_the_order_of_the_file_changes_no_answer(order: list[int]) -> None:
    """Whoever sorts the file must not change what people are told."""
    entries = [
        CARD,
        an_entry('words = ["公交卡"]\nplaces = ["东区"]', "东区。", id="east"),
        an_entry('words = ["办理"]', "办理。", id="how"),
        an_entry('category = "traffic"', "交通。", id="traffic"),
    ]
    policy = knowing("".join(entries[at] for at in order))
    assert entry_of(a_question(), policy) == "east"
    assert entry_of(a_question(place=Place()), policy) is None
    assert entry_of(a_question("请问公交车几点", place=Place()), policy) == "traffic"


def test_explaining_an_answer_tells_what_the_catalogue_would_have_said() -> None:
    """And decides the same."""
    explanation = explain(a_question("请问公交车的公交卡在哪里办"), KNOWING)
    assert isinstance(explanation.decision, Answered)
    assert explanation.trials[0].rule == "bus-to-transport"


@pytest.mark.parametrize("kind", ["facts", "urge"])
def test_a_citizen_who_says_more_gets_an_agency(kind: str) -> None:
    """What was answered wasn't what they asked; now it is dispatched, with their words."""
    before = asked(text="请问公交车的公交卡在哪里办理").state
    assert before.outcome == "answered"
    step = added(before, kind=kind)
    (fact,) = step.facts
    assert isinstance(fact, ComplaintRouted)
    assert (fact.lead, fact.attempt, fact.decided_by) == ("city-transport", 1, "rule")
    assert fact.matter.text == "请问公交车的公交卡在哪里办理\n服务点说办不了"
    assert step.state.matter.text == "请问公交车的公交卡在哪里办理"
    assert (step.state.outcome, step.state.first_outcome) == ("routed", "answered")
    assert step.state.decisions == 2


def test_a_return_after_an_answer_is_routed_with_all_that_was_said() -> None:
    """The next agency must not know less than the first."""
    state = added(asked(text="请问公交车的公交卡在哪里办理").state).state
    back = OrderReturned(order_id=ORDER, agency="city-transport", attempt=1, reason="不归我们")
    step = returned(CAUSE, back, state, KNOWING, LATER)
    assert isinstance(step, Step)
    assert isinstance(step.facts[0], ComplaintRouted)
    assert step.facts[0].matter.text.endswith("\n服务点说办不了")


def test_an_emergency_that_only_now_comes_to_light_is_transferred() -> None:
    """Nothing is too late for 119."""
    (fact,) = added(asked().state, "现在服务点着火了").facts
    assert isinstance(fact, ComplaintDiverted)
    assert fact.target == "119"


def test_what_an_agency_or_a_person_has_is_not_routed_by_a_supplement() -> None:
    """The tracker keeps those words in the case's history."""
    more = ComplaintSupplemented(kind="facts", text="还没来")
    state = asked(text="家里停水了", nature=Nature.HELP).state
    outcome = supplemented(CAUSE, more, state, KNOWING, LATER)
    assert outcome == Ignored("supplement-not-for-the-router")
    assert supplemented(CAUSE, more, None, KNOWING, LATER) == Early("not-routed-yet")


def a_hold(**matter: Any) -> Route:
    """A question that waits for a person."""
    state = asked(text="请问邻居吵架归谁管", place=Place(), **matter).state
    assert state.outcome == "held"
    return state


def test_a_person_can_answer_what_is_held() -> None:
    """In their own words or from an entry, with the reason on record."""
    decision = Answer("请联系居委会调解。", "bus-card", "电话中已解释")
    step = settle(decision, KEY, a_hold(), KNOWING, LATER)
    assert isinstance(step, Step)
    (fact,) = step.facts
    assert isinstance(fact, ComplaintAnswered)
    assert (fact.answer, fact.entry, fact.owner, fact.decided_by) == (
        "请联系居委会调解。",
        "bus-card",
        "city-transport",
        "operator",
    )
    assert (step.state.outcome, step.state.explanation) == ("answered", "电话中已解释")
    assert isinstance(added(step.state).facts[0], ComplaintHeld)


def test_a_returned_complaint_can_not_be_answered_away() -> None:
    """An order was due, and somebody must carry it out."""
    state = asked(text="家里停水了", nature=Nature.HELP, place=Place()).state
    back = OrderReturned(order_id=ORDER, agency="water-company", attempt=1, reason="不归我们")
    step = returned(CAUSE, back, state, KNOWING, LATER)
    assert isinstance(step, Step)
    assert step.state.outcome == "held"
    assert settle(Answer("x", None, "y"), KEY, step.state, KNOWING, LATER) == OrderDue()


def test_an_answer_names_an_entry_that_exists_or_none() -> None:
    """Else nobody would keep it up to date."""
    assert unknown_entry(Answer("x", None, "y"), KNOWING) == []
    assert unknown_entry(Answer("x", "bus-card", "y"), KNOWING) == []
    assert [field for field, _ in unknown_entry(Answer("x", "no", "y"), KNOWING)] == ["entry"]


def test_a_matter_with_several_parts_is_seen_as_such() -> None:
    """Intake finds them; one answer would leave the others without any."""
    parts = tuple(Finding(kind="matter", value=str(n), source="text") for n in (1, 2))
    assert Complaint.of(a_matter(findings=parts)).has_more_matters
    assert not Complaint.of(a_matter()).has_more_matters


@pytest.fixture
async def path(dsn: str) -> AsyncIterator[Path]:
    """The router alone, with answers that last: `explain` asks the machine's clock."""
    settings = {"router": RouterSettings()}
    lasting = knowing(CARD.replace("2026-12-31", "9999-12-30"))
    async with running(dsn, ManualClock(NOON), lasting, {"router": build}, settings) as path:
        yield path


async def say(path: Path, fact: Any, complaint_id: UUID, **envelope: Any) -> None:
    """Let the router hear a fact."""
    topic = "complaints.tracked" if isinstance(fact, CaseClosed) else "complaints.received"
    event = an_event(fact, complaint_id, **envelope)
    await path.bus.publisher().publish([as_outgoing(event, topic)])
    await path.settle()


@pytest.mark.postgres
async def test_the_whole_story_of_an_answer_is_kept(path: Path) -> None:
    """Answered, closed, asked on and routed: nothing of it is lost, and all can be looked up."""
    complaint_id = new_id()
    text = "请问公交车的公交卡在哪里办理"
    matter = a_matter(text=text, nature=Nature.CONSULTATION, place=EAST)
    await say(path, ComplaintReceived(matter=matter), complaint_id)
    await say(path, CaseClosed(reason="answered"), complaint_id, source="tracker")
    more = ComplaintSupplemented(kind="facts", text="服务点说办不了")
    await say(path, more, complaint_id, sequence=2)
    assert path.facts("complaints.routed") == ["ComplaintAnswered", "ComplaintRouted"]
    async with await path.client("router", Role.SUPERVISOR) as client:
        shown = (await client.get(f"/v1/routes/{complaint_id}")).json()
        totals = (await client.get("/v1/totals")).json()
        past = (await client.get("/v1/routes", params=AROUND)).json()
    assert [one["outcome"] for one in shown["attempts"]] == ["answered", "routed"]
    assert shown["attempts"][0]["decision"]["entry"] == "bus-card"
    assert shown["trace"]["rules"][0]["rule"] == "bus-to-transport"
    assert "bus-card would answer, but the person asks again" in shown["trace"]["notes"]
    assert (totals["routed"], totals["answered"]) == (1, 0)
    assert totals["first_outcomes"]["answered"] == 1
    assert [one["matter"]["text"] for one in past["items"]] == [text]


@pytest.mark.postgres
async def test_a_late_end_of_an_answered_case_takes_nothing_out_of_triage(path: Path) -> None:
    """The tracker's word comes on another topic, perhaps after the citizen has asked on."""
    complaint_id = new_id()
    matter = a_matter(text="请问公交卡在哪里办", nature=Nature.CONSULTATION, place=Place())
    await say(path, ComplaintReceived(matter=matter), complaint_id)
    more = ComplaintSupplemented(kind="facts", text="办不了")
    await say(path, more, complaint_id, sequence=2)
    await say(path, CaseClosed(reason="answered"), complaint_id, source="tracker")
    async with await path.client("router", Role.OPERATOR) as client:
        waiting = (await client.get("/v1/triage")).json()["items"]
        assert [one["text"] for one in waiting] == ["请问公交卡在哪里办\n办不了"]
        body = {"answer": "请拨服务电话。", "entry": "bus-card", "reason": "已解释"}
        settled = await client.post(f"/v1/triage/{complaint_id}", json=body)
    assert settled.json()["outcome"] == "answered"
    await path.settle()
    assert path.facts("complaints.routed")[-1] == "ComplaintAnswered"


@pytest.mark.postgres
@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"answer": "x", "lead": "city-transport"}, "lead"),
        ({"answer": "x", "diversion": "secret", "reply": "y"}, "lead"),
        ({"answer": "x", "reply": "y"}, "reply"),
        ({"answer": "x", "assists": ["city-transport"]}, "assists"),
        ({"lead": "city-transport", "entry": "bus-card"}, "entry"),
        ({"answer": "x", "entry": "nothing"}, "entry"),
        ({"answer": ""}, "answer"),
        ({}, "lead"),
    ],
)
async def test_triage_takes_one_decision_with_what_belongs_to_it(
    path: Path, body: dict[str, Any], field: str
) -> None:
    """A half-meant decision is none."""
    async with await path.client("router", Role.OPERATOR) as client:
        response = await client.post(f"/v1/triage/{new_id()}", json=body | {"reason": "z"})
    assert response.status_code == 422
    assert [error["field"] for error in response.json()["errors"]] == [field]


@pytest.mark.postgres
async def test_explain_tells_an_answer_with_its_owner(path: Path) -> None:
    """What an operator would see before anything is recorded."""
    async with await path.client("router", Role.OPERATOR) as client:
        question = {"text": "请问公交卡在哪里办", "nature": "consultation"}
        answer = (await client.post("/v1/explain", json=question)).json()
    assert (answer["decision"]["outcome"], answer["decision"]["rule"]) == ("answered", "bus-card")
    assert answer["decision"]["answer"] == CARD_ANSWER
    assert answer["decision"]["owner"] == {"code": "city-transport", "name": "市交通局"}
