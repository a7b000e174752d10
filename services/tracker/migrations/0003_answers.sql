-- Cases that an answer settled: closed, and open again as soon as the citizen asks on.

ALTER TABLE tracker.case
    DROP CONSTRAINT case_state_check,
    ADD CONSTRAINT case_state_check
        CHECK (state IN ('held', 'handling', 'resolved', 'answered', 'closed')),
    DROP CONSTRAINT case_outcome_check,
    ADD CONSTRAINT case_outcome_check
        CHECK (outcome IN ('routed', 'held', 'diverted', 'answered'));

DROP INDEX tracker.case_open;
CREATE INDEX case_open ON tracker.case (state, complaint_id)
    WHERE state NOT IN ('answered', 'closed');
