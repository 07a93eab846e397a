-- One schema for SQLite and PostgreSQL. Three types only: BIGINT, TEXT and BYTEA. SQLite does not know
-- BYTEA; it gives such a column numeric affinity, which leaves blobs as they are. Instants are
-- microseconds since 1970 in UTC, truth is 0 or 1, hashes are hexadecimal text, lists are JSON text.

-- Rows that writers lock first: what comes after is then decided by one writer at a time.
CREATE TABLE counter (
    name TEXT NOT NULL PRIMARY KEY,
    value BIGINT NOT NULL
);
INSERT INTO counter (name, value) VALUES ('bucket', 0), ('release', 0);

CREATE TABLE run (
    run TEXT NOT NULL PRIMARY KEY,
    principal TEXT NOT NULL,
    action TEXT NOT NULL,
    purpose TEXT,
    job TEXT NOT NULL,
    statement TEXT,
    started BIGINT NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('open', 'complete', 'fail', 'refused', 'abandoned')),
    error_code TEXT,
    rows_in BIGINT,
    rows_out BIGINT,
    rows_quarantined BIGINT,
    bytes_out BIGINT,
    duration_ms BIGINT,
    finished BIGINT
);
CREATE INDEX run_by_start ON run (started, run);
CREATE INDEX run_by_principal ON run (principal, started);
CREATE INDEX run_by_status ON run (status, started);

CREATE TABLE decision (
    run TEXT NOT NULL REFERENCES run (run),
    position BIGINT NOT NULL,
    allowed BIGINT NOT NULL,
    dataset TEXT,
    reason TEXT NOT NULL,
    factors TEXT NOT NULL,
    policy_version TEXT NOT NULL,
    PRIMARY KEY (run, position)
);
CREATE INDEX decision_by_dataset ON decision (dataset, run);

CREATE TABLE decision_column (
    run TEXT NOT NULL,
    decision BIGINT NOT NULL,
    position BIGINT NOT NULL,
    column_name TEXT NOT NULL,
    level TEXT,
    factors TEXT NOT NULL,
    PRIMARY KEY (run, decision, position),
    FOREIGN KEY (run, decision) REFERENCES decision (run, position)
);

CREATE TABLE run_dataset (
    run TEXT NOT NULL REFERENCES run (run),
    side TEXT NOT NULL CHECK (side IN ('input', 'output')),
    position BIGINT NOT NULL,
    dataset TEXT NOT NULL,
    version BIGINT NOT NULL,
    PRIMARY KEY (run, side, position)
);
CREATE INDEX run_dataset_by_dataset ON run_dataset (dataset, run);

CREATE TABLE lineage_edge (
    run TEXT NOT NULL REFERENCES run (run),
    position BIGINT NOT NULL,
    from_namespace TEXT NOT NULL,
    from_name TEXT NOT NULL,
    from_field TEXT NOT NULL,
    to_namespace TEXT NOT NULL,
    to_name TEXT NOT NULL,
    to_field TEXT NOT NULL,
    transformation TEXT NOT NULL,
    masking BIGINT NOT NULL,
    PRIMARY KEY (run, position)
);
CREATE INDEX lineage_edge_by_source ON lineage_edge (from_name, from_field, from_namespace);
CREATE INDEX lineage_edge_by_target ON lineage_edge (to_name, to_field, to_namespace);

CREATE TABLE bucket_key (
    bucket BIGINT NOT NULL PRIMARY KEY,
    wrapped BYTEA NOT NULL
);

CREATE TABLE data_key (
    subject BYTEA NOT NULL PRIMARY KEY,
    bucket BIGINT NOT NULL REFERENCES bucket_key (bucket),
    wrapped BYTEA NOT NULL
);
CREATE INDEX data_key_by_bucket ON data_key (bucket);

-- What each scope has spent: always the sum over release_scope, which verifying the log checks.
CREATE TABLE budget_scope (
    scope TEXT NOT NULL PRIMARY KEY,
    partner TEXT,
    rho_nano BIGINT NOT NULL CHECK (rho_nano >= 0),
    delta_atto BIGINT NOT NULL CHECK (delta_atto >= 0)
);
CREATE INDEX budget_scope_by_partner ON budget_scope (partner);

CREATE TABLE release (
    release BIGINT NOT NULL PRIMARY KEY,
    run TEXT NOT NULL REFERENCES run (run),
    partner TEXT NOT NULL,
    query_key TEXT NOT NULL,
    rho_nano BIGINT NOT NULL CHECK (rho_nano >= 0),
    delta_atto BIGINT NOT NULL CHECK (delta_atto >= 0),
    state TEXT NOT NULL CHECK (state IN ('reserved', 'committed', 'burned')),
    reserved BIGINT NOT NULL,
    committed BIGINT,
    answer BYTEA
);
CREATE INDEX release_by_run ON release (run);
-- One question has one answer: a second one is not even a row.
CREATE UNIQUE INDEX release_by_query_key ON release (query_key) WHERE state IN ('reserved', 'committed');

CREATE TABLE release_scope (
    release BIGINT NOT NULL REFERENCES release (release),
    scope TEXT NOT NULL REFERENCES budget_scope (scope),
    PRIMARY KEY (release, scope)
);
CREATE INDEX release_scope_by_scope ON release_scope (scope);

-- The Merkle log (RFC 6962) over closed runs. The head holds the roots of the perfect subtrees, largest
-- first, so that appending a leaf reads no other.
CREATE TABLE audit_leaf (
    leaf BIGINT NOT NULL PRIMARY KEY,
    run TEXT NOT NULL UNIQUE REFERENCES run (run),
    hash TEXT NOT NULL
);

CREATE TABLE audit_head (
    head BIGINT NOT NULL PRIMARY KEY CHECK (head = 1),
    size BIGINT NOT NULL,
    root TEXT NOT NULL,
    frontier TEXT NOT NULL
);
INSERT INTO audit_head (head, size, root, frontier)
VALUES (1, 0, 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855', '');
