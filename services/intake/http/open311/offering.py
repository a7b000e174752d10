"""What the city offers: discovery, services, what each service asks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi import APIRouter, Request, Response

from services.intake.decide import open311
from services.intake.decide.open311_faults import Wrong
from services.intake.http.open311 import documents
from services.intake.http.open311.asking import query, rules_for, speech_for
from services.intake.http.open311.documents import Jurisdiction
from services.intake.http.open311.route import WrongError
from services.intake.http.open311.writing import Format, answer

if TYPE_CHECKING:
    from services.intake.http.desk import Desk


def add(router: APIRouter, desk: Desk) -> None:
    """Add the routes."""

    @router.get("/discovery.{format}", responses=documents.DISCOVERY, response_class=Response)
    async def discovery(format: Format, request: Request) -> Response:  # noqa: A002 - its name
        """Say where the interface is, whom to ask, how to get a key."""
        rules = rules_for(desk, query(request))
        told = open311.discovery(rules, f"{desk.public_url}/open311/v2")
        return answer(desk, format, "discovery", told)

    @router.get("/v2/services.{format}", responses=documents.SERVICES, response_class=Response)
    async def services(
        format: Format,  # noqa: A002 - its name
        request: Request,
        jurisdiction_id: Jurisdiction = None,  # noqa: ARG001 - read from the request
    ) -> Response:
        """List what can be reported."""
        rules = rules_for(desk, query(request))
        told = open311.services(speech_for(desk, rules, request))
        return answer(desk, format, "services", told)

    @router.get(
        "/v2/services/{service_code}.{format}",
        responses=documents.DEFINITION,
        response_class=Response,
    )
    async def definition(
        service_code: str,
        format: Format,  # noqa: A002 - its name
        request: Request,
        jurisdiction_id: Jurisdiction = None,  # noqa: ARG001 - read from the request
    ) -> Response:
        """List what a service asks."""
        rules = rules_for(desk, query(request))
        rule = rules.services.get(service_code)
        if rule is None:
            raise WrongError([Wrong(f"service_code: {service_code[:100]!r} was not found", 404)])
        told = open311.definition(rule, speech_for(desk, rules, request))
        return answer(desk, format, "service_definition", told)
