-- Notices are listed newest first, with and without a state, however many there are.

CREATE INDEX notice_newest ON notifier.notice (planned_at DESC, notice_id DESC);
CREATE INDEX notice_newest_by_state ON notifier.notice (state, planned_at DESC, notice_id DESC);
DROP INDEX notifier.notice_state;
