-- Time that an order was given: pauses, extensions, deferrals, and what is asked for. Also the
-- first contact with the citizen, who sees to a case (督办), and verdicts that count nowhere.

ALTER TABLE tracker.work_order
    DROP CONSTRAINT work_order_state_check,
    ADD CONSTRAINT work_order_state_check CHECK (state IN
        ('dispatched', 'signed', 'paused', 'deferred', 'resolved', 'returned', 'recalled')),
    ADD COLUMN contact_due_at      timestamptz,
    ADD COLUMN contacted_at        timestamptz,
    ADD COLUMN contact_breached_at timestamptz,
    ADD COLUMN ledger              jsonb NOT NULL DEFAULT '[]',
    ADD COLUMN extensions          jsonb NOT NULL DEFAULT '[]',
    ADD COLUMN requests            jsonb NOT NULL DEFAULT '[]';
COMMENT ON COLUMN tracker.work_order.ledger IS 'Intervals in which its clock stood still: since, until, reason, approved_by.';
COMMENT ON COLUMN tracker.work_order.due_at IS 'In a pause: when it will be due if the pause lasts as long as was granted.';
COMMENT ON COLUMN tracker.work_order.requests IS 'What its agency asked for and nobody has decided.';
-- What waits for an officer, and the register of what can't be solved yet (挂账): both small.
CREATE INDEX work_order_asking ON tracker.work_order (due_at, order_id) WHERE requests <> '[]';
-- Neither looks at the state, so that signing still touches no index.
CREATE INDEX work_order_relieved ON tracker.work_order (due_at, order_id)
    WHERE ended_at IS NULL AND ledger <> '[]';

ALTER TABLE tracker.callback
    ADD COLUMN excluded_because text,
    ADD COLUMN excluded_by      text,
    ADD COLUMN excluded_at      timestamptz,
    ADD COLUMN exclusion_note   text;
COMMENT ON COLUMN tracker.callback.excluded_because IS 'Why the verdict counts in no rate (剔除); NULL where it counts.';

ALTER TABLE tracker.case ADD COLUMN supervisions integer NOT NULL DEFAULT 0;
COMMENT ON COLUMN tracker.case.supervisions IS 'How many it has had; most have none, and then none are read.';

CREATE TABLE tracker.supervision (
    complaint_id    uuid NOT NULL,
    supervision_id  uuid NOT NULL,
    position        integer NOT NULL,
    because         text NOT NULL,
    level           integer NOT NULL,
    raised_to       text NOT NULL,
    order_id        uuid,
    agency          text,
    opened_at       timestamptz NOT NULL,
    closed_at       timestamptz,
    closed_because  text,
    PRIMARY KEY (complaint_id, supervision_id)
);
COMMENT ON TABLE tracker.supervision IS 'Who above an agency sees to a case (督办), and why.';
