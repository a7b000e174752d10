"""The only door out: signed webhooks to city systems, call-backs to the people who asked.

Consumes: complaints.tracked.
Emits: complaints.notified (HookDelivered, HookFailed, HookDisabled, CallbackAttempted,
CallbackLapsed). HookDisabled is about an endpoint, so its key is the endpoint's id.
Owns: PostgreSQL schema `notifier` (endpoint, event, delivery, complaint, callback).
Policy: `sla.toml` [callback] (attempts, spacing), `notices.toml` [callback] (the words).

A delivery is a row before it is a request: planned in the transaction that consumes the
event, sent from memory after the commit, sent again by the poller if this process died.
So an endpoint sees every event at least once, always with the same `webhook-id`, and the
events of one complaint in their order.
"""
