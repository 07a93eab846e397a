-- What a delivery had beside what its source said, and how much of it came late.
ALTER TABLE delivery ADD COLUMN rows_late BIGINT NOT NULL DEFAULT 0;
ALTER TABLE delivery ADD COLUMN totals TEXT NOT NULL DEFAULT '[]';

-- Promises of contracts that are broken at present.
CREATE TABLE alert (
    dataset TEXT NOT NULL,
    promise TEXT NOT NULL,
    since BIGINT NOT NULL,
    PRIMARY KEY (dataset, promise)
);
