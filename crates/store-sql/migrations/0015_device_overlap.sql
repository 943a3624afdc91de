-- Device tokens that are rotated: the one before works on until the first use of the new one and the overlap after it.

ALTER TABLE devices ADD COLUMN overlap_ms INTEGER NOT NULL DEFAULT 60000;
ALTER TABLE devices ADD COLUMN first_used_at INTEGER;
-- The token before, if it still works.
ALTER TABLE devices ADD COLUMN before_kid BLOB CHECK (length(before_kid) = 16);
ALTER TABLE devices ADD COLUMN before_digest BLOB CHECK (length(before_digest) = 32);
-- When it ends; empty while the new one has not been used.
ALTER TABLE devices ADD COLUMN before_until INTEGER;
