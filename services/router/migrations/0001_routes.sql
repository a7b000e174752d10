-- Where each complaint stands with the router, and every decision about it.
-- Every key begins with the complaint.

CREATE TABLE router.route (
    complaint_id  uuid PRIMARY KEY,
    source        text,
    matter        jsonb NOT NULL,
    outcome       text NOT NULL CHECK (outcome IN ('routed', 'diverted', 'held')),
    first_outcome text NOT NULL CHECK (first_outcome IN ('routed', 'diverted', 'held')),
    category      text,
    decided_by    text CHECK (decided_by IN ('rule', 'fallback', 'operator')),
    decided_at    timestamptz NOT NULL,
    attempt       integer NOT NULL,
    lead          text,
    excluded      jsonb NOT NULL,
    held_reason   text,
    candidates    jsonb NOT NULL,
    explanation   text NOT NULL,
    policy        text NOT NULL,
    decisions     integer NOT NULL,
    CHECK ((outcome = 'held') = (held_reason IS NOT NULL)),
    CHECK ((outcome = 'held') = (decided_by IS NULL)),
    CHECK ((outcome = 'routed') = (lead IS NOT NULL))
);
COMMENT ON TABLE router.route IS 'Current outcome of each complaint: exactly one of routed, diverted, held.';
COMMENT ON COLUMN router.route.source IS 'The system it came from, such as import:haikou; null for calls and the web.';
COMMENT ON COLUMN router.route.matter IS 'As received: a re-route reads it afresh.';
COMMENT ON COLUMN router.route.excluded IS 'Agencies that returned it, in the order in which they did.';
-- Triage shows what has waited longest first, page by page.
CREATE INDEX route_held ON router.route (decided_at, complaint_id) WHERE outcome = 'held';
CREATE INDEX route_by_source ON router.route (source) WHERE source IS NOT NULL;

CREATE TABLE router.route_attempt (
    complaint_id uuid NOT NULL,
    number       integer NOT NULL,
    attempt      integer NOT NULL,
    outcome      text NOT NULL,
    event_id     uuid,
    operator     uuid,
    policy       text NOT NULL,
    decided_at   timestamptz NOT NULL,
    explanation  text NOT NULL,
    decision     jsonb NOT NULL,
    PRIMARY KEY (complaint_id, number)
);
COMMENT ON TABLE router.route_attempt IS 'Every decision ever made about a complaint; nothing is changed or deleted.';
COMMENT ON COLUMN router.route_attempt.event_id IS 'The event that led to it; null for a person''s decision.';
COMMENT ON COLUMN router.route_attempt.operator IS 'Id of the key with which a person decided.';
COMMENT ON COLUMN router.route_attempt.decision IS 'The fact that was told, without the matter.';
