-- Root causes of what was resolved (根因), and work ahead of complaints (主动治理).

ALTER TABLE tracker.work_order ADD COLUMN cause text;
ALTER TABLE tracker.callback ADD COLUMN cause text;
COMMENT ON COLUMN tracker.work_order.cause IS 'Why it arose, as last recorded; a key of causes.toml.';
COMMENT ON COLUMN tracker.callback.cause IS 'The cause of its order; the figures are counted here.';
-- Figures by cause in a period, and page by page the cases behind them. Only those with a cause.
CREATE INDEX callback_by_cause ON tracker.callback (resolved_at, callback_id)
    INCLUDE (complaint_id, cause, category, district, agency, state, satisfaction,
        excluded_because)
    WHERE cause IS NOT NULL;

CREATE TABLE tracker.proactive (
    proactive_id   uuid PRIMARY KEY,
    state          text NOT NULL CHECK (state IN ('open', 'closed', 'cancelled')),
    owner          text NOT NULL,
    cause          text,
    category       text,
    district       text,
    street         text,
    content        jsonb NOT NULL,
    complaints     jsonb NOT NULL,
    opened_by      text NOT NULL,
    opened_at      timestamptz NOT NULL,
    planned_at     timestamptz NOT NULL,
    overdue_at     timestamptz,
    ended_at       timestamptz,
    is_on_time     boolean,
    bonus          integer NOT NULL,
    history_length integer NOT NULL,
    CHECK ((state = 'open') = (ended_at IS NULL))
);
COMMENT ON TABLE tracker.proactive IS 'Work ahead of complaints; see docs/proactive.md.';
COMMENT ON COLUMN tracker.proactive.complaints IS 'Complaints it is linked to.';
COMMENT ON COLUMN tracker.proactive.overdue_at IS 'When it was told that the planned date passed.';
COMMENT ON COLUMN tracker.proactive.bonus IS 'Points for its owner, shown beside the score.';
CREATE INDEX proactive_by_time ON tracker.proactive (opened_at, proactive_id);
CREATE INDEX proactive_by_owner ON tracker.proactive (owner, opened_at, proactive_id);
CREATE INDEX proactive_open ON tracker.proactive (opened_at, proactive_id) WHERE ended_at IS NULL;
CREATE INDEX proactive_cancelled ON tracker.proactive (opened_at, proactive_id)
    WHERE state = 'cancelled';
CREATE INDEX proactive_closed ON tracker.proactive (ended_at) INCLUDE (owner, bonus)
    WHERE state = 'closed';

CREATE TABLE tracker.proactive_history (
    proactive_id uuid NOT NULL,
    position     integer NOT NULL,
    at           timestamptz NOT NULL,
    kind         text NOT NULL,
    detail       jsonb NOT NULL,
    cause        uuid,
    PRIMARY KEY (proactive_id, position)
);
COMMENT ON TABLE tracker.proactive_history IS 'All that was said about a proactive case, also what counted for nothing (detail.ignored says why).';
COMMENT ON COLUMN tracker.proactive_history.cause IS 'The event that led to it; NULL where time did.';
