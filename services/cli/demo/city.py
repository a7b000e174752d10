"""Setting the stage: keys for everybody, an endpoint for every agency that may get an order."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

import asyncpg

from services.cli.demo.agencies import PATH, System
from services.cli.demo.morning import DIVERT
from services.runtime.keys import Role, add_key

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from services.cli.demo.door import Door
    from services.cli.demo.morning import Call, Timed
    from services.cli.installation import Stack
    from services.policy import Policy

#: Requests at a time: setting up must not look like an attack.
_AT_ONCE = 12


@dataclass(frozen=True, slots=True)
class Desks:
    """Who lets the players in, and where."""

    operator_key: str
    supervisor_key: str
    systems: dict[str, System]  #: By agency.


async def set_up(
    stack: Stack, policy: Policy, morning: Sequence[Timed], door: Door, receiver_url: str
) -> Desks:
    """Make keys, and register the systems of every agency the morning may concern.

    Args:
        stack: Where the services are.
        policy: In force there.
        morning: Tells which agencies.
        door: To the services.
        receiver_url: Where the agencies' systems listen.
    """
    async with asyncpg.create_pool(stack.dsn, min_size=1, max_size=4) as pool:
        operator, _ = await add_key(pool, "demo: operators and dispatchers", Role.OPERATOR)
        supervisor, _ = await add_key(pool, "demo: supervisor", Role.SUPERVISOR)
        agencies = await _likely(stack, policy, [one.call for one in morning], door, operator)
        gate = asyncio.Semaphore(_AT_ONCE)

        async def register(agency: str) -> System:
            async with gate:
                name = policy.agencies[agency].name
                key, _ = await add_key(pool, f"demo: {name}", Role.AGENCY, agency)
                url = f"{stack.services['notifier']}/v1/endpoints"
                body = {"url": f"{receiver_url}{PATH}{agency}", "agency": agency}
                made = await door.ask("POST", url, key, json={**body, "description": name})
                return System(agency, key, made.json()["secret"])

        made = await asyncio.gather(*(register(agency) for agency in agencies))
    return Desks(operator, supervisor, {system.agency: system for system in made})


async def _likely(
    stack: Stack, policy: Policy, calls: Sequence[Call], door: Door, key: str
) -> list[str]:
    """Ask the router what would become of each call; it records nothing."""
    gate = asyncio.Semaphore(_AT_ONCE)
    url = f"{stack.services['router']}/v1/explain"

    async def explain(call: Call) -> set[str]:
        question = {"text": call.text, "nature": call.nature, "rules_max": 0, "place": {}}
        question |= {"category": call.category} if call.category else {}
        if place := _place(call, policy):
            question["place"] = place
        async with gate:
            decision = (await door.ask("POST", url, key, json=question)).json()["decision"]
        named = [decision.get("lead"), *decision["assists"], *decision["copies"]]
        codes = {one["code"] for one in named if one}
        return codes | {one["agency"] for one in decision["candidates"]}

    asked = {(c.text, c.category, c.district, c.street): c for c in calls}
    found: set[str] = set().union(*await asyncio.gather(*map(explain, asked.values())))
    found |= {call.dispatcher for call in calls if _is_agency(call.dispatcher)}
    found |= {code for code, one in policy.agencies.items() if one.kind == "district-government"}
    return sorted(_with_superiors(found, policy))


def _place(call: Call, policy: Policy) -> dict[str, str]:
    """Say where a call is about; the operator may have left that to the caller's words."""
    if call.street:
        return {"district": call.district, "street": call.street}
    for code, one in policy.divisions.items():
        above = policy.divisions.get(one.parent or "")
        if one.level != "street" or above is None or one.name not in call.text:
            continue
        if above.name == call.district or above.name in call.text:
            return {"street": code}
    return {"district": call.district} if call.district else {}


def _is_agency(dispatcher: str) -> bool:
    return bool(dispatcher) and not dispatcher.startswith(DIVERT)


def _with_superiors(codes: Iterable[str], policy: Policy) -> set[str]:
    found: set[str] = set()
    for code in codes:
        above: str | None = code
        while above is not None and above not in found:
            found.add(above)
            above = policy.superior_of(above)
    return found
