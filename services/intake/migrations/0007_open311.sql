-- What the public may see over Open311: one row for each complaint that the city publishes. A
-- secret complaint, or one of a channel the city doesn't publish, never gets a row.

CREATE TABLE intake.published_request (
    complaint_id uuid PRIMARY KEY,
    is_open311   boolean NOT NULL,
    service_code text NOT NULL,
    requested_at timestamptz NOT NULL,
    changed_at   timestamptz NOT NULL,
    is_closed    boolean NOT NULL DEFAULT false,
    latitude     double precision,
    longitude    double precision,
    district     text,
    street       text,
    description  text
);
-- Every list is read from one of these, already in order; `adapters/requests.py` says which.
CREATE INDEX published_request_newest ON intake.published_request
    (is_open311, is_closed, requested_at DESC, complaint_id DESC);
CREATE INDEX published_request_service ON intake.published_request
    (service_code, is_open311, is_closed, requested_at DESC, complaint_id DESC);
CREATE INDEX published_request_changed ON intake.published_request
    (is_open311, is_closed, changed_at DESC, complaint_id DESC);
CREATE INDEX published_request_service_changed ON intake.published_request
    (service_code, is_open311, is_closed, changed_at DESC, complaint_id DESC);
COMMENT ON TABLE intake.published_request IS 'Complaints the city publishes over Open311.';
COMMENT ON COLUMN intake.published_request.changed_at IS 'The last public moment; once closed, when it closed.';
COMMENT ON COLUMN intake.published_request.description IS 'The masked words, only where the city showed them when it came.';
COMMENT ON COLUMN intake.published_request.latitude IS 'Rounded to about 100 m, as in events.';
