"""Catalogues and complaints put together at random, on the invented city of Linzhou."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from hypothesis import strategies as st

from services.events import Nature, Place, Urgency
from services.policy import Owner, OwnerKind, Policy, Rule
from services.router.decide import Complaint
from tests.policies import a_policy

LINZHOU = a_policy()

OWNERS = (
    Owner(OwnerKind.AGENCY, "city-transport"),
    Owner(OwnerKind.AGENCY, "water-company"),
    Owner(OwnerKind.DISTRICT_OF),
    Owner(OwnerKind.STREET_OF),
    Owner(OwnerKind.DEPARTMENT_OF, "enforcement"),
)
CATEGORIES = ("environment", "environment-waste", "utilities-water", "traffic-bus")
#: Of categories, of rules alone, of urgency and of diversions, and of nothing.
WORDS = ("垃圾", "停水", "公交车", "夜里", "漏", "被困", "着火", "天气好")
PLACES = ("9901", "990101", "990102", "990101001", "990101002")
WHEREABOUTS = (
    Place(),
    Place(district="990101"),
    Place(district="990102"),
    Place(district="990101", street="990101001"),
    Place(district="990101", street="990101001", community="990101001001"),
    Place(district="elsewhere"),
)


def a_rule(rule_id: str, lead: str | Owner = "city-transport", **fields: object) -> Rule:
    """A rule without conditions, unless given."""
    owner = lead if isinstance(lead, Owner) else Owner(OwnerKind.AGENCY, lead)
    plain = Rule(
        id=rule_id,
        category=None,
        words=(),
        natures=(),
        places=(),
        except_places=(),
        lead=owner,
        assists=(),
        copies=(),
        scored=None,
        standard=None,
        basis=None,
        source="test",
        date=date(2026, 1, 1),
        examples=(),
        line=1,
    )
    return replace(plain, **fields)  # type: ignore[arg-type]


def with_rules(rules: Sequence[Rule], policy: Policy = LINZHOU) -> Policy:
    """The same city with another catalogue."""
    return replace(policy, catalogue=tuple(rules))


def _some(values: Sequence[str]) -> st.SearchStrategy[tuple[str, ...]]:
    return st.lists(st.sampled_from(values), unique=True, max_size=2).map(tuple)


@st.composite
def catalogues(draw: st.DrawFn, size: int = 8) -> tuple[Rule, ...]:
    """Up to `size` rules that get in each other's way."""
    return tuple(
        a_rule(
            f"rule-{number}",
            draw(st.sampled_from(OWNERS)),
            category=draw(st.sampled_from((None, *CATEGORIES))),
            words=draw(_some(WORDS)),
            natures=draw(st.sampled_from(((), (), (Nature.HELP,), (Nature.REPORT, Nature.HELP)))),
            places=draw(_some(PLACES)),
            except_places=draw(st.sampled_from(((), (), ("990102",), ("990101001",)))),
            assists=draw(st.sampled_from(((), OWNERS[2:4]))),
            copies=draw(st.sampled_from(((), OWNERS[2:3]))),
            standard=draw(st.sampled_from((None, None, "complex"))),
        )
        for number in range(draw(st.integers(0, size)))
    )


complaints = st.builds(
    Complaint,
    text=st.lists(st.sampled_from(WORDS), max_size=4).map("。".join),
    category=st.sampled_from((None, None, *CATEGORIES, "no-such-category")),
    nature=st.sampled_from((Nature.UNKNOWN, Nature.HELP, Nature.REPORT)),
    urgency=st.sampled_from(Urgency),
    place=st.sampled_from(WHEREABOUTS),
)
