"""The only door out: signed webhooks to city systems, notices and call-backs to people.

Consumes: complaints.tracked.
Emits: complaints.notified (HookDelivered, HookFailed, HookDisabled, CallbackAttempted,
CallbackLapsed, NoticeSent, NoticeFailed). HookDisabled is about an endpoint, so its key is the
endpoint's id.
Owns: PostgreSQL schema `notifier` (endpoint, event, delivery, complaint, callback, notice, alarm).
Policy: `sla.toml` [callback] (attempts, spacing), `notices.toml` (the words),
`channels.toml` (how and when people are reached).

A delivery is a row before it is a request: planned in the transaction that consumes the
event, sent from memory after the commit, sent again by the poller if this process died.
So an endpoint sees every event at least once, always with the same `webhook-id`, and the
events of one complaint in their order.
"""
