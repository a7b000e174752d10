-- Tables that delivery needs in the schema of every service. `key` is the complaint.

CREATE TABLE emitted_sequence (
    key           uuid PRIMARY KEY,
    last_sequence integer NOT NULL
);
COMMENT ON TABLE emitted_sequence IS 'How many facts this service has told about a complaint.';

CREATE TABLE consumed_sequence (
    key           uuid NOT NULL,
    source        text NOT NULL,
    last_sequence integer NOT NULL,
    PRIMARY KEY (key, source)
);
COMMENT ON TABLE consumed_sequence IS 'The last event applied, per complaint and writer.';

CREATE TABLE consumed_offset (
    topic       text NOT NULL,
    partition   integer NOT NULL,
    next_offset bigint NOT NULL,
    PRIMARY KEY (topic, partition)
);
COMMENT ON TABLE consumed_offset IS 'Where to read on; compared and set, so a zombie''s transaction aborts.';

CREATE TABLE outbox (
    id         uuid PRIMARY KEY,
    topic      text NOT NULL,
    key        bytea NOT NULL,
    sequence   integer NOT NULL,
    body       bytea NOT NULL,
    headers    bytea NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX outbox_oldest_first ON outbox (created_at, sequence);
COMMENT ON TABLE outbox IS 'Facts that are true but not yet acknowledged by the broker; a row goes when its fact is told.';

CREATE TABLE parked (
    key        uuid NOT NULL,
    source     text NOT NULL,
    sequence   integer NOT NULL,
    topic      text NOT NULL,
    partition  integer NOT NULL,
    "offset"   bigint NOT NULL,
    body       bytea NOT NULL,
    headers    bytea NOT NULL,
    reason     text NOT NULL,
    attempts   integer NOT NULL DEFAULT 0,
    parked_at  timestamptz NOT NULL,
    retry_at   timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    PRIMARY KEY (key, source, sequence)
);
CREATE INDEX parked_retry ON parked (retry_at);
COMMENT ON TABLE parked IS 'Events whose turn has not come: a gap before them, or a case that is not open yet.';

CREATE TABLE dead_letter (
    id              uuid PRIMARY KEY,
    topic           text NOT NULL,
    partition       integer NOT NULL,
    "offset"        bigint NOT NULL,
    record_key      bytea,
    body            bytea NOT NULL,
    headers         bytea NOT NULL,
    key             uuid,
    source          text,
    sequence        integer,
    code            text NOT NULL,
    message         text NOT NULL,
    attempts        integer NOT NULL,
    first_failed_at timestamptz NOT NULL,
    state           text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'replayed', 'dropped')),
    settled_at      timestamptz,
    UNIQUE (topic, partition, "offset")
);
CREATE INDEX dead_letter_open ON dead_letter (first_failed_at, id) WHERE state = 'open';
COMMENT ON TABLE dead_letter IS 'Events given up, with their bytes; also told on <service>.dead-letters.';

CREATE TABLE deadline (
    key     uuid NOT NULL,
    subject uuid NOT NULL,
    kind    text NOT NULL,
    due_at  timestamptz NOT NULL,
    PRIMARY KEY (key, subject, kind)
);
CREATE INDEX deadline_due ON deadline (due_at);
COMMENT ON TABLE deadline IS 'Clocks that run; a row goes when it fires or is stopped.';
