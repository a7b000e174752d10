"""Keep the city's promise for each complaint: cases, work orders, clocks, call-backs, whistles.

Consumes: complaints.received (follow-ups, reports about whistles), complaints.routed,
complaints.notified (CallbackLapsed), and time.
Emits: complaints.tracked.
Owns: PostgreSQL schema `tracker`.
Policy: `sla.toml` (standards, call-back, escalation, scoring, relief), `calendar.toml` and
`whistles.toml` (how departments report in); a whistle keeps the bundle it was routed under, a case
keeps the bundle its first order was dispatched under.
"""
