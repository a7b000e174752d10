"""The interface described for the generated OpenAPI document, field by field."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Query

Jurisdiction = Annotated[
    str | None, Query(description="The city's, if given; another one is not found.")
]

Schema = dict[str, Any]
Responses = dict[int | str, dict[str, Any]]

_TEXT: Schema = {"type": "string"}
_TEXT_OR_NOTHING: Schema = {"type": ["string", "null"]}
_INSTANT: Schema = {"type": "string", "format": "date-time"}
_INSTANT_OR_NOTHING: Schema = {"type": ["string", "null"], "format": "date-time"}
_DEGREES: Schema = {"type": ["number", "null"]}


def _thing(fields: dict[str, Schema], *optional: str) -> Schema:
    """Describe an object that has these fields and no others."""
    return {
        "type": "object",
        "properties": fields,
        "required": [name for name in fields if name not in optional],
        "additionalProperties": False,
    }


def _many(item: Schema) -> Schema:
    return {"type": "array", "items": item}


_ERRORS = _many(_thing({"code": {"type": "integer"}, "description": _TEXT})) | {"minItems": 1}

_SAID = {
    400: "Something is missing or can't be right; all of it is named.",
    403: "api_key is missing, unknown, or may not report.",
    404: "There is no such thing, or the city offers no Open311.",
    429: "Too many requests; come again after `Retry-After` seconds.",
    503: "It may not have been stored: send the same again after `Retry-After` seconds.",
}


def _response(description: str, schema: Schema) -> dict[str, Any]:
    xml: Schema = {"type": "string", "description": "The same content as XML."}
    content = {"application/json": {"schema": schema}, "text/xml": {"schema": xml}}
    return {"description": description, "content": content}


def _responses(description: str, schema: Schema, *errors: int) -> Responses:
    found: Responses = {200: _response(description, schema)}
    for status in (400, *errors, 404, 429, 503):
        found[status] = _response(_SAID[status], _ERRORS)
    # Without this FastAPI would promise a 422 in its own format, which is never answered.
    found["4XX"] = _response("Any other mistake, in the same format.", _ERRORS)
    return found


_ENDPOINT = _thing(
    {
        "specification": _TEXT,
        "url": _TEXT,
        "changeset": _TEXT,
        "type": {"enum": ["production", "test"]},
        "formats": _many(_TEXT),
    }
)
DISCOVERY = _responses(
    "Where the interface is.",
    _thing(
        {"changeset": _TEXT, "contact": _TEXT, "key_service": _TEXT, "endpoints": _many(_ENDPOINT)}
    ),
)

SERVICES = _responses(
    "What can be reported.",
    _many(
        _thing(
            {
                "service_code": _TEXT,
                "service_name": _TEXT,
                "description": _TEXT,
                "metadata": {"type": "boolean"},
                "type": {"enum": ["realtime", "batch", "blackbox"]},
                "keywords": _TEXT,
                "group": _TEXT,
            }
        )
    ),
)

_DATATYPES = ["string", "number", "datetime", "text", "singlevaluelist", "multivaluelist"]
_ATTRIBUTE = _thing(
    {
        "variable": {"type": "boolean"},
        "code": _TEXT,
        "datatype": {"enum": _DATATYPES},
        "required": {"type": "boolean"},
        "datatype_description": _TEXT_OR_NOTHING,
        "order": {"type": "integer", "minimum": 1},
        "description": _TEXT,
        "values": _many(_thing({"key": _TEXT, "name": _TEXT})),
    },
    "values",
)
DEFINITION = _responses(
    "What a service asks.", _thing({"service_code": _TEXT, "attributes": _many(_ATTRIBUTE)})
)

REPORTED = _responses(
    "It is durable.",
    _many(
        _thing(
            {
                "service_request_id": _TEXT,
                "token": _TEXT,
                "service_notice": _TEXT,
                "account_id": {"type": "null"},
            },
            "service_request_id",
            "token",
        )
    ),
    403,
)

TOKEN = _responses(
    "The request's id.", _many(_thing({"service_request_id": _TEXT, "token": _TEXT}))
)

_REQUESTS = _many(
    _thing(
        {
            "service_request_id": _TEXT,
            "status": {"enum": ["open", "closed"]},
            "status_notes": _TEXT,
            "service_name": _TEXT,
            "service_code": _TEXT,
            "description": _TEXT,
            "agency_responsible": _TEXT_OR_NOTHING,
            "service_notice": _TEXT_OR_NOTHING,
            "requested_datetime": _INSTANT,
            "updated_datetime": _INSTANT,
            "expected_datetime": _INSTANT_OR_NOTHING,
            "address": _TEXT_OR_NOTHING,
            "address_id": _TEXT_OR_NOTHING,
            "zipcode": _TEXT_OR_NOTHING,
            "lat": _DEGREES,
            "long": _DEGREES,
            "media_url": _TEXT_OR_NOTHING,
        }
    )
)
REQUESTS = _responses("The requests, newest first.", _REQUESTS)
REQUEST = _responses("The request, alone in a list.", _REQUESTS)


def _parameter(name: str, description: str, schema: Schema = _TEXT) -> Schema:
    return {"name": name, "in": "query", "description": description, "schema": schema}


_LIST: Schema = {"type": "array", "items": _TEXT}
FILTERS: Schema = {
    "parameters": [
        _parameter("jurisdiction_id", "The city's, if given."),
        _parameter("service_request_id", "Ids, by comma; overrides all others.", _LIST),
        _parameter("service_code", "Services, by comma or repeated.", _LIST),
        _parameter("status", "open, closed, or both by comma.", _LIST),
        _parameter("start_date", "Requested at or after; 90 days are the longest span."),
        _parameter("end_date", "Requested at or before."),
        _parameter("updated_after", "Changed at or after; not together with dates of request."),
        _parameter("updated_before", "Changed at or before."),
        _parameter("page", "From 1."),
        _parameter("page_size", "1 to 1000, which is the default."),
    ]
}

_FORM_FIELDS: dict[str, Schema] = {
    "api_key": {"type": "string", "description": "Or in the address, or a Bearer token."},
    "jurisdiction_id": _TEXT,
    "service_code": _TEXT,
    "lat": _TEXT,
    "long": _TEXT,
    "address_string": _TEXT,
    "address_id": {"type": "string", "description": "No register is kept: never enough alone."},
    "description": {"type": "string", "maxLength": 4000},
    "first_name": _TEXT,
    "last_name": _TEXT,
    "phone": _TEXT,
    "email": _TEXT,
    "device_id": {"type": "string", "description": "Not kept."},
    "account_id": {"type": "string", "description": "Not kept."},
    "media_url": _TEXT,
}
FORM: Schema = {
    "requestBody": {
        "required": True,
        "content": {
            "application/x-www-form-urlencoded": {
                "schema": {
                    "type": "object",
                    "properties": _FORM_FIELDS,
                    "required": ["service_code"],
                    "additionalProperties": {
                        "type": "string",
                        "description": "attribute[code]=value, attribute[code][]=value",
                    },
                }
            }
        },
    }
}
