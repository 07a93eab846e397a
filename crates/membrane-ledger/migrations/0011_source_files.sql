-- What the last look at a source left behind, told apart: what is tried again by itself, what is left until somebody does something,
-- and what waits for the file that has its control totals, in time or not.
ALTER TABLE source ADD COLUMN files_later BIGINT NOT NULL DEFAULT 0;
ALTER TABLE source ADD COLUMN files_left BIGINT NOT NULL DEFAULT 0;
ALTER TABLE source ADD COLUMN controls_awaited BIGINT NOT NULL DEFAULT 0;
ALTER TABLE source ADD COLUMN controls_missing BIGINT NOT NULL DEFAULT 0;
