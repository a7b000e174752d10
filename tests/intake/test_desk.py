"""Desk: the policy in force, without keeping a caller waiting for it."""

from __future__ import annotations

import asyncio

import pytest

from services.intake.http.desk import Desk
from services.policy import Policy
from services.runtime.clock import ManualClock
from services.runtime.problems import Problem
from services.runtime.settings import Secrets
from services.runtime.vault_keys import VaultKeys
from tests.builders import NOON
from tests.policies import DIVISIONS, a_policy

KEYS = VaultKeys({"1": bytes(32)}, "1")
SECRETS = Secrets(KEYS, bytes(32), bytes(range(32)), bytes(32), "whk_a", "whk_s")


class Policies:
    """A store whose policy a test changes."""

    def __init__(self, policy: Policy | None) -> None:
        self.policy = policy

    @property
    def is_loaded(self) -> bool:
        """Whether any is in force."""
        return self.policy is not None

    @property
    def current(self) -> Policy:
        """The one in force."""
        if self.policy is None:
            raise LookupError
        return self.policy


def _desk(policies: Policies) -> Desk:
    return Desk(None, policies, ManualClock(NOON), SECRETS, "http://x")  # type: ignore[arg-type]


def _with_a_new_street() -> Policy:
    row = "street,990102002,桥南街道,990102,\n"
    return a_policy(divisions=DIVISIONS + row)


async def test_a_new_policy_is_taken_up_beside_the_callers() -> None:
    """A new street must be known within seconds, and nobody wait for the gazetteer."""
    policies = Policies(a_policy())
    desk = _desk(policies)
    before = desk.lexicon
    keeping = asyncio.ensure_future(desk.keep_up(every_s=0))
    await asyncio.sleep(0)
    policies.policy = _with_a_new_street()
    assert desk.lexicon is before  # Whoever calls now isn't kept waiting …
    async with asyncio.timeout(10):
        while desk.lexicon is before:  # noqa: ASYNC110 - built in a thread, which tells nobody
            await asyncio.sleep(0)
    keeping.cancel()
    assert desk.lexicon.atlas.gazetteer.named("street", "桥南街道") == {"990102002"}


def test_without_a_keeper_the_next_caller_gets_the_new_policy() -> None:
    """Nothing may go on under old rules for ever."""
    policies = Policies(a_policy())
    desk = _desk(policies)
    assert not desk.lexicon.atlas.gazetteer.named("street", "桥南街道")
    policies.policy = _with_a_new_street()
    assert desk.lexicon.atlas.gazetteer.named("street", "桥南街道") == {"990102002"}


def test_without_any_policy_the_caller_is_told_to_come_again() -> None:
    """Without rules every decision would be wrong."""
    with pytest.raises(Problem, match="No policy") as caught:
        _ = _desk(Policies(None)).lexicon
    assert (caught.value.status, caught.value.code) == (503, "no-policy")


def test_a_body_hash_depends_on_content_path_and_key_but_not_on_order() -> None:
    """And can't be found by trying telephone numbers."""
    desk = _desk(Policies(None))
    digest = desk.body_hash("complaints", {"a": 1, "b": 2})
    assert digest == desk.body_hash("complaints", {"b": 2, "a": 1})
    assert digest != desk.body_hash("orders/1", {"a": 1, "b": 2})
    assert digest != desk.body_hash("complaints", {"a": 1, "b": 3})
