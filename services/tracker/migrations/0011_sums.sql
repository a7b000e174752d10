-- Sums of the assessment months (docs/rates.md), so that a figure's cost doesn't grow with what
-- it counts. Triggers note every change of a counted row in its own transaction; a background
-- round folds the notes into the sums (adapters/tallies.py), and until then a reader adds them.
-- Triggers, because only the row knows its place and kind: a case's may change after its orders'.

CREATE TABLE tracker.tally_period (
    period_id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    begins_at timestamptz NOT NULL,
    ends_at   timestamptz NOT NULL,
    UNIQUE (begins_at, ends_at)
);
COMMENT ON TABLE tracker.tally_period IS 'Periods whose sums are kept; any other is counted row by row.';

CREATE TABLE tracker.tally (
    period_id        integer NOT NULL REFERENCES tracker.tally_period ON DELETE CASCADE,
    part             text NOT NULL CHECK (part IN ('agency', 'district', 'street', 'category')),
    key              text NOT NULL,
    ended            integer NOT NULL,
    valid            integer NOT NULL,
    contacted        integer NOT NULL,
    solved           integer NOT NULL,
    satisfied        integer NOT NULL,
    basically        integer NOT NULL,
    no_contact       integer NOT NULL,
    no_answer        integer NOT NULL,
    not_asked        integer NOT NULL,
    withdrawn        integer NOT NULL,
    dispatched       integer NOT NULL,
    led              integer NOT NULL,
    resolved_on_time integer NOT NULL,
    resolved_late    integer NOT NULL,
    taken_back       integer NOT NULL,
    breached         integer NOT NULL,
    PRIMARY KEY (period_id, part, key)
) WITH (fillfactor = 70);
COMMENT ON TABLE tracker.tally IS 'A period''s counts by each thing that figures are grouped by.';
COMMENT ON COLUMN tracker.tally.key IS 'Empty: of rows without one. Verdicts count for the scored agency, orders for the one that had them.';
COMMENT ON COLUMN tracker.tally.ended IS 'Call-backs that ended, whether or not they count in a rate.';
COMMENT ON COLUMN tracker.tally.led IS 'Orders dispatched to the lead.';

CREATE TABLE tracker.tally_mix (
    period_id integer NOT NULL REFERENCES tracker.tally_period ON DELETE CASCADE,
    part      text NOT NULL CHECK (part IN ('agency', 'district', 'street')),
    key       text NOT NULL,
    category  text NOT NULL,
    valid     integer NOT NULL,
    PRIMARY KEY (period_id, part, key, category)
) WITH (fillfactor = 80);
COMMENT ON TABLE tracker.tally_mix IS 'Valid verdicts of a period by group and category: how hard a group''s matters were.';

-- No index: it is emptied all the time, and read whole.
CREATE TABLE tracker.tally_change (
    at               timestamptz NOT NULL,
    agency           text NOT NULL,
    district         text NOT NULL,
    street           text NOT NULL,
    category         text NOT NULL,
    ended            integer NOT NULL DEFAULT 0,
    valid            integer NOT NULL DEFAULT 0,
    contacted        integer NOT NULL DEFAULT 0,
    solved           integer NOT NULL DEFAULT 0,
    satisfied        integer NOT NULL DEFAULT 0,
    basically        integer NOT NULL DEFAULT 0,
    no_contact       integer NOT NULL DEFAULT 0,
    no_answer        integer NOT NULL DEFAULT 0,
    not_asked        integer NOT NULL DEFAULT 0,
    withdrawn        integer NOT NULL DEFAULT 0,
    dispatched       integer NOT NULL DEFAULT 0,
    led              integer NOT NULL DEFAULT 0,
    resolved_on_time integer NOT NULL DEFAULT 0,
    resolved_late    integer NOT NULL DEFAULT 0,
    taken_back       integer NOT NULL DEFAULT 0,
    breached         integer NOT NULL DEFAULT 0
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000);
COMMENT ON TABLE tracker.tally_change IS 'What a committed change adds to the sums and no round has folded into them yet.';
COMMENT ON COLUMN tracker.tally_change.at IS 'Of a call-back its end, of an order its dispatch: the instant whose period it counts in.';

CREATE FUNCTION tracker.tally_verdict(r tracker.callback, sign integer) RETURNS void
LANGUAGE sql AS $$
    INSERT INTO tracker.tally_change (at, agency, district, street, category, ended, valid,
        contacted, solved, satisfied, basically, no_contact, no_answer, not_asked, withdrawn)
    SELECT r.ended_at, coalesce(r.scored, ''), coalesce(r.district, ''),
        coalesce(r.street, ''), coalesce(r.category, ''),
        sign,
        CASE WHEN is_valid THEN sign ELSE 0 END,
        CASE WHEN is_valid AND r.is_contacted THEN sign ELSE 0 END,
        CASE WHEN is_valid AND r.is_solved THEN sign ELSE 0 END,
        CASE WHEN is_valid AND r.satisfaction = 'satisfied' THEN sign ELSE 0 END,
        CASE WHEN is_valid AND r.satisfaction = 'basically' THEN sign ELSE 0 END,
        CASE WHEN has_lapsed AND r.lapse_reason = 'no-contact' THEN sign ELSE 0 END,
        CASE WHEN has_lapsed AND coalesce(r.lapse_reason, '')
            NOT IN ('no-contact', 'not-sampled') THEN sign ELSE 0 END,
        CASE WHEN has_lapsed AND r.lapse_reason = 'not-sampled' THEN sign ELSE 0 END,
        CASE WHEN r.state = 'dropped' THEN sign ELSE 0 END
    FROM (SELECT r.state = 'answered' AND r.excluded_because IS NULL AS is_valid,
        r.state = 'lapsed' AS has_lapsed) AS counted
    WHERE r.ended_at IS NOT NULL
$$;

CREATE FUNCTION tracker.tally_order(r tracker.work_order, sign integer) RETURNS void
LANGUAGE sql AS $$
    INSERT INTO tracker.tally_change (at, agency, district, street, category, dispatched, led,
        resolved_on_time, resolved_late, taken_back, breached)
    SELECT r.dispatched_at, coalesce(r.agency, ''), coalesce(r.district, ''),
        coalesce(r.street, ''), coalesce(r.category, ''),
        sign,
        CASE WHEN r.role = 'lead' THEN sign ELSE 0 END,
        CASE WHEN r.is_on_time THEN sign ELSE 0 END,
        CASE WHEN NOT r.is_on_time THEN sign ELSE 0 END,
        CASE WHEN r.ended_at IS NOT NULL AND r.is_on_time IS NULL THEN sign ELSE 0 END,
        CASE WHEN r.breached_at IS NOT NULL THEN sign ELSE 0 END
$$;

CREATE FUNCTION tracker.note_verdict() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'INSERT' THEN PERFORM tracker.tally_verdict(OLD, -1); END IF;
    IF TG_OP <> 'DELETE' THEN PERFORM tracker.tally_verdict(NEW, 1); END IF;
    RETURN NULL;
END $$;

CREATE FUNCTION tracker.note_order() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'INSERT' THEN PERFORM tracker.tally_order(OLD, -1); END IF;
    IF TG_OP <> 'DELETE' THEN PERFORM tracker.tally_order(NEW, 1); END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER tally_added AFTER INSERT ON tracker.callback
    FOR EACH ROW WHEN (NEW.ended_at IS NOT NULL) EXECUTE FUNCTION tracker.note_verdict();
CREATE TRIGGER tally_changed AFTER UPDATE ON tracker.callback
    FOR EACH ROW WHEN (
        (OLD.ended_at, OLD.state, OLD.excluded_because, OLD.is_contacted, OLD.is_solved,
            OLD.satisfaction, OLD.lapse_reason,
            OLD.scored, OLD.district, OLD.street, OLD.category)
        IS DISTINCT FROM
        (NEW.ended_at, NEW.state, NEW.excluded_because, NEW.is_contacted, NEW.is_solved,
            NEW.satisfaction, NEW.lapse_reason,
            NEW.scored, NEW.district, NEW.street, NEW.category)
        AND (OLD.ended_at IS NOT NULL OR NEW.ended_at IS NOT NULL))
    EXECUTE FUNCTION tracker.note_verdict();
CREATE TRIGGER tally_removed AFTER DELETE ON tracker.callback
    FOR EACH ROW WHEN (OLD.ended_at IS NOT NULL) EXECUTE FUNCTION tracker.note_verdict();

CREATE TRIGGER tally_added AFTER INSERT ON tracker.work_order
    FOR EACH ROW EXECUTE FUNCTION tracker.note_order();
-- Signing changes none of these, as it changes no index.
CREATE TRIGGER tally_changed AFTER UPDATE ON tracker.work_order
    FOR EACH ROW WHEN (
        (OLD.ended_at IS NULL, OLD.is_on_time, OLD.breached_at IS NULL, OLD.role,
            OLD.dispatched_at, OLD.agency, OLD.district, OLD.street, OLD.category)
        IS DISTINCT FROM
        (NEW.ended_at IS NULL, NEW.is_on_time, NEW.breached_at IS NULL, NEW.role,
            NEW.dispatched_at, NEW.agency, NEW.district, NEW.street, NEW.category))
    EXECUTE FUNCTION tracker.note_order();
CREATE TRIGGER tally_removed AFTER DELETE ON tracker.work_order
    FOR EACH ROW EXECUTE FUNCTION tracker.note_order();
