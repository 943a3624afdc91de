-- The audit log as a Merkle tree with signed checkpoints, and the alarms.

-- The hash of the record's canonical form. Records that are older than this column get theirs when the database is
-- opened; no other update is let through.
ALTER TABLE audit ADD COLUMN leaf BLOB CHECK (leaf IS NULL OR length(leaf) = 32);

DROP TRIGGER audit_no_update;
CREATE TRIGGER audit_no_update BEFORE UPDATE ON audit
WHEN OLD.leaf IS NOT NULL OR NEW.leaf IS NULL
    OR NEW.seq IS NOT OLD.seq OR NEW.at IS NOT OLD.at
    OR NEW.actor_kind IS NOT OLD.actor_kind OR NEW.actor_id IS NOT OLD.actor_id
    OR NEW.action IS NOT OLD.action OR NEW.subject IS NOT OLD.subject OR NEW.details IS NOT OLD.details
BEGIN
    SELECT raise(ABORT, 'the audit log is never changed');
END;

CREATE TRIGGER audit_no_bare_record BEFORE INSERT ON audit
WHEN NEW.leaf IS NULL
BEGIN
    SELECT raise(ABORT, 'the audit log takes no record without its hash');
END;

-- The one tree over the log: how many records it has, and the roots of its full subtrees, the largest first.
CREATE TABLE audit_tree (
    one   INTEGER PRIMARY KEY CHECK (one = 1),
    size  INTEGER NOT NULL CHECK (size >= 0),
    peaks BLOB NOT NULL CHECK (length(peaks) % 32 = 0)
) STRICT;
INSERT INTO audit_tree (one, size, peaks) VALUES (1, 0, x'');

CREATE TRIGGER audit_tree_grows BEFORE UPDATE ON audit_tree
WHEN NEW.size <= OLD.size
BEGIN
    SELECT raise(ABORT, 'the audit log is never shortened');
END;

CREATE TRIGGER audit_tree_stays BEFORE DELETE ON audit_tree
BEGIN
    SELECT raise(ABORT, 'the audit log is never shortened');
END;

CREATE TABLE audit_keys (
    id         BLOB PRIMARY KEY CHECK (length(id) = 16),
    -- What it signs under: the origin of its checkpoints.
    name       TEXT NOT NULL,
    public     BLOB NOT NULL CHECK (length(public) = 32),
    -- The private key under the master key.
    sealed     BLOB NOT NULL,
    created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- One key signs, whoever writes.
CREATE UNIQUE INDEX audit_keys_one ON audit_keys ((1));

CREATE TABLE audit_checkpoints (
    size INTEGER PRIMARY KEY CHECK (size > 0),
    at   INTEGER NOT NULL,
    note TEXT NOT NULL
) STRICT;

CREATE TRIGGER audit_checkpoints_grow BEFORE INSERT ON audit_checkpoints
WHEN NEW.size <= (SELECT coalesce(max(size), 0) FROM audit_checkpoints)
BEGIN
    SELECT raise(ABORT, 'checkpoints of the audit log are added behind the newest');
END;

CREATE TRIGGER audit_checkpoints_no_update BEFORE UPDATE ON audit_checkpoints
BEGIN
    SELECT raise(ABORT, 'checkpoints of the audit log are never changed');
END;

CREATE TRIGGER audit_checkpoints_no_delete BEFORE DELETE ON audit_checkpoints
BEGIN
    SELECT raise(ABORT, 'checkpoints of the audit log are never dropped');
END;

CREATE TABLE alarms (
    id         BLOB PRIMARY KEY CHECK (length(id) = 16),
    kind       TEXT NOT NULL,
    -- The id or name of what it is about.
    subject    TEXT NOT NULL,
    -- One sentence for people.
    says       TEXT NOT NULL,
    -- How often it happened while the alarm was open, and when first and last.
    count      INTEGER NOT NULL CHECK (count > 0),
    first_at   INTEGER NOT NULL,
    last_at    INTEGER NOT NULL,
    -- When the trouble ended by itself.
    over_at    INTEGER,
    acked_at   INTEGER,
    acked_kind TEXT CHECK (acked_kind IN ('agent', 'operator')),
    acked_by   BLOB CHECK (length(acked_by) = 16),
    CHECK ((acked_at IS NULL) = (acked_by IS NULL) AND (acked_at IS NULL) = (acked_kind IS NULL))
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX alarms_one_open ON alarms (kind, subject) WHERE acked_at IS NULL;
CREATE INDEX alarms_newest ON alarms (first_at, id);
