-- Whoever fails is let alone, and then asked by one request of all processes together.

ALTER TABLE notifier.endpoint ADD COLUMN probe_until timestamptz;
COMMENT ON COLUMN notifier.endpoint.paused_until IS 'The breaker is open until then, half-open after; NULL while it is closed.';
COMMENT ON COLUMN notifier.endpoint.probe_until IS 'Somebody is probing; nobody else does until then.';
