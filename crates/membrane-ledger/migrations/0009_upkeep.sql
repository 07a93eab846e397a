-- Which hub is at work on the files of a dataset, and when that was done last: hubs that share a ledger take turns.
CREATE TABLE upkeep (
    dataset TEXT NOT NULL PRIMARY KEY,
    holder TEXT,
    held_until BIGINT,
    done BIGINT
);
