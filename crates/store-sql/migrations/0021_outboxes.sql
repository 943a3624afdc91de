-- What the messages of each sender take while they are kept. What was written before this counts for nothing, and goes with its time.

ALTER TABLE messages ADD COLUMN bytes INTEGER NOT NULL DEFAULT 0;

CREATE TABLE outboxes (
    sender_kind TEXT NOT NULL CHECK (sender_kind IN ('agent', 'operator')),
    sender_id   BLOB NOT NULL CHECK (length(sender_id) = 16),
    bytes       INTEGER NOT NULL,
    PRIMARY KEY (sender_kind, sender_id)
) STRICT, WITHOUT ROWID;
