-- What belongs to the installation and not to one service.

CREATE TABLE platform.api_key (
    id         uuid PRIMARY KEY,
    hash       bytea NOT NULL UNIQUE,
    name       text NOT NULL,
    role       text NOT NULL,
    agency     text,
    created_at timestamptz NOT NULL DEFAULT now(),
    revoked_at timestamptz,
    CHECK ((role = 'agency') = (agency IS NOT NULL))
);
COMMENT ON COLUMN platform.api_key.hash IS 'SHA-256: the keys have 256 random bits, so a slow hash would add nothing.';

CREATE TABLE platform.policy_bundle (
    hash       text PRIMARY KEY,
    city       text NOT NULL,
    files      bytea NOT NULL,
    stored_at  timestamptz NOT NULL DEFAULT now()
);
COMMENT ON COLUMN platform.policy_bundle.files IS 'The folder as a gzipped JSON object of name to text.';

CREATE TABLE platform.policy_activation (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    hash         text NOT NULL REFERENCES platform.policy_bundle,
    effective_at timestamptz NOT NULL,
    actor        text NOT NULL,
    published_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX policy_activation_latest ON platform.policy_activation (effective_at DESC, id DESC);
