-- Who wants to be told nothing.

CREATE TABLE identity.preference (
    reporter    text PRIMARY KEY,
    do_not_call boolean NOT NULL,
    changed_at  timestamptz NOT NULL,
    changed_by  uuid NOT NULL
);
COMMENT ON TABLE identity.preference IS 'How people want to be treated, by their token; a secret report (保密) has one of its own.';
COMMENT ON COLUMN identity.preference.do_not_call IS 'They asked not to be told anything unasked.';
COMMENT ON COLUMN identity.preference.changed_by IS 'Key of the operator who wrote it down.';
