-- Whether first dispatches stood, and past complaints page by page.

-- What-if reads complaints in the order of their first decision.
CREATE INDEX route_attempt_first ON router.route_attempt (decided_at, complaint_id) WHERE number = 1;

CREATE TABLE router.first_dispatch (
    complaint_id  uuid PRIMARY KEY,
    day           date NOT NULL,
    decided_by    text NOT NULL,
    rule          text NOT NULL,
    agency        text NOT NULL,
    category      text NOT NULL,
    policy        text NOT NULL,
    dispatched_at timestamptz NOT NULL,
    fell          text CHECK (fell IN ('returned', 'reassigned')),
    fell_at       timestamptz,
    fell_number   integer,
    upheld        boolean NOT NULL,
    CHECK ((fell IS NULL) = (fell_at IS NULL)),
    CHECK ((fell IS NULL) = (fell_number IS NULL)),
    CHECK (fell IS NOT NULL OR NOT upheld)
);
COMMENT ON TABLE router.first_dispatch IS 'The first agency each complaint was given to; only the first counts for accuracy.';
COMMENT ON COLUMN router.first_dispatch.day IS 'In the city''s time.';
COMMENT ON COLUMN router.first_dispatch.rule IS 'Empty where no rule decided; so is the category where none was found.';
COMMENT ON COLUMN router.first_dispatch.fell IS 'Null while it stands. Its lead returned it, or it was given to another without.';
COMMENT ON COLUMN router.first_dispatch.fell_number IS 'The decision of route_attempt that took its place.';
COMMENT ON COLUMN router.first_dispatch.upheld IS 'A person gave it to the same agency after all.';
-- The cases of a rule on the error list, the newest first.
CREATE INDEX first_dispatch_fallen ON router.first_dispatch
    (decided_by, rule, day DESC, complaint_id DESC) WHERE fell IS NOT NULL;

CREATE TABLE router.dispatch_tally (
    day        date NOT NULL,
    lane       smallint NOT NULL,
    decided_by text NOT NULL,
    rule       text NOT NULL,
    agency     text NOT NULL,
    category   text NOT NULL,
    dispatched integer NOT NULL,
    returned   integer NOT NULL,
    reassigned integer NOT NULL,
    upheld     integer NOT NULL,
    answered   integer NOT NULL,
    diverted   integer NOT NULL,
    held       integer NOT NULL,
    PRIMARY KEY (day, decided_by, rule, agency, category, lane)
);
COMMENT ON TABLE router.dispatch_tally IS 'Counts by the day of the first dispatch, so that accuracy costs the same however much is stored.';
COMMENT ON COLUMN router.dispatch_tally.lane IS 'Routers at work at the same time count in different lanes, and none waits for another.';
COMMENT ON COLUMN router.dispatch_tally.returned IS 'Of those dispatched on this day, whenever it happened.';
COMMENT ON COLUMN router.dispatch_tally.upheld IS 'Of those returned or reassigned.';
COMMENT ON COLUMN router.dispatch_tally.held IS 'First decisions that were no dispatch; so are answered and diverted.';

-- What was decided before these tables were. The city's time zone isn't known here: days are UTC.
INSERT INTO router.first_dispatch
SELECT first.complaint_id, (first.decided_at AT TIME ZONE 'UTC')::date,
    coalesce(first.decision ->> 'decided_by', 'rule'), coalesce(first.decision ->> 'rule', ''),
    first.decision ->> 'lead', coalesce(route.category, ''), first.policy, first.decided_at,
    CASE WHEN next.attempt > first.attempt THEN 'returned'
         WHEN next.number IS NOT NULL THEN 'reassigned' END,
    next.decided_at, next.number, next.number IS NOT NULL
        AND route.decided_by = 'operator' AND route.lead = first.decision ->> 'lead'
FROM (
    SELECT DISTINCT ON (complaint_id) * FROM router.route_attempt
    WHERE outcome = 'routed' ORDER BY complaint_id, number
) AS first
JOIN router.route USING (complaint_id)
LEFT JOIN router.route_attempt AS next
    ON next.complaint_id = first.complaint_id AND next.number = first.number + 1;

INSERT INTO router.dispatch_tally
SELECT day, 0, decided_by, rule, agency, category, count(*),
    count(*) FILTER (WHERE fell = 'returned'), count(*) FILTER (WHERE fell = 'reassigned'),
    count(*) FILTER (WHERE upheld), 0, 0, 0
FROM router.first_dispatch GROUP BY day, decided_by, rule, agency, category;

INSERT INTO router.dispatch_tally
SELECT (first.decided_at AT TIME ZONE 'UTC')::date, 0, coalesce(first.decision ->> 'decided_by', ''),
    coalesce(first.decision ->> 'rule', ''), '', coalesce(route.category, ''), 0, 0, 0, 0, 0,
    count(*) FILTER (WHERE first.outcome = 'diverted'), count(*) FILTER (WHERE first.outcome = 'held')
FROM router.route_attempt AS first JOIN router.route USING (complaint_id)
WHERE first.number = 1 AND first.outcome <> 'routed'
GROUP BY 1, 2, 3, 4, 5, 6;
