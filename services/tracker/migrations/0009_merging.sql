-- Like complaints of different people that are handled together (并单), each with its own call-back.

ALTER TABLE tracker.case
    DROP CONSTRAINT case_state_check,
    ADD CONSTRAINT case_state_check
        CHECK (state IN ('held', 'handling', 'resolved', 'merged', 'answered', 'closed')),
    ADD COLUMN merged_into uuid,
    ADD COLUMN followers   jsonb NOT NULL DEFAULT '[]';
COMMENT ON COLUMN tracker.case.merged_into IS 'The complaint it follows or last followed; its end sets the deadline `follow`.';
COMMENT ON COLUMN tracker.case.followers IS 'Complaints that were merged into this one; some may follow it no more.';
-- `case_open` holds merged cases as it is: they are neither answered nor closed.
