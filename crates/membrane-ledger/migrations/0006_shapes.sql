-- The shape of what was asked, for what pilots found: a keyed hash; NULL for all else.
ALTER TABLE release ADD COLUMN shape TEXT;
CREATE INDEX release_by_shape ON release (shape, release);
