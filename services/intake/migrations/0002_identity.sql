-- The vault: who complained, encrypted, and a record of everybody who looked.

CREATE SCHEMA IF NOT EXISTS identity;

CREATE TABLE identity.contact (
    complaint_id uuid PRIMARY KEY,
    reporter     text,
    sealed       bytea NOT NULL,
    is_secret    boolean NOT NULL,
    stored_at    timestamptz NOT NULL
);
CREATE INDEX contact_reporter ON identity.contact (reporter, stored_at DESC)
    WHERE reporter IS NOT NULL;
COMMENT ON COLUMN identity.contact.sealed IS 'Name, telephone number and address: AES-256-GCM, bound to the token and the complaint.';
COMMENT ON COLUMN identity.contact.is_secret IS 'The reporter must not be shown to the agency (保密).';

CREATE TABLE identity.access (
    access_id    uuid PRIMARY KEY,
    accessed_at  timestamptz NOT NULL,
    key_id       uuid NOT NULL,
    role         text NOT NULL,
    agency       text,
    reporter     text,
    complaint_id uuid,
    purpose      text NOT NULL,
    outcome      text NOT NULL CHECK (outcome IN ('shown', 'refused', 'nothing'))
);
CREATE INDEX access_complaint ON identity.access (complaint_id, accessed_at);
COMMENT ON TABLE identity.access IS 'Who asked for whose identity, when and why. Rows are only ever added.';

CREATE FUNCTION identity.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'identity.access is append-only';
END $$;
CREATE TRIGGER access_is_append_only BEFORE UPDATE OR DELETE ON identity.access
    FOR EACH ROW EXECUTE FUNCTION identity.refuse_change();
CREATE TRIGGER access_is_never_emptied BEFORE TRUNCATE ON identity.access
    FOR EACH STATEMENT EXECUTE FUNCTION identity.refuse_change();
