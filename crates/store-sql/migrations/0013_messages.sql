-- Boards, messages and what became of them for each recipient.

CREATE TABLE boards (
    id          BLOB PRIMARY KEY CHECK (length(id) = 16),
    name        TEXT NOT NULL UNIQUE,
    description TEXT NOT NULL,
    -- Sorted, with a space before and after each.
    tags        TEXT NOT NULL,
    last_number INTEGER NOT NULL DEFAULT 0 CHECK (last_number >= 0),
    created_at  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Boards, agents and senders may be gone; the names are those of the time of writing.
CREATE TABLE messages (
    -- Never used again, also when the newest messages are forgotten: inboxes remember how far they got.
    seq          INTEGER PRIMARY KEY AUTOINCREMENT,
    id           BLOB NOT NULL UNIQUE CHECK (length(id) = 16),
    place        TEXT NOT NULL CHECK (place IN ('board', 'agent')),
    place_id     BLOB NOT NULL CHECK (length(place_id) = 16),
    place_name   TEXT NOT NULL,
    number       INTEGER CHECK (number > 0),
    sender_kind  TEXT NOT NULL CHECK (sender_kind IN ('agent', 'operator')),
    sender_id    BLOB NOT NULL CHECK (length(sender_id) = 16),
    sender_name  TEXT NOT NULL,
    text         TEXT NOT NULL,
    data         TEXT,
    tags         TEXT NOT NULL,
    -- Names with spaces between them: of agents that lived, and of nobody.
    mentions     TEXT NOT NULL,
    unresolved   TEXT NOT NULL,
    mentions_all INTEGER NOT NULL CHECK (mentions_all IN (0, 1)),
    -- Whether it reaches every agent; deliveries for those that it does not name are written when they look.
    to_all       INTEGER NOT NULL CHECK (to_all IN (0, 1)),
    at           INTEGER NOT NULL,
    expires_at   INTEGER NOT NULL,
    -- When its board was deleted.
    withdrawn_at INTEGER,
    CHECK ((place = 'board') = (number IS NOT NULL))
) STRICT;

CREATE UNIQUE INDEX messages_of_board ON messages (place_id, number) WHERE place = 'board';
CREATE INDEX messages_to_all ON messages (seq) WHERE to_all = 1;
CREATE INDEX messages_by_age ON messages (at);

CREATE TABLE deliveries (
    message        INTEGER NOT NULL REFERENCES messages (seq) ON DELETE CASCADE,
    recipient      BLOB NOT NULL CHECK (length(recipient) = 16),
    recipient_name TEXT NOT NULL,
    -- Whether the message is written to the recipient, or names it.
    named          INTEGER NOT NULL CHECK (named IN (0, 1)),
    state          TEXT NOT NULL CHECK (state IN ('queued', 'delivered', 'read', 'failed')),
    attempts       INTEGER NOT NULL CHECK (attempts >= 0),
    moved_at       INTEGER,
    visible_at     INTEGER,
    reason         TEXT,
    -- When time alone fails it.
    fails_at       INTEGER,
    PRIMARY KEY (message, recipient),
    CHECK ((state = 'queued') = (moved_at IS NULL)),
    CHECK ((state = 'delivered') = (visible_at IS NOT NULL)),
    CHECK ((state = 'failed') = (reason IS NOT NULL)),
    CHECK ((state IN ('queued', 'delivered')) = (fails_at IS NOT NULL))
) STRICT, WITHOUT ROWID;

CREATE INDEX deliveries_open ON deliveries (recipient, message) WHERE fails_at IS NOT NULL;
CREATE INDEX deliveries_due ON deliveries (fails_at) WHERE fails_at IS NOT NULL;

-- Up to which message each living agent has what was written to everyone. Messages up to `since` are not for it.
CREATE TABLE inboxes (
    agent  BLOB PRIMARY KEY REFERENCES agents (id) ON DELETE CASCADE,
    since  INTEGER NOT NULL,
    until  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

INSERT INTO inboxes (agent, since, until) SELECT id, 0, 0 FROM agents;

-- Agents that hold what agents usually hold go on doing so.
UPDATE agents SET scopes = 'boards.read inbox.* llm.* messages.* self.*' WHERE scopes = 'llm.* self.*';
