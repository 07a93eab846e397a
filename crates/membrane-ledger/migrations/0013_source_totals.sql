-- What came of each source, from its first delivery on: what metrics count.
CREATE TABLE source_total (
    source TEXT NOT NULL PRIMARY KEY,
    deliveries BIGINT NOT NULL,
    rows_accepted BIGINT NOT NULL,
    rows_quarantined BIGINT NOT NULL,
    rows_late BIGINT NOT NULL,
    bytes BIGINT NOT NULL
);
-- Bytes were not counted before.
INSERT INTO source_total (source, deliveries, rows_accepted, rows_quarantined, rows_late, bytes)
SELECT source, COUNT(*), CAST(SUM(rows_accepted) AS BIGINT), CAST(SUM(rows_quarantined) AS BIGINT),
    CAST(SUM(rows_late) AS BIGINT), 0
FROM delivery WHERE source IS NOT NULL GROUP BY source;
-- What came lately, of one source.
CREATE INDEX delivery_by_source ON delivery (source, ended);
