"""What intake answers is what its OpenAPI document promises, whatever is sent.

Generated requests, good and bad, for every operation; the same ones each time.
"""

from __future__ import annotations

from pathlib import Path as FilePath
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from services.runtime.keys import Role
from tests.intake.open311.city import a_city
from tests.intake.serving import Served, serve

pytestmark = pytest.mark.postgres

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]

#: Requests of each operation: enough to meet every kind of field, few enough for every day.
EXAMPLES = 7

_ROLES = {
    "/v1/orders/": Role.AGENCY,
    "/v1/whistles": Role.AGENCY,
    "/contact": Role.AGENCY,
    "/v1/identities/": Role.OPERATOR,
    "/v1/callbacks": Role.OPERATOR,
    "/batch": Role.OPERATOR,
    "/v1/totals": Role.OPERATOR,
    "/v1/calls": Role.SERVICE,
    "/v1/dead-letters": Role.SUPERVISOR,
    "/v1/hook-": Role.SUPERVISOR,
}


def _role(path: str) -> Role:
    """The role that an operation is for."""
    return next((role for part, role in _ROLES.items() if part in path), Role.REPORTER)


def _breaches(served: Served, operation: Any) -> list[str]:
    """Send generated requests to one operation and list what breaks its promises."""
    found: list[str] = []
    headers = {"Authorization": f"Bearer {served.keys[_role(operation.path)]}"}

    @settings(
        max_examples=EXAMPLES,
        derandomize=True,
        deadline=None,
        database=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy())
    def send(case: Any) -> None:
        response = case.call(headers=headers)
        try:
            case.validate_response(response, checks=CHECKS)
        except BaseExceptionGroup as failures:
            found.extend(_told(operation, one) for one in failures.exceptions)

    send()
    return list(dict.fromkeys(found))


def _told(operation: Any, failure: BaseException) -> str:
    said = " ".join(str(failure).split())
    return f"{operation.label}: {type(failure).__name__}: {said[:300]}"


def test_no_answer_breaks_the_contract(dsn: str, secrets_file: FilePath) -> None:
    """Our own interface and Open311: no 5xx, no status, type or field that isn't promised."""
    with serve(dsn, secrets_file, a_city(lists_requests="all")) as served:
        schema = schemathesis.openapi.from_url(f"{served.url}/openapi.json")
        found: list[Any] = list(schema.get_all_operations())
        operations = [one.ok() for one in found]
        assert any("/open311/" in one.path for one in operations)
        assert any("/v1/complaints" in one.path for one in operations)
        breaches = [breach for one in operations for breach in _breaches(served, one)]
    assert not breaches, "\n".join(breaches)
