-- What a repeat and a cluster are told by: how the words are, where, and whose matter it is.

ALTER TABLE intake.complaint
    ADD COLUMN sketch     bytea,
    ADD COLUMN community  text,
    ADD COLUMN cluster_id uuid;
COMMENT ON COLUMN intake.complaint.sketch IS 'Hashes of the masked words'' grams; NULL before there were sketches.';
COMMENT ON COLUMN intake.complaint.repeat_of IS 'What it surely repeats, so that it gets no order.';
COMMENT ON COLUMN intake.complaint.cluster_id IS 'The complaint whose matter it shares; NULL: it is the first known.';

-- Earlier complaints of one person, the newest first, in place of one index by category and street.
DROP INDEX intake.complaint_same_spot;
CREATE INDEX complaint_same_person ON intake.complaint (reporter, received_at)
    WHERE reporter IS NOT NULL AND repeat_of IS NULL;

-- The first complaints of all matters in a street, of any category and of one.
CREATE INDEX complaint_street_heads ON intake.complaint (street, received_at)
    WHERE street IS NOT NULL AND cluster_id IS NULL AND sketch IS NOT NULL;
CREATE INDEX complaint_category_heads ON intake.complaint (street, category, received_at)
    WHERE street IS NOT NULL AND category IS NOT NULL AND cluster_id IS NULL
        AND sketch IS NOT NULL;

CREATE TABLE intake.cluster (
    cluster_id uuid PRIMARY KEY,
    street     text NOT NULL,
    size       integer NOT NULL CHECK (size >= 2),
    last_at    timestamptz NOT NULL
) WITH (fillfactor = 50);
CREATE INDEX cluster_street ON intake.cluster (street, last_at);
COMMENT ON TABLE intake.cluster IS 'Matters that several people have told of. One update a batch, under the lock of the street.';
COMMENT ON COLUMN intake.cluster.cluster_id IS 'The first complaint.';
COMMENT ON COLUMN intake.cluster.size IS 'People''s complaints, the first included; repeats of one person don''t count.';
