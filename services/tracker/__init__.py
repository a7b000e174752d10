"""Keep the city's promise for each complaint: cases, work orders, clocks, call-backs.

Consumes: complaints.received (follow-ups), complaints.routed, complaints.notified
(CallbackLapsed), and time.
Emits: complaints.tracked.
Owns: PostgreSQL schema `tracker`.
Policy: `sla.toml` (standards, call-back, escalation, scoring) and `calendar.toml`; a case
keeps the bundle its first order was dispatched under.
"""
