-- What a complaint is about decides who is told of it, and whose it is whom to tell.

ALTER TABLE notifier.complaint
    ADD COLUMN number   text,
    ADD COLUMN category text,
    ADD COLUMN district text,
    ADD COLUMN street   text,
    ADD COLUMN reporter text,
    ADD COLUMN language text;
COMMENT ON COLUMN notifier.complaint.reporter IS 'Token of the person in the vault; never a name or a number.';
