-- Pictures and documents: wishes to fetch them, and what became of each. The bytes are in a store.

CREATE TABLE intake.attachment (
    attachment_id   uuid PRIMARY KEY,
    complaint_id    uuid NOT NULL,
    state           text NOT NULL CHECK (state IN ('waiting', 'stored', 'refused', 'erasing')),
    asked_at        timestamptz NOT NULL,
    note            text,
    sealed_url      bytea,
    attempts        integer NOT NULL DEFAULT 0,
    next_attempt_at timestamptz,
    reason          text,
    media_type      text,
    size            bigint,
    sha256          text,
    finished_at     timestamptz,
    CHECK ((state = 'waiting') = (sealed_url IS NOT NULL)),
    CHECK ((state IN ('waiting', 'erasing')) = (next_attempt_at IS NOT NULL)),
    CHECK ((state = 'stored') = (sha256 IS NOT NULL))
);
CREATE INDEX attachment_complaint ON intake.attachment (complaint_id, attachment_id);
CREATE INDEX attachment_due ON intake.attachment (next_attempt_at)
    WHERE state IN ('waiting', 'erasing');
COMMENT ON COLUMN intake.attachment.state IS 'erasing: the person is to be forgotten; the row goes with its file.';
COMMENT ON COLUMN intake.attachment.note IS 'What the sender says about it, identity masked.';
COMMENT ON COLUMN intake.attachment.sealed_url IS 'Encrypted, because an address may name a person or hold a token; gone once it is fetched or given up.';
COMMENT ON COLUMN intake.attachment.next_attempt_at IS 'While somebody fetches it, the end of the lease: a killed process delays it and loses nothing.';

CREATE TABLE intake.secret_complaint (complaint_id uuid PRIMARY KEY);
COMMENT ON TABLE intake.secret_complaint IS 'Complaints of people who must not be shown to the agency (保密), also nameless ones: their pictures may show them.';
INSERT INTO intake.secret_complaint SELECT complaint_id FROM identity.contact WHERE is_secret;
