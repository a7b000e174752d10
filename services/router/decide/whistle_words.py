"""What a whistle's outcome says to people, in the city's language or in every one there is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.events import Wording

if TYPE_CHECKING:
    from collections.abc import Iterable

    from services.events import Whistle
    from services.policy import Policy, WhistleKind, WhistleRules

#: For a policy that has no words of its own for it.
NO_WHISTLES = (
    Wording(language="zh", text="本市规则没有吹哨报到，请按普通工单办理。"),
    Wording(language="en", text="This city's rules have no whistles: use ordinary orders."),
)

_ZH = {
    "call": "{raiser}吹响{kind}，请{targets}报到{assists}。",
    "assists": "，{assists}协助",
    "unclear": "{raiser}吹响{kind}，承办单位不明确，报请{targets}协调。",
    "comma": "、",
}
_EN = {
    "call": "{raiser} blows a whistle ({kind}): {targets} must report in{assists}.",
    "assists": ", {assists} assist",
    "unclear": "{raiser} blows a whistle ({kind}); no owner is clear, so {targets} must see to it.",
    "comma": ", ",
}


def of_call(
    policy: Policy,
    kind: WhistleKind,
    raiser: str,
    targets: Iterable[str],
    assists: tuple[str, ...],
    *,
    is_unclear: bool,
) -> str:
    """Say who calls whom, in the city's language."""
    say = _ZH if policy.city.language == "zh" else _EN
    helping = say["assists"].format(assists=_names(policy, assists, say["comma"]))
    return say["unclear" if is_unclear else "call"].format(
        raiser=policy.agencies[raiser].name,
        kind=kind.name,
        targets=_names(policy, targets, say["comma"]),
        assists=helping if assists else "",
    )


def of_refusal(
    policy: Policy, rules: WhistleRules, whistle: Whistle, reason: str, agencies: tuple[str, ...]
) -> tuple[Wording, ...]:
    """Say why it is refused and what to do instead, in every language of the policy."""
    kind = rules.kinds.get(whistle.kind)
    values = {"kind": whistle.kind, "agencies": _names(policy, agencies, "、")}
    if kind is not None:
        values |= {
            "kind": kind.name,
            "rank": rules.rank_name(kind.rank),
            "approvals": str(kind.approvals_min),
            "least": str(kind.complaints_min),
            "most": str(kind.complaints_max),
        }
    words = rules.words(reason, values)
    return tuple(Wording(language=language, text=text) for language, text in words.items())


def _names(policy: Policy, codes: Iterable[str], comma: str) -> str:
    """Name agencies; whatever this policy doesn't know keeps its code."""
    agencies = policy.agencies
    return comma.join(agencies[code].name if code in agencies else code for code in codes)
