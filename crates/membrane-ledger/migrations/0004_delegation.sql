-- On whose behalf the principal of a run acted; NULL: its own, as in all runs of before.
ALTER TABLE run ADD COLUMN on_behalf_of TEXT;
