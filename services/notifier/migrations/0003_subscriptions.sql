-- What of an agency's events an endpoint wants, in which form, how fast, how signed.

ALTER TABLE notifier.endpoint
    ADD COLUMN divisions   text[] NOT NULL DEFAULT '{}',
    ADD COLUMN categories  text[] NOT NULL DEFAULT '{}',
    ADD COLUMN filter      text,
    ADD COLUMN payload     text NOT NULL DEFAULT 'full'
                           CHECK (payload IN ('full', 'thin', 'open311')),
    ADD COLUMN is_ordered  boolean NOT NULL DEFAULT true,
    ADD COLUMN rate_per_s  double precision CHECK (rate_per_s BETWEEN 0.1 AND 1000),
    ADD COLUMN concurrency integer CHECK (concurrency BETWEEN 1 AND 64),
    ADD COLUMN signature   text NOT NULL DEFAULT 'v1' CHECK (signature IN ('v1', 'v1a')),
    ADD COLUMN public_key  text;
COMMENT ON COLUMN notifier.endpoint.divisions IS 'District or street codes; empty: anywhere.';
COMMENT ON COLUMN notifier.endpoint.categories IS 'With those below them; empty: all.';
COMMENT ON COLUMN notifier.endpoint.filter IS 'JMESPath over the envelope.';
COMMENT ON COLUMN notifier.endpoint.public_key IS 'Of v1a, as receivers verify with it (whpk_...).';

ALTER TABLE notifier.event
    ADD COLUMN payload text NOT NULL DEFAULT 'full',
    DROP CONSTRAINT event_pkey,
    ADD PRIMARY KEY (complaint_id, sequence, payload);
COMMENT ON TABLE notifier.event IS 'What is sent, once for each form however many endpoints get it.';

ALTER TABLE notifier.delivery ADD COLUMN payload text NOT NULL DEFAULT 'full';
COMMENT ON COLUMN notifier.delivery.payload IS 'In which form, as the endpoint had it when the event came.';

-- Finds what an endpoint answered, success apart: a success is found at once without an index.
CREATE INDEX delivery_by_status ON notifier.delivery
    (((history -> -1 ->> 'status')::integer), delivery_id)
    WHERE state <> 'delivered' AND history -> -1 ->> 'status' IS NOT NULL;
