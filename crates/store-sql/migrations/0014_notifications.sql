-- What agents want operators to know, and what each operator has read of it.

CREATE TABLE notifications (
    -- Never used again, also when the newest are forgotten: readers remember how far they got.
    number      INTEGER PRIMARY KEY AUTOINCREMENT,
    id          BLOB NOT NULL UNIQUE CHECK (length(id) = 16),
    -- The agent may be gone; the name is that of the time of writing.
    source      BLOB NOT NULL CHECK (length(source) = 16),
    source_name TEXT NOT NULL,
    title       TEXT NOT NULL,
    body        TEXT,
    priority    TEXT NOT NULL CHECK (priority IN ('low', 'normal', 'high', 'urgent')),
    link        TEXT,
    at          INTEGER NOT NULL
) STRICT;

CREATE INDEX notifications_by_age ON notifications (at);
CREATE INDEX notifications_of_source ON notifications (source, number);

-- Up to which number each operator has read everything.
CREATE TABLE notification_readers (
    operator BLOB PRIMARY KEY REFERENCES operators (id) ON DELETE CASCADE,
    until    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- What each has read beyond that.
CREATE TABLE notification_reads (
    operator     BLOB NOT NULL REFERENCES operators (id) ON DELETE CASCADE,
    notification INTEGER NOT NULL REFERENCES notifications (number) ON DELETE CASCADE,
    PRIMARY KEY (operator, notification)
) STRICT, WITHOUT ROWID;

CREATE INDEX notification_reads_of ON notification_reads (notification);

-- Agents that hold what agents usually hold go on doing so.
UPDATE agents SET scopes = 'boards.read inbox.* llm.* messages.* notifications.send self.*'
WHERE scopes = 'boards.read inbox.* llm.* messages.* self.*';
