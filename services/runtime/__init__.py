"""What every service runs on: delivery, storage, timers, HTTP. Knows nothing of complaints.

Consumes: whatever topics a service names.  Emits: what its decisions say.
Owns: in each service's schema the tables of `migrations/service/`, and the schema
`platform` (API keys, policy bundles).

Where things are: `loop` delivers events exactly once in effect; `postgres` and `outbox`
make a fact durable before it is told; `timers` fires what is due; `step` and `stage` are
what a service implements; `kafka` and `memory` are the two buses, proven by one suite.
"""
