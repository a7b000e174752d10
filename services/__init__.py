"""Whistle: from a citizen's call to an agency's work order and back.

The path, topic by topic::

    intake   -> complaints.received   what people, agencies and city systems said
    router   -> complaints.routed     which office has jurisdiction, and why
    tracker  -> complaints.tracked    cases, work orders, clocks, call-backs, verdicts
    notifier -> complaints.notified   what became of every hook and call-back attempt

Every service is a consumer of the topics before it and the only writer of its own.
Services share `services.events` (the schema), `services.policy` (what officials change,
as typed records) and `services.runtime` (delivery), never each other's code or tables.
"""
