-- Who may speak about a whistle: kept from complaints.tracked, so only of those that stand.

CREATE TABLE intake.whistle (
    whistle_id uuid PRIMARY KEY,
    key        uuid NOT NULL,
    raised_by  text NOT NULL,
    targets    text[] NOT NULL,
    complaints uuid[] NOT NULL
);
COMMENT ON TABLE intake.whistle IS 'Which agency may report about which whistle; never changed.';
COMMENT ON COLUMN intake.whistle.key IS 'Of its events: the first linked complaint, or its own id.';
COMMENT ON COLUMN intake.whistle.complaints IS 'Whose reporters'' names are masked in what is said about it.';
