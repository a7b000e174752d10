-- Disputes: why an agency returned a complaint, whose it said it is; and complaints whose case
-- ended before anybody decided.

ALTER TABLE router.route
    DROP CONSTRAINT route_outcome_check,
    DROP CONSTRAINT route_check,
    DROP CONSTRAINT route_check1,
    ADD CONSTRAINT route_outcome_check
        CHECK (outcome IN ('routed', 'diverted', 'held', 'answered', 'closed')),
    ADD CONSTRAINT route_held_has_reason CHECK ((outcome = 'held') = (held_reason IS NOT NULL)),
    ADD CONSTRAINT route_decided_by_somebody
        CHECK ((outcome IN ('held', 'closed')) = (decided_by IS NULL)),
    DROP CONSTRAINT route_decided_by_check,
    ADD CONSTRAINT route_decided_by_check
        CHECK (decided_by IN ('rule', 'fallback', 'operator', 'model'));

ALTER TABLE router.route_attempt
    ADD COLUMN returned_by text,
    ADD COLUMN return_reason text,
    ADD COLUMN suggests text,
    ADD CHECK ((returned_by IS NULL) = (return_reason IS NULL));
COMMENT ON COLUMN router.route_attempt.returned_by IS 'The agency whose return (退单) led to it; null for any other decision.';
COMMENT ON COLUMN router.route_attempt.suggests IS 'The agency whose matter it is, as the returning agency says.';
