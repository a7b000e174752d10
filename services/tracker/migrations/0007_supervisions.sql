-- The list of what must be seen to (督办): only the open ones, so it stays small.

CREATE INDEX supervision_open ON tracker.supervision (opened_at, supervision_id)
    WHERE closed_at IS NULL;
CREATE INDEX supervision_open_by_raised_to
    ON tracker.supervision (raised_to, opened_at, supervision_id) WHERE closed_at IS NULL;
CREATE INDEX supervision_open_by_agency
    ON tracker.supervision (agency, opened_at, supervision_id) WHERE closed_at IS NULL;
CREATE INDEX supervision_open_by_because
    ON tracker.supervision (because, opened_at, supervision_id) WHERE closed_at IS NULL;

-- Cases that were held before anybody watched over them get their clock now, as long as a city
-- that says nothing gives them. Cases held from now on get theirs as they are held.
INSERT INTO tracker.deadline (key, subject, kind, due_at)
SELECT complaint_id, complaint_id, 'unassigned', now() + interval '24 hours'
FROM tracker.case WHERE state = 'held'
ON CONFLICT DO NOTHING;
