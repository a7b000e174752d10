"""Catalogues and complaints put together at random, on the invented city of Linzhou."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from hypothesis import strategies as st

from services.events import Attribute, Nature, Place, Point, Urgency
from services.policy import Owner, OwnerKind, Policy, Rule
from services.policy.times import ALWAYS, Times, Window
from services.router.decide import Complaint
from tests.policies import a_policy
from tests.policy.planting import an_area_file

LINZHOU = replace(a_policy(), areas=an_area_file())

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
#: In the station, in both station and market, in neither.
POINTS = tuple(Point(longitude=degrees + 90, latitude=degrees) for degrees in (20.05, 20.15, 20.5))
AREAS = ("station", "market", "park")
TIMES = (
    ALWAYS,
    ALWAYS,
    Times(hours=Window(22 * 60, 6 * 60, "22:00-06:00")),
    Times(season=Window(11 * 32 + 15, 3 * 32 + 16, "11-15/03-15")),
    Times(valid_from=date(2026, 11, 1), valid_until=date(2026, 11, 30)),
    Times(valid_from=date(2026, 6, 1), hours=Window(8 * 60, 18 * 60, "08:00-18:00")),
)
ATTRIBUTES = ((), (), (("OWNER", ("grid", "water")),), (("OWNER", ("grid",)),))
ANSWERS = ((), (Attribute(code="OWNER", values=("Grid",)),), (Attribute(code="X", values=("1",)),))
WHEREABOUTS = (
    Place(),
    Place(district="990101"),
    Place(district="990102"),
    Place(district="990101", street="990101001"),
    Place(district="990101", street="990101001", community="990101001001"),
    Place(district="elsewhere"),
    *(Place(district="990101", point=point) for point in POINTS),
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


rarer_conditions = st.fixed_dictionaries(
    {
        "areas": st.sampled_from(((), (), ("station",), ("market", "park"))),
        "except_areas": st.sampled_from(((), (), ("market",))),
        "attributes": st.sampled_from(ATTRIBUTES),
        "times": st.sampled_from(TIMES),
    }
)


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
            **draw(rarer_conditions),
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
    received_at=st.none()
    | st.integers(0, 24 * 500).map(lambda h: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(hours=h)),
    attributes=st.sampled_from(ANSWERS),
)


def fits(rule: Rule, policy: Policy, complaint: Complaint, category: str | None) -> bool:
    """Tell whether every condition of a rule holds, slowly and plainly.

    Args:
        rule: One of the policy's.
        policy: The city.
        complaint: With a text in normal form.
        category: What the complaint was found to be.
    """
    return (
        (rule.category is None or rule.category in policy.category_chain(category))
        and (not rule.words or any(word in complaint.text for word in rule.words))
        and (not rule.natures or complaint.nature in rule.natures)
        and policy.covers(rule, policy.place_code(complaint.place))
        and _is_in_areas(rule, complaint.place.point)
        and _is_answered(rule, complaint.attributes)
        and _is_now(rule.times, complaint.received_at)
    )


def _is_in_areas(rule: Rule, point: Point | None) -> bool:
    corners = {"station": (20.0, 20.2), "market": (20.1, 20.3), "park": (20.6, 20.7)}
    around = {
        code
        for code, (low, high) in corners.items()
        if point is not None and low <= point.latitude <= high
    }
    return not around & set(rule.except_areas) and (
        not rule.areas or bool(around & set(rule.areas))
    )


def _is_answered(rule: Rule, given: Sequence[Attribute]) -> bool:
    answers = {one.code: {value.lower() for value in one.values} for one in given}
    return all(answers.get(code, set()) & set(values) for code, values in rule.attributes)


def _is_now(times: Times, instant: datetime | None) -> bool:
    if times == ALWAYS or instant is None:
        return times == ALWAYS
    local = instant + timedelta(hours=8)  # Asia/Shanghai has no summer time.
    day, month_day = local.date(), (local.month, local.day)
    return (
        (times.valid_from is None or times.valid_from <= day)
        and (times.valid_until is None or day <= times.valid_until)
        and (times.season is None or month_day >= (11, 15) or month_day <= (3, 15))
        and (times.hours is None or _is_at(times.hours, local.hour))
    )


def _is_at(hours: Window, hour: int) -> bool:
    return hour >= 22 or hour < 6 if hours.written == "22:00-06:00" else 8 <= hour < 18
