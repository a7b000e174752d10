-- Disputes about whose a case is: who was designated, who handles it meanwhile.

ALTER TABLE tracker.work_order ADD COLUMN tenure text NOT NULL DEFAULT 'ordinary'
    CHECK (tenure IN ('ordinary', 'designated', 'meanwhile'));
COMMENT ON COLUMN tracker.work_order.tenure IS 'How the agency came to hold it: only an ordinary order may be returned.';
