"""Which standard a kind of matter gets: the narrowest choice, never more than the law allows."""

from __future__ import annotations

from dataclasses import replace

import pytest

from services.cli.policy.differences import differences
from services.events import Nature, Place, Urgency
from services.policy import check
from services.policy.choices import Kind
from services.router.decide import Complaint, Routed, route
from tests.policies import SLA, a_policy, policy_files
from tests.policy.planting import line_of

CHOICES = """
[[choices]]
category = "traffic"
standard = "complex"
source = "test"

[[choices]]
category = "traffic-bus"
standard = "ordinary"
source = "test"

[[choices]]
nature = "consultation"
standard = "utilities"
source = "test"

[[choices]]
category = "traffic-bus"
nature = "complaint"
standard = "complex"
source = "test"

[[choices]]
category = "traffic-bus"
nature = "complaint"
urgency = "urgent"
standard = "emergency"
source = "test"

[[choices]]
category = "environment"
difficulty = "hard"
standard = "complex"
source = "test"

[[limits]]
category = "housing"
nature = "report"
standard = "ordinary"
source = "test"
basis = "举报条例第九条"
"""
FULL = SLA + CHOICES
POLICY = a_policy(sla=FULL)


@pytest.mark.parametrize(
    ("kind", "standard"),
    [
        (Kind("traffic"), "complex"),  # its own choice
        (Kind("traffic-bus"), "ordinary"),  # the deeper category
        (Kind("traffic-bus", nature=Nature.COMPLAINT), "complex"),  # and the nature
        (Kind("traffic-bus", Urgency.URGENT, Nature.COMPLAINT), "emergency"),  # and the urgency
        (Kind("traffic-bus", nature=Nature.CONSULTATION), "ordinary"),  # category before nature
        (Kind("housing-deed", nature=Nature.CONSULTATION), "utilities"),  # a nature alone
        (Kind(None, nature=Nature.CONSULTATION), "utilities"),
        (Kind("environment-waste"), "ordinary"),  # no choice fits: the category's
        (Kind("environment-waste", difficulty="hard"), "complex"),
        (Kind("environment-waste", Urgency.URGENT, difficulty="hard"), "utilities"),  # stricter
        (Kind("housing-deed"), "complex"),
        (Kind("housing-deed", nature=Nature.REPORT), "ordinary"),  # 10 working days are too many
        (Kind("housing-deed", Urgency.EMERGENCY, Nature.REPORT), "emergency"),  # stricter than law
        (Kind("unheard-of"), "ordinary"),  # of another bundle: the fallback
    ],
)
def test_the_narrowest_choice_decides_and_the_law_is_never_exceeded(kind, standard) -> None:
    """Urgency and statutes make it stricter; nothing makes it looser."""
    assert POLICY.standard_for(None, kind) == standard


def test_the_order_in_the_file_decides_nothing() -> None:
    """Officials may sort it as they like."""
    tables = [f"[[{part}" for part in CHOICES.split("[[")[1:]]
    turned = a_policy(sla=SLA + "\n" + "\n".join(reversed(tables)))
    for category in POLICY.categories:
        for nature in Nature:
            kind = Kind(category, nature=nature)
            assert turned.standard_for(None, kind) == POLICY.standard_for(None, kind)


def test_a_comparison_of_policies_names_a_choice_by_what_it_asks_for() -> None:
    """`whistle policy diff`: where it stands in the file is no difference, its standard is."""
    moved = a_policy(sla=SLA + "\n\n" + CHOICES)
    assert differences(POLICY, moved) == ()
    changed = a_policy(sla=FULL.replace('"emergency"\nsource', '"utilities"\nsource'))
    found = differences(POLICY, changed)
    assert [(one.part, one.code, one.kind) for one in found] == [
        ("choices", "traffic-bus + complaint + urgent", "changed")
    ]


def test_a_rule_that_names_a_standard_comes_before_any_choice() -> None:
    """Whoever wrote the rule knew the place and the words as well."""
    silent = next(rule for rule in POLICY.catalogue if rule.category == "environment-waste")
    kind = Kind("environment-waste", difficulty="hard")
    assert POLICY.standard_for(silent, kind) == "complex"
    assert POLICY.standard_for(replace(silent, standard="utilities"), kind) == "utilities"


@pytest.mark.parametrize(
    ("text", "category", "nature", "standard", "why"),
    [
        ("公交车不停站", "traffic-bus", Nature.COMPLAINT, "complex", "the choice in line"),
        ("房产证办不下来", "housing-deed", Nature.REPORT, "ordinary", "举报条例第九条"),
        ("房产证办不下来", "housing-deed", Nature.HELP, "complex", "category housing-deed"),
    ],
)
def test_the_router_says_which_line_or_law_decided(text, category, nature, standard, why) -> None:
    """`explain` shows it to whoever doubts a date."""
    place = Place(district="990101", street="990101001")
    decision = route(Complaint(text, category=category, nature=nature, place=place), POLICY)
    assert isinstance(decision, Routed)
    assert decision.standard == standard
    assert why in decision.trace.standard_why


@pytest.mark.parametrize(
    ("old", "new", "where", "message"),
    [
        (
            '"complex"\nsource',
            '"none"\nsource',
            '^category = "traffic"',
            "standard is called 'none",
        ),
        ('category = "traffic"', 'category = "sea"', '^category = "sea"', "no category has the"),
        ('nature = "consultation"', 'nature = "dream"', '"dream"', "'dream' is none of"),
        ('nature = "consultation"', 'nature = "unknown"', '"unknown"', "'unknown' is none of"),
        ('urgency = "urgent"', 'urgency = "soon"', '"soon"', "'soon' is none of emergency"),
        ('basis = "举报条例第九条"\n', "", "[[limits]]", "a limit needs its law"),
        ('nature = "consultation"\n', "", None, "it would hold for every matter"),
        ('urgency = "urgent"\n', "", None, "is for the same matters: complex there, emergency"),
        ('difficulty = "hard"', 'hardness = "hard"', "hardness", "means nothing here"),
    ],
)
def test_a_planted_fault_is_found(old, new, where, message) -> None:
    """Two choices for one kind of matter would leave its date to the order of a file."""
    assert old in CHOICES
    changed = SLA + CHOICES.replace(old, new, 1)
    found = [fault for fault in check(policy_files(sla=changed)) if message in fault.message]
    assert found
    assert where is None or found[0].line == line_of(changed, where)
