-- What was published and granted: signed texts that runs brought about. The leaf of a run names each by its hash.
CREATE TABLE document (
    kind TEXT NOT NULL,
    number BIGINT NOT NULL,
    run TEXT NOT NULL REFERENCES run (run),
    body TEXT NOT NULL,
    signature TEXT NOT NULL,
    PRIMARY KEY (kind, number)
);
CREATE INDEX document_by_run ON document (run);

-- Files that documents name by their SHA-256.
CREATE TABLE document_file (
    sha256 TEXT NOT NULL PRIMARY KEY,
    body TEXT NOT NULL
);

-- Sealed cells that were opened for a run's answer.
ALTER TABLE run ADD COLUMN cells_opened BIGINT;

-- Look-ups and uses of break-glass are counted by their reason.
CREATE INDEX decision_by_reason ON decision (reason);
