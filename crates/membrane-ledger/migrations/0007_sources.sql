-- Where sources stand. Positions that decide what is taken in lie in the tables' own logs; this is what operators see, and
-- what saves looking at a file again.
CREATE TABLE source (
    source TEXT NOT NULL PRIMARY KEY,
    paused BIGINT,
    paused_by TEXT,
    holder TEXT,
    held_until BIGINT,
    looked BIGINT,
    waiting BIGINT,
    fault TEXT,
    failures BIGINT NOT NULL,
    run TEXT
);

-- Files by keyed hashes of their names: a file may be called after somebody. The state is a keyed hash too.
CREATE TABLE source_file (
    source TEXT NOT NULL,
    file TEXT NOT NULL,
    state TEXT NOT NULL,
    fault TEXT,
    tries BIGINT NOT NULL,
    run TEXT,
    seen BIGINT NOT NULL,
    PRIMARY KEY (source, file)
);

-- What became of each delivery: the history of quality.
CREATE TABLE delivery (
    run TEXT NOT NULL PRIMARY KEY REFERENCES run (run),
    dataset TEXT NOT NULL,
    source TEXT,
    ended BIGINT NOT NULL,
    rows_in BIGINT NOT NULL,
    rows_accepted BIGINT NOT NULL,
    rows_quarantined BIGINT NOT NULL,
    reasons TEXT NOT NULL
);
CREATE INDEX delivery_by_dataset ON delivery (dataset, ended);

-- What a replay of a quarantine is about to do: which rows go, so that whoever finds it half done can end it. One at a time for
-- each dataset.
CREATE TABLE replay (
    dataset TEXT NOT NULL PRIMARY KEY,
    holder TEXT,
    held_until BIGINT,
    version BIGINT,
    files TEXT,
    taken BYTEA
);
