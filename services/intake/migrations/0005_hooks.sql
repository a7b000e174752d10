-- City systems that call us: their secrets, their calls as they came, what became of each.

CREATE TABLE intake.hook_source (
    source          text PRIMARY KEY,
    secret          bytea NOT NULL,
    previous_secret bytea,
    previous_until  timestamptz,
    created_at      timestamptz NOT NULL,
    rotated_at      timestamptz
);
COMMENT ON TABLE intake.hook_source IS 'Who may call; a source that was revoked has no row.';
COMMENT ON COLUMN intake.hook_source.secret IS 'AES-256-GCM with the installation''s endpoint_key, bound to the source.';

CREATE TABLE intake.hook_call (
    call_id      uuid PRIMARY KEY,
    source       text NOT NULL,
    received_at  timestamptz NOT NULL,
    webhook_id   text,
    body_hash    bytea NOT NULL,
    content_type text NOT NULL,
    sealed       bytea,
    state        text NOT NULL CHECK (state IN ('received', 'taken', 'parked', 'ignored', 'dropped')),
    reason       text,
    policy       text,
    attempts     integer NOT NULL DEFAULT 0,
    changed_at   timestamptz NOT NULL
);
CREATE UNIQUE INDEX hook_call_webhook ON intake.hook_call (source, webhook_id)
    WHERE webhook_id IS NOT NULL;
CREATE INDEX hook_call_state ON intake.hook_call (state, received_at, call_id);
COMMENT ON TABLE intake.hook_call IS 'Every genuine call, stored before anything else is tried with it.';
COMMENT ON COLUMN intake.hook_call.sealed IS 'The body as it came: AES-256-GCM, bound to the call; null once it was erased.';
COMMENT ON COLUMN intake.hook_call.reason IS 'Why it is parked or dropped; never a word of the body.';

CREATE TABLE intake.hook_complaint (
    call_id      uuid NOT NULL REFERENCES intake.hook_call ON DELETE CASCADE,
    item         integer NOT NULL,
    complaint_id uuid NOT NULL,
    PRIMARY KEY (call_id, item)
);
CREATE INDEX hook_complaint_complaint ON intake.hook_complaint (complaint_id);
COMMENT ON TABLE intake.hook_complaint IS 'Which complaints became of a call.';
