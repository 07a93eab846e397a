-- Deliveries of which nothing was taken in, for the history of quality: once for each day, however often they were tried. A delivery
-- is a keyed hash of a file's name and state, a source or a run.
CREATE TABLE refused (
    dataset TEXT NOT NULL,
    day BIGINT NOT NULL,
    delivery TEXT NOT NULL,
    source TEXT,
    at BIGINT NOT NULL,
    code TEXT NOT NULL,
    rows_in BIGINT,
    run TEXT,
    PRIMARY KEY (dataset, day, delivery)
);
