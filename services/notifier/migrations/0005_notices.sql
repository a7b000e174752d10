-- What people are told, and what became of it; no name, no number, no finished text.

ALTER TABLE notifier.complaint ADD COLUMN told jsonb NOT NULL DEFAULT '{}';
COMMENT ON COLUMN notifier.complaint.told IS 'How often each notice was planned: the next one''s occurrence is one more.';

CREATE TABLE notifier.notice (
    complaint_id uuid NOT NULL,
    notice       text NOT NULL,
    occurrence   integer NOT NULL,
    notice_id    uuid NOT NULL,
    cause_id     uuid NOT NULL UNIQUE,
    reporter     text NOT NULL,
    language     text,
    number       text NOT NULL,
    said         jsonb NOT NULL,
    sequence     integer NOT NULL,
    state        text NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'sent', 'failed')),
    planned_at   timestamptz NOT NULL,
    due_at       timestamptz NOT NULL,
    attempts     integer NOT NULL DEFAULT 0,
    channel      text,
    message_id   uuid,
    reason       text CHECK (reason IN ('no-contact', 'do-not-call', 'failed', 'too-late')),
    finished_at  timestamptz,
    PRIMARY KEY (complaint_id, notice, occurrence)
);
CREATE INDEX notice_due ON notifier.notice (due_at) WHERE state = 'pending';
CREATE INDEX notice_waiting ON notifier.notice (reporter)
    WHERE state = 'pending' AND message_id IS NULL;
CREATE INDEX notice_message ON notifier.notice (message_id) WHERE state = 'pending';
CREATE INDEX notice_state ON notifier.notice (state, planned_at DESC);
CREATE INDEX notice_finished ON notifier.notice (finished_at) WHERE finished_at IS NOT NULL;
COMMENT ON TABLE notifier.notice IS 'One thing to tell one person; its words are made, and the person''s number is asked for, at the moment of sending.';
COMMENT ON COLUMN notifier.notice.cause_id IS 'The event that is told: none is told twice.';
COMMENT ON COLUMN notifier.notice.reporter IS 'Token of the person in the vault.';
COMMENT ON COLUMN notifier.notice.said IS 'What the event said, by the template''s variable.';
COMMENT ON COLUMN notifier.notice.due_at IS 'When anybody may try: the next attempt''s instant, or the end of the lease of the process that is trying.';
COMMENT ON COLUMN notifier.notice.attempts IS 'Made by `channel`; each channel begins anew.';
COMMENT ON COLUMN notifier.notice.message_id IS 'The notice that leads the message it is sent in, since it was first tried; also the reference that the channel is given, again and again.';

CREATE TABLE notifier.alarm (
    alarm_id    uuid PRIMARY KEY,
    endpoint_id uuid NOT NULL,
    agency      text,
    reason      text NOT NULL,
    raised_at   timestamptz NOT NULL,
    due_at      timestamptz NOT NULL
);
CREATE INDEX alarm_due ON notifier.alarm (due_at);
COMMENT ON TABLE notifier.alarm IS 'E-mail that operators are still to get; a row goes when it has gone out.';
