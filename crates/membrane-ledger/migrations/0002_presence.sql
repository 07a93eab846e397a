-- By which door the principal came; NULL in runs of before.
ALTER TABLE run ADD COLUMN channel TEXT;
-- When the process of an open run last said that it is at work; NULL until it did.
ALTER TABLE run ADD COLUMN seen BIGINT;

-- Whose ledger this is: the id of the hub, and a value that only its root key makes.
CREATE TABLE hub (
    name TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
);
