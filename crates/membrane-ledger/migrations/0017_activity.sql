-- What each principal did in each hour (UTC), added up when a run is closed: `day` is counted from 1970-01-01, `hour` from 0. What the hub does by
-- itself (channel `schedule`) is left out. `rows_out` is of reads; `lookups` are exact values that were looked up, `lookups_narrow` those in answers
-- of four rows for each at most, `reads_narrow` reads that gave one row at most.
CREATE TABLE activity (
    principal TEXT NOT NULL,
    day BIGINT NOT NULL,
    hour BIGINT NOT NULL,
    runs BIGINT NOT NULL,
    refused BIGINT NOT NULL,
    cells BIGINT NOT NULL,
    rows_out BIGINT NOT NULL,
    lookups BIGINT NOT NULL,
    lookups_narrow BIGINT NOT NULL,
    reads_narrow BIGINT NOT NULL,
    PRIMARY KEY (principal, day, hour)
);
CREATE INDEX activity_by_day ON activity (day);
-- Runs from before this was kept.
INSERT INTO activity (principal, day, hour, runs, refused, cells, rows_out, lookups, lookups_narrow, reads_narrow)
SELECT r.principal, r.started / 86400000000, (r.started % 86400000000) / 3600000000, COUNT(*),
    CAST(SUM(CASE WHEN r.status = 'refused' THEN 1 ELSE 0 END) AS BIGINT),
    CAST(SUM(COALESCE(r.cells_opened, 0)) AS BIGINT),
    CAST(SUM(CASE WHEN r.action = 'read' THEN COALESCE(r.rows_out, 0) ELSE 0 END) AS BIGINT),
    CAST(SUM(COALESCE(l.lookups, 0)) AS BIGINT),
    CAST(SUM(CASE WHEN r.action = 'read' AND r.status = 'complete' AND r.rows_out <= l.lookups * 4 THEN l.lookups ELSE 0 END) AS BIGINT),
    CAST(SUM(CASE WHEN r.action = 'read' AND r.status = 'complete' AND r.rows_out <= 1 THEN 1 ELSE 0 END) AS BIGINT)
FROM run r LEFT JOIN (
    SELECT run, COUNT(*) AS lookups FROM decision WHERE reason = 'permitted, an exact value looked up' GROUP BY run
) l ON l.run = r.run
WHERE r.status <> 'open' AND (r.channel IS NULL OR r.channel <> 'schedule')
GROUP BY r.principal, r.started / 86400000000, (r.started % 86400000000) / 3600000000;

-- What stood out: one for each principal, kind and day. The document of kind `anomaly` with the same number says the same, and is part of the leaf
-- of the run that found it, which also says when that was. `measured` went beyond `bound`; `usual` is the figure of those that `usual_of` names.
-- `acknowledged` is the run in which somebody took note of it; it counts where the job of that run says so.
CREATE TABLE anomaly (
    number BIGINT NOT NULL PRIMARY KEY,
    run TEXT NOT NULL REFERENCES run (run),
    principal TEXT NOT NULL,
    kind TEXT NOT NULL,
    day BIGINT NOT NULL,
    hour BIGINT,
    measured BIGINT NOT NULL,
    usual BIGINT NOT NULL,
    usual_of TEXT NOT NULL,
    bound BIGINT NOT NULL,
    acknowledged TEXT REFERENCES run (run),
    UNIQUE (principal, kind, day)
);
CREATE INDEX anomaly_by_day ON anomaly (day);
