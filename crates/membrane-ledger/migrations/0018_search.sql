-- Runs are looked for by what they were about. The id of a run begins with the millisecond in which it started: an index that ends in it is in the
-- order of time.
CREATE INDEX run_by_who ON run (principal, run);
CREATE INDEX run_by_delegator ON run (on_behalf_of, run) WHERE on_behalf_of IS NOT NULL;
CREATE INDEX run_by_action ON run (action, run);
CREATE INDEX run_by_purpose ON run (purpose, run) WHERE purpose IS NOT NULL;
CREATE INDEX run_by_failure ON run (status, run) WHERE status IN ('fail', 'refused', 'abandoned');

-- Which columns closed runs took, and at which level they were permitted to; the empty word where nothing was decided about a column. It is made of
-- edges and decisions before somebody looks for runs, leaf by leaf of the log, so that closing a run takes no longer; it can be made anew.
CREATE TABLE column_read (
    run TEXT NOT NULL,
    dataset TEXT NOT NULL,
    column_name TEXT NOT NULL,
    level TEXT NOT NULL,
    PRIMARY KEY (run, dataset, column_name)
);
CREATE INDEX column_read_by_column ON column_read (column_name, level, run, dataset);
CREATE INDEX column_read_by_dataset ON column_read (dataset, level, run);

-- How many leaves it was made of.
CREATE TABLE column_read_mark (
    mark BIGINT NOT NULL PRIMARY KEY CHECK (mark = 1),
    leaves BIGINT NOT NULL
);
INSERT INTO column_read_mark (mark, leaves) VALUES (1, 0);
