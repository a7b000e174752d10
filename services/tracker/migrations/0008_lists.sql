-- Lists of orders and cases stay quick beside a million that have ended (benchmarks/tracker.py).
-- None looks at an order's state, which signing changes: no index may change then.

CREATE INDEX work_order_by_due ON tracker.work_order (due_at, order_id);
CREATE INDEX work_order_by_district ON tracker.work_order (district, due_at, order_id);
CREATE INDEX work_order_by_category ON tracker.work_order (category, due_at, order_id);
CREATE INDEX work_order_open_by_category ON tracker.work_order (category, due_at, order_id)
    WHERE ended_at IS NULL;
-- Returned or recalled: it ended, and nobody judges whether in time.
CREATE INDEX work_order_taken_back ON tracker.work_order (due_at, order_id)
    WHERE ended_at IS NOT NULL AND is_on_time IS NULL;
CREATE INDEX case_answered ON tracker.case (complaint_id) WHERE state = 'answered';
