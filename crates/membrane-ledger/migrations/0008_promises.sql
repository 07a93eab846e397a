-- What a delivery had beside what its source said, and how much of it came late.
ALTER TABLE delivery ADD COLUMN rows_late BIGINT NOT NULL DEFAULT 0;
ALTER TABLE delivery ADD COLUMN totals TEXT NOT NULL DEFAULT '[]';

-- When the first and the last delivery of a dataset was there, those among them that were there before.
CREATE TABLE delivered (
    dataset TEXT NOT NULL PRIMARY KEY,
    first BIGINT NOT NULL,
    last BIGINT NOT NULL
);
INSERT INTO delivered (dataset, first, last) SELECT dataset, MIN(ended), MAX(ended) FROM delivery GROUP BY dataset;

-- Promises of contracts that are broken at present.
CREATE TABLE alert (
    dataset TEXT NOT NULL,
    promise TEXT NOT NULL,
    since BIGINT NOT NULL,
    PRIMARY KEY (dataset, promise)
);
