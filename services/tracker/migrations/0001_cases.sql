-- Cases, work orders, call-backs and their history. Every key begins with the complaint.

CREATE TABLE tracker.case (
    complaint_id   uuid PRIMARY KEY,
    number         text NOT NULL,
    state          text NOT NULL CHECK (state IN ('held', 'handling', 'resolved', 'closed')),
    outcome        text NOT NULL CHECK (outcome IN ('routed', 'held', 'diverted')),
    category       text,
    district       text,
    street         text,
    matter         jsonb NOT NULL,
    policy         text NOT NULL,
    opened_at      timestamptz NOT NULL,
    attempt        integer NOT NULL,
    round          integer NOT NULL,
    level          integer NOT NULL,
    urges          integer NOT NULL,
    lead           text,
    scored         text,
    standard       text,
    copies         jsonb NOT NULL,
    excluded       jsonb NOT NULL,
    held_because   text,
    due_at         timestamptz,
    closed_as      text,
    closed_at      timestamptz,
    history_length integer NOT NULL
);
COMMENT ON TABLE tracker.case IS 'The living record of one complaint; see docs/lifecycle.md for its states.';
COMMENT ON COLUMN tracker.case.policy IS 'Hash of the bundle its promises are made under; a later bundle never moves them.';
COMMENT ON COLUMN tracker.case.due_at IS 'Due instant of the lead''s latest order.';
-- Complaint ids are ordered by time, so each index also gives the newest first.
CREATE INDEX case_by_number ON tracker.case (number);
CREATE INDEX case_by_district ON tracker.case (district, complaint_id);
CREATE INDEX case_by_category ON tracker.case (category, complaint_id);
CREATE INDEX case_by_lead ON tracker.case (lead, complaint_id);
CREATE INDEX case_open ON tracker.case (state, complaint_id) WHERE state <> 'closed';

CREATE TABLE tracker.work_order (
    complaint_id     uuid NOT NULL,
    order_id         uuid NOT NULL,
    position         integer NOT NULL,
    agency           text NOT NULL,
    role             text NOT NULL CHECK (role IN ('lead', 'assist')),
    round            integer NOT NULL,
    attempt          integer NOT NULL,
    standard         text NOT NULL,
    scored           text NOT NULL,
    category         text,
    district         text,
    state            text NOT NULL
        CHECK (state IN ('dispatched', 'signed', 'resolved', 'returned', 'recalled')),
    dispatched_at    timestamptz NOT NULL,
    sign_due_at      timestamptz,
    at_risk_at       timestamptz NOT NULL,
    due_at           timestamptz NOT NULL,
    is_provisional   boolean NOT NULL,
    timeline         jsonb NOT NULL,
    signed_at        timestamptz,
    ended_at         timestamptz,
    answer           text,
    is_on_time       boolean,
    sign_breached_at timestamptz,
    warned_at        timestamptz,
    breached_at      timestamptz,
    PRIMARY KEY (complaint_id, order_id)
);
COMMENT ON TABLE tracker.work_order IS 'What one agency has to do about a case in one round.';
COMMENT ON COLUMN tracker.work_order.timeline IS 'Steps that add up to due_at and say why.';
-- Only the open ones' indexes change, when an order ends; signing touches none.
CREATE INDEX work_order_by_agency ON tracker.work_order (agency, due_at, order_id);
CREATE INDEX work_order_open_by_agency ON tracker.work_order (agency, due_at, order_id)
    WHERE ended_at IS NULL;
CREATE INDEX work_order_open ON tracker.work_order (due_at, order_id) WHERE ended_at IS NULL;
CREATE INDEX work_order_by_dispatch ON tracker.work_order (dispatched_at);

CREATE TABLE tracker.callback (
    complaint_id uuid NOT NULL,
    callback_id  uuid NOT NULL,
    order_id     uuid NOT NULL,
    round        integer NOT NULL,
    agency       text NOT NULL,
    scored       text NOT NULL,
    category     text,
    district     text,
    answer       text NOT NULL,
    state        text NOT NULL CHECK (state IN ('waiting', 'asked', 'answered', 'lapsed', 'dropped')),
    resolved_at  timestamptz NOT NULL,
    lapses_at    timestamptz NOT NULL,
    asked_at     timestamptz,
    ended_at     timestamptz,
    answered_by  text,
    is_contacted boolean,
    is_solved    boolean,
    satisfaction text,
    lapse_reason text,
    PRIMARY KEY (complaint_id, callback_id)
);
COMMENT ON TABLE tracker.callback IS 'What was asked of the citizen, and the verdict: the source of the three rates.';
-- The rates of a month are read from the index alone.
CREATE INDEX callback_by_end ON tracker.callback (ended_at)
    INCLUDE (scored, category, district, state, is_contacted, is_solved, satisfaction, lapse_reason)
    WHERE ended_at IS NOT NULL;

CREATE TABLE tracker.history (
    complaint_id uuid NOT NULL,
    position     integer NOT NULL,
    at           timestamptz NOT NULL,
    kind         text NOT NULL,
    detail       jsonb NOT NULL,
    cause        uuid,
    PRIMARY KEY (complaint_id, position)
);
COMMENT ON TABLE tracker.history IS 'All that was said about a case, also what counted for nothing (detail.ignored says why).';
COMMENT ON COLUMN tracker.history.cause IS 'The event that led to it; NULL where time did.';
