-- Each record gets a key of its own, which a vault key wraps; accesses form a chain.

-- 'wrapped' is NULL in records from before: a vault key seals those directly. Stop every intake of
-- the version before this is applied: it would record accesses outside the chain, and fail.
ALTER TABLE identity.contact
    ADD COLUMN key_id  text NOT NULL DEFAULT '1',
    ADD COLUMN wrapped bytea;
CREATE INDEX contact_key ON identity.contact (key_id, complaint_id);
COMMENT ON COLUMN identity.contact.key_id IS 'Which vault key opens it; the keys are in the secrets file or the environment, never here.';
COMMENT ON COLUMN identity.contact.wrapped IS 'The record''s own key, wrapped (AES-256-GCM); rotation renews this and leaves the record.';
COMMENT ON COLUMN identity.contact.sealed IS 'Name, telephone number and address: AES-256-GCM with the record''s own key, bound to the token and the complaint.';

CREATE TABLE identity.sealing_key (
    key_id     text PRIMARY KEY,
    added_at   timestamptz NOT NULL DEFAULT now(),
    retired_at timestamptz
);
COMMENT ON TABLE identity.sealing_key IS 'Which keys have sealed anything. A retired one never seals again: it may be destroyed.';

-- Rows from before get their place here and their hash with the next access: only the service
-- has the key of the hashes.
ALTER TABLE identity.access
    ADD COLUMN position bigint,
    ADD COLUMN hash     bytea;
ALTER TABLE identity.access DISABLE TRIGGER access_is_append_only;
UPDATE identity.access a SET position = n.position
FROM (SELECT access_id, row_number() OVER (ORDER BY accessed_at, access_id) AS position
      FROM identity.access) n
WHERE a.access_id = n.access_id;
ALTER TABLE identity.access ENABLE TRIGGER access_is_append_only;
ALTER TABLE identity.access
    ALTER COLUMN position SET NOT NULL,
    ADD CONSTRAINT access_position UNIQUE (position),
    DROP CONSTRAINT access_outcome_check,
    ADD CONSTRAINT access_outcome_check
        CHECK (outcome IN ('shown', 'refused', 'nothing', 'erased'));
CREATE INDEX access_key ON identity.access (key_id, accessed_at);
COMMENT ON COLUMN identity.access.position IS 'From 1, without gaps.';
COMMENT ON COLUMN identity.access.hash IS 'HMAC-SHA256 over the hash before and this row; its key is derived from a secret, so that nobody can make it up in the database.';

CREATE TABLE identity.access_head (
    is_only  boolean PRIMARY KEY DEFAULT true CHECK (is_only),
    position bigint NOT NULL,
    hash     bytea
);
INSERT INTO identity.access_head (position, hash)
SELECT count(*), CASE WHEN count(*) = 0 THEN decode(repeat('00', 32), 'hex') END
FROM identity.access;
COMMENT ON TABLE identity.access_head IS 'Where the chain ends; its row lock puts accesses in order. No hash: rows from before wait for theirs.';

CREATE OR REPLACE FUNCTION identity.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' THEN
        -- A row from before takes its place in the chain, once.
        IF OLD.hash IS NULL AND NEW.hash IS NOT NULL
           AND to_jsonb(NEW) - 'hash' = to_jsonb(OLD) - 'hash' THEN
            RETURN NEW;
        END IF;
    END IF;
    RAISE EXCEPTION 'identity.access is append-only';
END $$;
