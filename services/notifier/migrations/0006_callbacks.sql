-- Call-backs by several channels, and the calls that operators make.

ALTER TABLE notifier.callback
    ADD COLUMN place           integer NOT NULL DEFAULT 0,
    ADD COLUMN extra           integer NOT NULL DEFAULT 0,
    ADD COLUMN is_aside        boolean NOT NULL DEFAULT false,
    ADD COLUMN is_number_wrong boolean NOT NULL DEFAULT false,
    ADD COLUMN open_until      timestamptz,
    ADD COLUMN claimed_by      uuid,
    ADD COLUMN claimed_until   timestamptz,
    DROP CONSTRAINT callback_state_check,
    ADD CONSTRAINT callback_state_check
        CHECK (state IN ('due', 'waiting', 'callable', 'lapsed', 'cancelled'));
-- One attempt of the plan was made for each that was counted.
UPDATE notifier.callback SET place = attempts;
CREATE UNIQUE INDEX callback_by_id ON notifier.callback (callback_id);
CREATE INDEX callback_callable ON notifier.callback (lapses_at, callback_id)
    WHERE state = 'callable';
COMMENT ON COLUMN notifier.callback.place IS 'Of the next attempt in the policy''s plan.';
COMMENT ON COLUMN notifier.callback.extra IS 'Calls beyond the plan that a supervisor ordered.';
COMMENT ON COLUMN notifier.callback.is_aside IS 'The next attempt is a call outside the plan.';
COMMENT ON COLUMN notifier.callback.open_until IS 'Until when an operator may take the call on.';
COMMENT ON COLUMN notifier.callback.claimed_by IS 'Key of the operator who took it on.';

CREATE TABLE notifier.callback_call (
    complaint_id uuid NOT NULL,
    callback_id  uuid NOT NULL,
    attempt      integer NOT NULL,
    at           timestamptz NOT NULL,
    operator     uuid NOT NULL,
    outcome      text NOT NULL
                 CHECK (outcome IN ('no-answer', 'busy', 'wrong-number', 'refused', 'later')),
    note         text,
    PRIMARY KEY (complaint_id, callback_id, attempt)
);
CREATE INDEX callback_call_by_callback ON notifier.callback_call (callback_id);
COMMENT ON TABLE notifier.callback_call IS 'Operators'' calls that brought no answers; what a citizen says is recorded by intake.';
COMMENT ON COLUMN notifier.callback_call.operator IS 'Of the key.';
COMMENT ON COLUMN notifier.callback_call.note IS 'For whoever calls next; no name, no number.';

ALTER TABLE notifier.complaint ADD COLUMN is_always_asked boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN notifier.complaint.is_always_asked IS 'Supervised or secret: its call-backs are never left out of a sample.';
