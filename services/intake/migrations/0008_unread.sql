-- Kept, not yet read: when many call at once, and for files, a request is made durable first
-- (its row in intake.complaint gives it its id, number and names) and understood when there is time.

CREATE TABLE intake.unread (
    complaint_id uuid PRIMARY KEY,
    is_bulk      boolean NOT NULL,
    due_at       timestamptz NOT NULL,
    attempts     integer NOT NULL DEFAULT 0,
    sealed       bytea NOT NULL
);
CREATE INDEX unread_next ON intake.unread (is_bulk, complaint_id);
COMMENT ON COLUMN intake.unread.is_bulk IS 'Of a file; people who wait are read first.';
COMMENT ON COLUMN intake.unread.due_at IS 'Not before this; later than at first only if reading failed.';
COMMENT ON COLUMN intake.unread.sealed IS 'The request as it came, encrypted: it holds who said it.';
COMMENT ON TABLE intake.complaint IS 'One row a complaint. Its row lock orders all that is done to it here.';
COMMENT ON COLUMN intake.complaint.fingerprint IS 'Hash of the words, to tell repeats; empty while unread.';
