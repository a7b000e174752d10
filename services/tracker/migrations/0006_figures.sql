-- What the figures are grouped by and read from: an index alone, whatever else is stored.

ALTER TABLE tracker.callback ADD COLUMN street text;
ALTER TABLE tracker.work_order ADD COLUMN street text;
UPDATE tracker.callback b SET street = c.street FROM tracker.case c
    WHERE c.complaint_id = b.complaint_id AND c.street IS NOT NULL;
UPDATE tracker.work_order o SET street = c.street FROM tracker.case c
    WHERE c.complaint_id = o.complaint_id AND c.street IS NOT NULL;

-- Rates of a period, and page by page the call-backs behind them.
DROP INDEX tracker.callback_by_end;
CREATE INDEX callback_by_end ON tracker.callback (ended_at, callback_id)
    INCLUDE (complaint_id, scored, category, district, street, state, is_contacted, is_solved,
        satisfaction, lapse_reason, excluded_because)
    WHERE ended_at IS NOT NULL;
-- Few are excluded; who approved it is asked for these alone.
CREATE INDEX callback_excluded ON tracker.callback (ended_at) WHERE excluded_because IS NOT NULL;

-- Punctuality of a period. Not the state, which signing changes: no index may change then.
DROP INDEX tracker.work_order_by_dispatch;
CREATE INDEX work_order_by_dispatch ON tracker.work_order (dispatched_at)
    INCLUDE (agency, category, district, street, ended_at, is_on_time, breached_at);
