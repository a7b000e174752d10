-- What the door remembers of complaints: enough to answer again, to tell repeats, to show a
-- public status. Their words are in the events only.

CREATE SEQUENCE intake.complaint_number;

CREATE TABLE intake.complaint (
    complaint_id uuid PRIMARY KEY,
    number       text NOT NULL UNIQUE,
    accepted_at  timestamptz NOT NULL,
    received_at  timestamptz NOT NULL,
    body_hash    bytea NOT NULL,
    origin       text,
    external_id  text,
    reporter     text,
    fingerprint  bytea NOT NULL,
    category     text,
    street       text,
    repeat_of    uuid,
    CHECK (external_id IS NULL OR origin IS NOT NULL)
);
CREATE UNIQUE INDEX complaint_external ON intake.complaint (origin, external_id)
    WHERE external_id IS NOT NULL;
CREATE INDEX complaint_same_words ON intake.complaint (reporter, fingerprint, received_at)
    WHERE reporter IS NOT NULL AND repeat_of IS NULL;
CREATE INDEX complaint_same_spot ON intake.complaint (reporter, category, street, received_at)
    WHERE reporter IS NOT NULL AND repeat_of IS NULL AND category IS NOT NULL AND street IS NOT NULL;
COMMENT ON TABLE intake.complaint IS 'One row a complaint; never changed. Its row lock orders all that is done to it here.';
COMMENT ON COLUMN intake.complaint.reporter IS 'Token of the person; a keyed hash, so nobody can be found by it without the key.';
COMMENT ON COLUMN intake.complaint.fingerprint IS 'Hash of the words, to tell repeats.';

CREATE TABLE intake.idempotency_key (
    scope      text NOT NULL,
    key        text NOT NULL,
    body_hash  bytea NOT NULL,
    answer_id  uuid NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (scope, key)
);
CREATE INDEX idempotency_key_age ON intake.idempotency_key (created_at);
COMMENT ON COLUMN intake.idempotency_key.scope IS 'The API key that was used: two callers may choose the same word.';
COMMENT ON COLUMN intake.idempotency_key.answer_id IS 'The complaint, or the event of an agency''s action.';

-- The public view, kept from complaints.tracked.

CREATE TABLE intake.view (
    complaint_id uuid PRIMARY KEY,
    status       text NOT NULL,
    expected_at  timestamptz,
    withdrawn_at timestamptz,
    closed_at    timestamptz,
    timeline     jsonb NOT NULL DEFAULT '[]'
);
COMMENT ON TABLE intake.view IS 'What the public may know; no row means: received.';

CREATE TABLE intake.work_order (
    order_id     uuid PRIMARY KEY,
    complaint_id uuid NOT NULL,
    agency       text NOT NULL,
    is_returned  boolean NOT NULL
);
CREATE INDEX work_order_complaint ON intake.work_order (complaint_id);
COMMENT ON TABLE intake.work_order IS 'Which agency may act on which order.';

CREATE TABLE intake.callback (
    callback_id  uuid PRIMARY KEY,
    complaint_id uuid NOT NULL,
    order_id     uuid,
    agency       text,
    number       text,
    answer       text,
    reporter     text,
    language     text,
    lapses_at    timestamptz NOT NULL,
    answered_at  timestamptz,
    closed_at    timestamptz
);
CREATE INDEX callback_complaint ON intake.callback (complaint_id);
CREATE INDEX callback_open ON intake.callback (lapses_at, callback_id)
    WHERE answered_at IS NULL AND closed_at IS NULL;
COMMENT ON TABLE intake.callback IS 'Questions to citizens; each is answered at most once.';
