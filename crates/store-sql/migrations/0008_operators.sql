-- Operators: what they may do, and what they sign in with. Those who were there before may do everything.

ALTER TABLE operators ADD COLUMN role TEXT DEFAULT 'admin' CHECK (role IN ('admin', 'operator', 'viewer'));
-- Scopes given one by one, in addition to the role or without one.
ALTER TABLE operators ADD COLUMN scopes TEXT;
-- The hash of the password with its salt and costs, as a PHC string.
ALTER TABLE operators ADD COLUMN password TEXT;

-- A device that is unpaired is not here.
CREATE TABLE devices (
    id         BLOB PRIMARY KEY CHECK (length(id) = 16),
    operator   BLOB NOT NULL REFERENCES operators (id) ON DELETE CASCADE,
    name       TEXT NOT NULL,
    kid        BLOB NOT NULL UNIQUE CHECK (length(kid) = 16),
    digest     BLOB NOT NULL CHECK (length(digest) = 32),
    created_at INTEGER NOT NULL,
    UNIQUE (operator, name)
) STRICT, WITHOUT ROWID;

-- A session that has ended is not here; one that is over by itself goes a little later.
CREATE TABLE sessions (
    kid        BLOB PRIMARY KEY CHECK (length(kid) = 16),
    operator   BLOB NOT NULL REFERENCES operators (id) ON DELETE CASCADE,
    digest     BLOB NOT NULL CHECK (length(digest) = 32),
    -- What it came of: the password when both are empty.
    token      BLOB REFERENCES tokens (kid),
    device     BLOB REFERENCES devices (id) ON DELETE CASCADE,
    created_at INTEGER NOT NULL,
    seen_at    INTEGER NOT NULL,
    CHECK (token IS NULL OR device IS NULL)
) STRICT, WITHOUT ROWID;

CREATE INDEX sessions_of_operator ON sessions (operator);
CREATE INDEX sessions_of_token ON sessions (token);
CREATE INDEX sessions_of_device ON sessions (device);
