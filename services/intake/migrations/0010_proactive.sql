-- Proactive cases (主动治理) that a supervisor opened: what their actions may be about.

CREATE TABLE intake.proactive (
    proactive_id uuid PRIMARY KEY,
    complaints   uuid[] NOT NULL
);
COMMENT ON TABLE intake.proactive IS 'Proactive cases that were opened here; how they stand is the tracker''s.';
COMMENT ON COLUMN intake.proactive.complaints IS 'Linked ones, whose reporters are masked in every note.';
