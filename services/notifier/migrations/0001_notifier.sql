-- Who is told, what they are told, and who is asked back.

CREATE TABLE notifier.endpoint (
    endpoint_id     uuid PRIMARY KEY,
    number          integer GENERATED ALWAYS AS IDENTITY UNIQUE,
    url             text NOT NULL,
    agency          text,
    event_types     text[] NOT NULL,
    description     text NOT NULL,
    is_enabled      boolean NOT NULL DEFAULT true,
    disabled_reason text CHECK (disabled_reason IN ('gone', 'failing', 'operator')),
    secret          bytea NOT NULL,
    previous_secret bytea,
    previous_until  timestamptz,
    failing_since   timestamptz,
    paused_until    timestamptz,
    created_at      timestamptz NOT NULL,
    changed_at      timestamptz NOT NULL,
    version         integer NOT NULL DEFAULT 1
);
COMMENT ON TABLE notifier.endpoint IS 'City systems that get signed webhooks.';
COMMENT ON COLUMN notifier.endpoint.agency IS 'Whose events; NULL gets every agency''s.';
COMMENT ON COLUMN notifier.endpoint.secret IS 'AES-256-GCM: nonce, then ciphertext; bound to endpoint_id.';
COMMENT ON COLUMN notifier.endpoint.version IS 'Counts every change, so that processes see that their copies are old.';
COMMENT ON COLUMN notifier.endpoint.failing_since IS 'First failure since the last success.';
COMMENT ON COLUMN notifier.endpoint.paused_until IS 'It asked for rest (429, 502, 503, 504).';

CREATE TABLE notifier.event (
    complaint_id uuid NOT NULL,
    sequence     integer NOT NULL,
    body         bytea NOT NULL,
    PRIMARY KEY (complaint_id, sequence)
);
COMMENT ON TABLE notifier.event IS 'What is sent, once however many endpoints get it.';

CREATE TABLE notifier.delivery (
    complaint_id uuid NOT NULL,
    endpoint_id  uuid NOT NULL,
    sequence     integer NOT NULL,
    delivery_id  uuid NOT NULL,
    event_id     uuid NOT NULL,
    event_type   text NOT NULL,
    state        text NOT NULL DEFAULT 'pending'
                 CHECK (state IN ('pending', 'delivered', 'failed', 'cancelled')),
    attempts     integer NOT NULL DEFAULT 0,
    replays      integer NOT NULL DEFAULT 0,
    due_at       timestamptz NOT NULL,
    finished_at  timestamptz,
    history      jsonb NOT NULL DEFAULT '[]',
    PRIMARY KEY (complaint_id, endpoint_id, sequence)
);
CREATE UNIQUE INDEX delivery_by_id ON notifier.delivery (delivery_id);
CREATE INDEX delivery_by_endpoint ON notifier.delivery (endpoint_id, delivery_id);
CREATE INDEX delivery_due ON notifier.delivery (endpoint_id, due_at) WHERE state = 'pending';
COMMENT ON TABLE notifier.delivery IS 'One event for one endpoint; a row before it is a request.';
COMMENT ON COLUMN notifier.delivery.sequence IS 'The event''s place in the complaint''s history: the order in which an endpoint gets it.';
COMMENT ON COLUMN notifier.delivery.delivery_id IS 'Sorts by the event''s time.';
COMMENT ON COLUMN notifier.delivery.due_at IS 'When anybody may try: the next attempt''s instant, or the end of the lease of the process that is trying.';
COMMENT ON COLUMN notifier.delivery.history IS 'One object an attempt: at, ms, status or error, response.';

CREATE TABLE notifier.complaint (
    complaint_id uuid PRIMARY KEY,
    agencies     text[] NOT NULL
);
COMMENT ON TABLE notifier.complaint IS 'Which agencies hold an order of a complaint; its row is the lock for what is decided about it.';

CREATE TABLE notifier.callback (
    complaint_id uuid NOT NULL,
    callback_id  uuid NOT NULL,
    cause_id     uuid NOT NULL,
    number       text NOT NULL,
    agency       text NOT NULL,
    answer       text NOT NULL,
    reporter     text,
    language     text NOT NULL,
    lapses_at    timestamptz NOT NULL,
    state        text NOT NULL CHECK (state IN ('due', 'waiting', 'lapsed', 'cancelled')),
    attempts     integer NOT NULL,
    leased_until timestamptz NOT NULL DEFAULT '-infinity',
    PRIMARY KEY (complaint_id, callback_id)
);
CREATE INDEX callback_due ON notifier.callback (leased_until) WHERE state = 'due';
COMMENT ON TABLE notifier.callback IS 'Who is to be asked whether it is solved; no name, no number.';
COMMENT ON COLUMN notifier.callback.reporter IS 'Token of the person in the vault; the number is asked for at the moment of sending and never kept.';
