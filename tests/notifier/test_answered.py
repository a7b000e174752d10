"""What leaves the house when a question is answered without an order."""

from __future__ import annotations

from services.events import CaseClosed, CaseResumed, decode
from services.notifier.decide import Directory, Endpoint, watch
from services.notifier.http.bodies import KNOWN_TYPES
from tests.builders import NOON
from tests.notifier.stories import a_dispatch, a_tracked_event, an_endpoint

STREET = an_endpoint(1, "street-990101001")
CITY = an_endpoint(3, None)
ANSWER = "请到任一服务点办理公交卡。"


class Open:
    """Memory that takes everything behind nothing."""

    def accepts(self, endpoint: Endpoint, complaint_id: object, after: int | None) -> bool:
        """Take it unless something undelivered is before it."""
        return after is None


def test_the_answer_goes_to_the_citys_gateway_and_to_no_agency() -> None:
    """The system that sends messages to citizens needs the words; no agency has an order."""
    event = a_tracked_event(CaseClosed(reason="answered", reply=ANSWER), 2)
    step = watch(event, None, Directory([STREET, CITY]), Open(), NOON)
    (planned,) = step.state.planned
    assert planned.endpoint_id == CITY.endpoint_id
    told = decode(planned.body).data
    assert isinstance(told, CaseClosed)
    assert (told.reason, told.reply) == ("answered", ANSWER)


def test_a_case_that_goes_on_after_an_answer_is_told_like_any_other() -> None:
    """Its order reaches its agency, and whoever wants to know hears that it goes on."""
    directory, state = Directory([STREET, CITY]), None
    facts = (CaseClosed(reason="answered", reply=ANSWER), CaseResumed(outcome="routed"))
    for sequence, fact in enumerate((*facts, a_dispatch()), 2):
        state = watch(a_tracked_event(fact, sequence), state, directory, Open(), NOON).state
    assert state is not None
    to_street = [p.event_type for p in state.planned if p.endpoint_id == STREET.endpoint_id]
    to_city = [p.event_type for p in state.planned if p.endpoint_id == CITY.endpoint_id]
    assert to_street == ["OrderDispatched"]
    assert to_city == ["CaseClosed", "CaseResumed", "OrderDispatched"]
    assert "CaseResumed" in KNOWN_TYPES
