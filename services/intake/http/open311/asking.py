"""What every Open311 call says: which city, in which language, and who calls."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.intake.decide.open311 import Speech
from services.intake.decide.open311_faults import Wrong, single
from services.intake.http.open311.route import WrongError
from services.intake.http.words import language_for
from services.runtime.keys import Principal, Role, admit, bearer_of

if TYPE_CHECKING:
    from fastapi import Request

    from services.intake.decide.open311_faults import Fields
    from services.intake.http.desk import Desk
    from services.policy.open311 import Open311Rules

_MAY_REPORT = frozenset({Role.REPORTER, Role.OPERATOR, Role.SERVICE})


def query(request: Request) -> dict[str, list[str]]:
    """Give the address's parameters, each with all its values."""
    fields: dict[str, list[str]] = {}
    for name, value in request.query_params.multi_items():
        fields.setdefault(name, []).append(value.replace("\0", ""))
    return fields


def rules_for(desk: Desk, fields: Fields) -> Open311Rules:
    """Give the city's rules.

    Raises:
        WrongError: 404, the city has no Open311, or the caller means another city.
        Problem: 503, no policy has been published yet.
    """
    rules = desk.lexicon.policy.open311
    if rules is None:
        raise WrongError([Wrong("This city offers no Open311.", 404)])
    asked = single(fields, "jurisdiction_id")
    if asked is not None and asked != rules.jurisdiction_id:
        raise WrongError([Wrong(f"jurisdiction_id: {asked[:100]!r} was not found", 404)])
    return rules


def speech_for(desk: Desk, rules: Open311Rules, request: Request) -> Speech:
    """Say how to write to a caller."""
    lexicon = desk.lexicon
    language = language_for(None, request.headers.get("accept-language"), rules.language)
    return Speech(lexicon.policy, rules, language, lexicon.zone)


async def reporter_of(request: Request, fields: Fields) -> Principal:
    """Find who reports, by `api_key` or by the header that our own interface takes.

    Raises:
        WrongError: 403, without a key that may report.
        Problem: 429, the key, or the address of who guesses one, comes too often.
    """
    key = single(fields, "api_key") or bearer_of(request.scope)
    if not key:
        raise WrongError([Wrong("api_key: is missing", 403)])
    principal = await admit(request.scope, key)
    if principal is None:
        raise WrongError([Wrong("api_key: is unknown or revoked", 403)])
    if principal.role not in _MAY_REPORT:
        raise WrongError([Wrong(f"api_key: a key of role {principal.role} can't report", 403)])
    return principal
