-- Complaints that an answer settles, and marks of malicious calling (恶意).

ALTER TABLE router.route
    DROP CONSTRAINT IF EXISTS route_first_outcome_check,
    ADD CONSTRAINT route_first_outcome_check
        CHECK (first_outcome IN ('routed', 'diverted', 'answered', 'held')),
    ADD COLUMN added text;
COMMENT ON COLUMN router.route.added IS 'What the citizen said after an answer; a re-route reads it with the matter.';

CREATE TABLE router.mark (
    mark_id       uuid PRIMARY KEY,
    reporter      text NOT NULL,
    complaint_ids uuid[] NOT NULL CHECK (cardinality(complaint_ids) > 0),
    reason        text NOT NULL,
    set_at        timestamptz NOT NULL,
    set_by        uuid NOT NULL,
    until         timestamptz NOT NULL CHECK (until > set_at),
    appealed_at   timestamptz,
    lifted_at     timestamptz,
    lifted_by     uuid CHECK (lifted_by <> set_by),
    CHECK ((lifted_at IS NULL) = (lifted_by IS NULL))
);
COMMENT ON TABLE router.mark IS 'That a person found somebody to call maliciously: evidence for people, which decides nothing.';
COMMENT ON COLUMN router.mark.reporter IS 'Token of the vault; never shown. A secret complaint has a token of its own and can''t be marked.';
COMMENT ON COLUMN router.mark.complaint_ids IS 'What shows it, all of the same reporter.';
COMMENT ON COLUMN router.mark.until IS 'Compared when a mark is looked at: nothing runs when it ends.';
COMMENT ON COLUMN router.mark.appealed_at IS 'When the citizen last objected; null if never.';
CREATE INDEX mark_by_reporter ON router.mark (reporter, until);
CREATE INDEX mark_newest ON router.mark (set_at DESC, mark_id DESC);

CREATE TABLE router.mark_act (
    mark_id uuid NOT NULL REFERENCES router.mark,
    number  integer NOT NULL,
    act     text NOT NULL CHECK (act IN ('set', 'appealed', 'lifted')),
    at      timestamptz NOT NULL,
    by      uuid NOT NULL,
    by_name text NOT NULL,
    words   text NOT NULL,
    PRIMARY KEY (mark_id, number)
);
COMMENT ON TABLE router.mark_act IS 'Who did what to a mark, when and why; nothing is changed or deleted.';
COMMENT ON COLUMN router.mark_act.words IS 'The reason of a mark or its lifting, or the citizen''s objection.';
