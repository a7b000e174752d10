"""What agencies and officers must say: field by field, for every action."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from services.events import AgencyAction, OfficerAction
from services.intake.decide.officials import action_faults, decision_faults
from services.intake.http.bodies import ActionBody, DecisionBody
from services.policy import Policy
from services.runtime.ids import new_id
from tests.builders import NOON
from tests.policies import CAUSES, SLA, a_policy
from tests.tracker.officers import RELIEF

LATER = NOON + timedelta(days=3)
ALL: dict[str, Any] = {
    "note": "等待配件",
    "suggests": "water-company",
    "reason": "inspection",
    "until": LATER,
    "cause": "ageing-pipes",
}
DECIDED: dict[str, Any] = {
    "order_id": new_id(),
    "request_id": new_id(),
    "callback_id": new_id(),
    "supervision_id": new_id(),
    "raised_to": "hotline",
    "reason": "malicious",
    "until": LATER,
    "policy": "0123456789abcdef",
    "into": new_id(),
    "note": "情况属实",
}
FITS = {
    AgencyAction.RETURN: {"suggests"},
    AgencyAction.EXTEND: {"until"},
    AgencyAction.PAUSE: {"reason", "until"},
    AgencyAction.DEFER: {"until"},
    AgencyAction.RESOLVE: {"cause"},
}
NEEDS = {
    AgencyAction.RETURN: {"note"},
    AgencyAction.RESOLVE: {"note"},
    AgencyAction.EXTEND: {"note", "until"},
    AgencyAction.PAUSE: {"reason"},
    AgencyAction.DEFER: {"note", "until"},
}


EXCLUSIONS = """
[[scoring.exclusions]]
key = "malicious"
name = "恶意反复诉求"
basis = "test"
source = "test"
"""


#: Another cause is called `malicious`, as a reason for leaving a verdict out is.
AGEING = """
[[causes]]
key = "ageing-pipes"
name = "管网老化"
source = "test"
date = 2026-11-24
"""


@pytest.fixture(scope="module")
def policy() -> Policy:
    """A city that lists the reasons for a pause, and for leaving a verdict out."""
    causes = CAUSES.replace("ageing-pipes", "malicious", 1) + AGEING
    return a_policy(sla=SLA + EXCLUSIONS + RELIEF, causes=causes)


def test_these_are_all_fields_that_the_door_takes() -> None:
    """A new field must be thought of here."""
    assert set(ActionBody.model_fields) == {"action", *ALL}
    assert set(DecisionBody.model_fields) == {"action", *DECIDED}


@pytest.mark.parametrize("action", AgencyAction)
def test_a_field_that_does_not_belong_to_an_action_is_named(policy, action) -> None:
    """Whoever sends it meant something that would not happen."""
    faults = {field for field, _ in action_faults(action, ALL, policy, NOON)}
    assert faults == set(ALL) - {"note"} - FITS.get(action, set())


@pytest.mark.parametrize("action", AgencyAction)
def test_a_field_that_an_action_needs_is_named(policy, action) -> None:
    """A request that says nothing can't be decided."""
    nothing = dict.fromkeys(ALL)
    faults = {field for field, _ in action_faults(action, nothing, policy, NOON)}
    assert faults == NEEDS.get(action, set())


def test_a_reason_that_the_city_does_not_list_is_named_with_those_it_does(policy) -> None:
    """The agency sees at once what it can say."""
    said = dict.fromkeys(ALL) | {"reason": "holiday"}
    ((field, message),) = action_faults(AgencyAction.PAUSE, said, policy, NOON)
    assert field == "reason"
    assert "inspection" in message
    assert action_faults(AgencyAction.PAUSE, said, a_policy(), NOON) == []


def test_a_verdict_is_left_out_for_a_reason_that_the_city_lists(policy) -> None:
    """Any other would be accepted here and count for nothing later."""
    said = dict.fromkeys(DECIDED) | {"callback_id": new_id(), "reason": "embarrassing"}
    ((field, _),) = decision_faults(OfficerAction.EXCLUDE, said, policy, NOON)
    assert field == "reason"


@pytest.mark.parametrize("until", [NOON, NOON - timedelta(days=1), NOON + timedelta(days=3651)])
def test_an_instant_that_cannot_be_meant_is_named(policy, until) -> None:
    """In the past, or so far away that the year must be a slip."""
    said = dict.fromkeys(ALL) | {"note": "等待配件", "until": until}
    faults = action_faults(AgencyAction.EXTEND, said, policy, NOON)
    assert [field for field, _ in faults] == ["until"]


@pytest.mark.parametrize(
    "action", [action for action in OfficerAction if action is not OfficerAction.ABSORB]
)
def test_a_decision_needs_what_it_is_about(policy, action) -> None:
    """And nothing that belongs to another decision."""
    needs = {
        OfficerAction.APPROVE: {"request_id"},
        OfficerAction.REFUSE: {"request_id", "note"},
        OfficerAction.CONTINUE: {"order_id"},
        OfficerAction.EXCLUDE: {"callback_id", "reason"},
        OfficerAction.RELEASE: {"supervision_id"},
        OfficerAction.RECOMPUTE: {"policy"},
        OfficerAction.MERGE: {"into"},
        OfficerAction.CAUSE: {"order_id", "reason"},
    }.get(action, set())
    nothing = dict.fromkeys(DECIDED)
    assert {field for field, _ in decision_faults(action, nothing, policy, NOON)} == needs
    misplaced = {field for field, _ in decision_faults(action, DECIDED, policy, NOON)}
    assert misplaced
    assert not misplaced & needs


@pytest.mark.parametrize("body", [ActionBody, DecisionBody])
def test_the_examples_in_the_documentation_would_be_taken(policy, body) -> None:
    """Whoever copies one begins with something that works."""
    extra = body.model_config["json_schema_extra"]
    for example in extra["examples"]:
        one = body.model_validate(example)
        said = one.model_dump(exclude={"action"})
        judge = action_faults if body is ActionBody else decision_faults
        assert judge(one.action, said, policy, NOON) == []
