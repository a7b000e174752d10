-- Whistles after their routing (吹哨报到): who is called, how they came, what each side says of
-- the other. Every key begins with the whistle's events' key: the first linked complaint, or its own id.

CREATE TABLE tracker.whistle (
    key            uuid NOT NULL,
    whistle_id     uuid NOT NULL UNIQUE,
    number         integer NOT NULL,
    state          text NOT NULL CHECK (state IN ('open', 'closed')),
    kind           text NOT NULL,
    raised_by      text NOT NULL,
    content        jsonb NOT NULL,
    policy         text NOT NULL,
    blown_at       timestamptz NOT NULL,
    lapses_at      timestamptz NOT NULL,
    copies         jsonb NOT NULL,
    result         text,
    closed_at      timestamptz,
    closed_because text CHECK (closed_because IN ('street', 'lapsed')),
    judged_until   timestamptz,
    history_length integer NOT NULL,
    PRIMARY KEY (key, whistle_id),
    CHECK ((state = 'closed') = (closed_at IS NOT NULL))
);
COMMENT ON TABLE tracker.whistle IS 'A whistle that stands; see docs/lifecycle.md for its states.';
COMMENT ON COLUMN tracker.whistle.number IS '1 for the first under its key; more are repeats for the same complaint. The row of number 1 is the lock of a key that has no case.';
COMMENT ON COLUMN tracker.whistle.policy IS 'Hash of the bundle its clocks are under.';
-- Whistle ids are ordered by time, so each index also gives the newest first.
CREATE INDEX whistle_open ON tracker.whistle (whistle_id) WHERE closed_at IS NULL;
CREATE INDEX whistle_by_raiser ON tracker.whistle (raised_by, whistle_id);
CREATE INDEX whistle_by_time ON tracker.whistle (blown_at) INCLUDE (raised_by, number);

CREATE TABLE tracker.summons (
    key               uuid NOT NULL,
    whistle_id        uuid NOT NULL,
    position          integer NOT NULL,
    agency            text NOT NULL,
    raised_by         text NOT NULL,
    blown_at          timestamptz NOT NULL,
    state             text NOT NULL CHECK (state IN ('called', 'signed', 'contacted', 'arrived',
        'left', 'released', 'absent', 'spared')),
    sign_due_at       timestamptz NOT NULL,
    signed_at         timestamptz,
    sign_missed_at    timestamptz,
    contact_due_at    timestamptz NOT NULL,
    contacted_at      timestamptz,
    contact_missed_at timestamptz,
    arrive_due_at     timestamptz NOT NULL,
    arrived_at        timestamptz,
    arrive_missed_at  timestamptz,
    timeline          jsonb NOT NULL,
    left_at           timestamptz,
    result            text,
    ended_at          timestamptz,
    verdict           jsonb,
    opinion           jsonb,
    PRIMARY KEY (key, whistle_id, agency)
);
COMMENT ON TABLE tracker.summons IS 'What one body has to do that a whistle calls, and how it did it.';
COMMENT ON COLUMN tracker.summons.timeline IS 'Steps that add up to arrive_due_at and say why.';
COMMENT ON COLUMN tracker.summons.verdict IS 'The street''s word on this body: grade, note, judged_at.';
COMMENT ON COLUMN tracker.summons.opinion IS 'This body''s word on whether the whistle was called for.';
CREATE INDEX summons_of ON tracker.summons (whistle_id, position);
CREATE INDEX summons_by_agency ON tracker.summons (agency, whistle_id);
CREATE INDEX summons_open_by_agency ON tracker.summons (agency, whistle_id) WHERE ended_at IS NULL;
CREATE INDEX summons_by_time ON tracker.summons (blown_at);

CREATE TABLE tracker.whistle_history (
    key        uuid NOT NULL,
    whistle_id uuid NOT NULL,
    position   integer NOT NULL,
    at         timestamptz NOT NULL,
    kind       text NOT NULL,
    detail     jsonb NOT NULL,
    cause      uuid,
    PRIMARY KEY (key, whistle_id, position)
);
COMMENT ON TABLE tracker.whistle_history IS 'All that was said about a whistle, also what counted for nothing (detail.ignored says why).';
COMMENT ON COLUMN tracker.whistle_history.cause IS 'The event that led to it; NULL where time did.';

-- How many orders a street leads in a period, beside its whistles: read from the index alone.
CREATE INDEX work_order_led ON tracker.work_order (dispatched_at) INCLUDE (agency)
    WHERE role = 'lead';
