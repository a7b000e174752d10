-- Whistles: each with what became of it, who has to do with it, and how many there were.

CREATE TABLE router.whistle (
    whistle_id uuid PRIMARY KEY,
    key        uuid NOT NULL,
    raised_by  text NOT NULL,
    kind       text NOT NULL,
    outcome    text NOT NULL CHECK (outcome IN ('routed', 'refused')),
    reason     text,
    event_id   uuid NOT NULL,
    policy     text NOT NULL,
    raised_at  timestamptz NOT NULL,
    judged_at  timestamptz NOT NULL,
    whistle    jsonb NOT NULL,
    decision   jsonb NOT NULL,
    CHECK ((outcome = 'refused') = (reason IS NOT NULL))
);
COMMENT ON TABLE router.whistle IS 'Every whistle ever raised and its judgement; nothing is changed or deleted.';
COMMENT ON COLUMN router.whistle.key IS 'The first linked complaint, or the whistle itself: the key of its events.';
COMMENT ON COLUMN router.whistle.reason IS 'The first precondition that failed.';
COMMENT ON COLUMN router.whistle.event_id IS 'The event that raised it.';
COMMENT ON COLUMN router.whistle.decision IS 'The fact that was told, without the whistle.';
CREATE INDEX whistle_by_time ON router.whistle (judged_at, whistle_id);

CREATE TABLE router.whistle_party (
    agency     text NOT NULL,
    judged_at  timestamptz NOT NULL,
    whistle_id uuid NOT NULL,
    part       text NOT NULL CHECK (part IN ('raiser', 'target', 'assist', 'copy')),
    PRIMARY KEY (agency, judged_at, whistle_id)
);
COMMENT ON TABLE router.whistle_party IS 'Who may see a whistle: whoever raised it, and whom it calls or tells.';

CREATE TABLE router.whistle_tally (
    day       date NOT NULL,
    raised_by text NOT NULL,
    kind      text NOT NULL,
    reason    text NOT NULL,
    whistles  integer NOT NULL,
    PRIMARY KEY (day, raised_by, kind, reason)
);
COMMENT ON TABLE router.whistle_tally IS 'Counts by day of judgement in the city''s time; the reason is empty where it was routed.';
