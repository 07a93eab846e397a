-- What more the leaf of a run says: from where it was asked, under which publication, what plan it was, what was answered (as a commitment), what was
-- held back, and which grants counted. Runs from before have no address.
ALTER TABLE run ADD COLUMN session TEXT;
ALTER TABLE run ADD COLUMN address TEXT;
ALTER TABLE run ADD COLUMN publication BIGINT;
ALTER TABLE run ADD COLUMN plan TEXT;
ALTER TABLE run ADD COLUMN answer_salt TEXT;
ALTER TABLE run ADD COLUMN answer_commitment TEXT;
ALTER TABLE run ADD COLUMN obligations TEXT;
ALTER TABLE run ADD COLUMN grants TEXT;
-- What hides the answer of a release in the leaf of its run.
ALTER TABLE release ADD COLUMN answer_salt TEXT;
