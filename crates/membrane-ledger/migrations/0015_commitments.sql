-- The leaf of a run has a commitment to its statement in place of its text, so that the text can be forgotten: with its salt. Runs from before
-- have none, and their leaves the text.
ALTER TABLE run ADD COLUMN statement_salt TEXT;
ALTER TABLE run ADD COLUMN statement_commitment TEXT;
-- What was signed and published of the log: so many leaves, with this root.
CREATE TABLE audit_published (
    size BIGINT NOT NULL PRIMARY KEY,
    root TEXT NOT NULL,
    published BIGINT NOT NULL
);
