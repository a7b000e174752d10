"""The AsyncAPI 3.0 document: topics as channels, who sends and who receives, keys and headers.

Kafka specifics follow the AsyncAPI Kafka bindings 0.5.0. Payloads are the JSON Schema files that
lie beside the document.
"""

from __future__ import annotations

import inspect
from typing import Any

import services
from services.events import FACTS, SOURCES, TOPICS, Fact, Topic
from services.runtime.settings import ServiceSettings
from tools.assembled import topics_read

BINDING = "0.5.0"

Node = dict[str, Any]

_KEY = {
    "type": "string",
    "format": "uuid",
    "description": (
        "The complaint, so that its events stay in one partition and in order."
        " For HookDisabled, which is about no complaint, the endpoint."
    ),
}
_HEADERS = {
    "type": "object",
    "description": "For tools that filter without reading the body. The body is the authority.",
    "required": ["content-type", "ce_id", "ce_type", "ce_source"],
    "properties": {
        "content-type": {"type": "string", "const": "application/cloudevents+json"},
        "ce_id": {"type": "string", "format": "uuid"},
        "ce_type": {"type": "string"},
        "ce_source": {"type": "string", "enum": list(SOURCES)},
        "traceparent": {"type": "string", "description": "W3C Trace Context."},
    },
}
_DEAD_HEADERS = {
    "type": "object",
    "description": "Added to the headers that the record had.",
    "required": [
        "dlq.topic",
        "dlq.partition",
        "dlq.offset",
        "dlq.consumer",
        "dlq.error.code",
        "dlq.error.message",
        "dlq.attempts",
        "dlq.first_failed_at",
    ],
    "properties": {
        "dlq.topic": {"type": "string"},
        "dlq.partition": {"type": "string", "pattern": "^[0-9]+$"},
        "dlq.offset": {"type": "string", "pattern": "^[0-9]+$"},
        "dlq.consumer": {"type": "string", "enum": list(SOURCES)},
        "dlq.error.code": {"type": "string", "description": "Stable, in kebab-case."},
        "dlq.error.message": {"type": "string", "description": "Names the field at fault."},
        "dlq.attempts": {"type": "string", "pattern": "^[0-9]+$"},
        "dlq.first_failed_at": {"type": "string", "format": "date-time"},
    },
}


def document() -> Node:
    """Describe the whole of Whistle's topics."""
    return {
        "asyncapi": "3.0.0",
        "id": "urn:whistle:events",
        "info": _info(),
        "defaultContentType": "application/cloudevents+json",
        "servers": {
            "local": {
                "host": ServiceSettings.model_fields["kafka"].default,
                "protocol": "kafka",
                "description": "The broker that `whistle up` starts on this machine.",
            }
        },
        "channels": {
            **{_name(topic.name): _channel(topic) for topic in TOPICS},
            **{f"{name}DeadLetters": _dead_channel(name) for name in SOURCES},
        },
        "operations": dict(_operations()),
        "components": {
            "messages": {
                **{fact.__name__: _message(fact) for fact in FACTS.values()},
                "DeadLetter": _dead_message(),
            }
        },
    }


def _info() -> Node:
    return {
        "title": "Whistle events",
        "version": "1.0.0",
        "description": inspect.getdoc(services),
        "license": {"name": "Apache-2.0"},
    }


def _name(topic: str) -> str:
    """Make an AsyncAPI identifier of a topic's name."""
    first, *rest = topic.split(".")
    return first + "".join(word.capitalize() for word in rest)


def _channel(topic: Topic) -> Node:
    names = [fact.__name__ for fact in topic.facts]
    return {
        "address": topic.name,
        "summary": topic.meaning,
        "description": f"Written by {topic.source} only.",
        "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in names},
        "bindings": _channel_bindings(topic.name),
    }


def _dead_channel(service: str) -> Node:
    return {
        "address": f"{service}.dead-letters",
        "summary": f"What {service} has given up, byte for byte.",
        "description": f"Written by {service} only. For people and tools; no service reads it.",
        "messages": {"DeadLetter": {"$ref": "#/components/messages/DeadLetter"}},
        "bindings": _channel_bindings(f"{service}.dead-letters"),
    }


def _channel_bindings(topic: str) -> Node:
    fields = ServiceSettings.model_fields
    return {
        "kafka": {
            "topic": topic,
            "partitions": fields["partitions"].default,
            "replicas": fields["replication"].default,
            "bindingVersion": BINDING,
        }
    }


def _operations() -> list[tuple[str, Node]]:
    """List what each service sends and receives, in path order."""
    found = []
    for service in SOURCES:
        found += [_reading(service, topic) for topic in topics_read(service)]
        for topic in (one.name for one in TOPICS if one.source == service):
            what = f"{service} tells what it has made true."
            found.append((f"{service}Tells", _operation(service, "send", _name(topic), what)))
        what = f"{service} tells what it has given up."
        dead = _operation(service, "send", f"{service}DeadLetters", what)
        found.append((f"{service}GivesUp", dead))
    return found


def _reading(service: str, topic: str) -> tuple[str, Node]:
    name = _name(topic)
    receive = _operation(service, "receive", name, f"{service} reads {topic}.")
    group = {"type": "string", "const": f"whistle-{service}"}
    receive["bindings"] = {"kafka": {"groupId": group, "bindingVersion": BINDING}}
    return f"{service}Reads{name[0].upper()}{name[1:]}", receive


def _operation(service: str, action: str, channel: str, summary: str) -> Node:
    return {
        "action": action,
        "channel": {"$ref": f"#/channels/{channel}"},
        "summary": summary,
        "tags": [{"name": service}],
    }


def _message(fact: type[Fact]) -> Node:
    return {
        "name": f"whistle.{fact.__name__}",
        "title": fact.__name__,
        "summary": (inspect.getdoc(fact) or "").splitlines()[0],
        "contentType": "application/cloudevents+json",
        "correlationId": {
            "description": "The complaint.",
            "location": "$message.payload#/complaintid",
        },
        "headers": _HEADERS,
        "payload": {"$ref": f"./{fact.__name__}.json"},
        "bindings": {"kafka": {"key": _KEY, "bindingVersion": BINDING}},
    }


def _dead_message() -> Node:
    return {
        "name": "DeadLetter",
        "title": "DeadLetter",
        "summary": "A record that could not be applied: its bytes, its key, its headers and why.",
        "contentType": "application/octet-stream",
        "headers": _DEAD_HEADERS,
        "payload": {"description": "The record's bytes, whatever they are."},
        "bindings": {
            "kafka": {
                "key": {"type": "string", "description": "The record's key."},
                "bindingVersion": BINDING,
            }
        },
    }
