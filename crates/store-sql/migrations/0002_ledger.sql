-- What requests leave behind: their decisions, and the sums of what they used.

-- Decisions in segments, as `app` writes them. A decision's number is that of its segment's first plus its place.
CREATE TABLE decisions (
    first     INTEGER PRIMARY KEY,
    count     INTEGER NOT NULL,
    format    INTEGER NOT NULL,
    -- When the first and the last of the requests came.
    came      INTEGER NOT NULL,
    came_last INTEGER NOT NULL,
    -- The lowest and the highest of their ids.
    low       BLOB NOT NULL CHECK (length(low) = 16),
    high      BLOB NOT NULL CHECK (length(high) = 16),
    size      INTEGER NOT NULL CHECK (size = length(bytes)),
    bytes     BLOB NOT NULL
) STRICT;

CREATE INDEX decisions_by_id ON decisions (high, low);

-- The number of the next decision: numbers are not reused when decisions are forgotten.
CREATE TABLE decision_numbers (next INTEGER NOT NULL) STRICT;
INSERT INTO decision_numbers (next) VALUES (1);

-- Sums of one agent, model and key within one day (UTC, days since the epoch). They outlive agents and keys, so ids
-- are no references and names are kept beside them.
CREATE TABLE usage (
    day         INTEGER NOT NULL,
    agent       BLOB NOT NULL CHECK (length(agent) = 16),
    -- Sixteen zeros when no key was used.
    key         BLOB NOT NULL CHECK (length(key) = 16),
    model       TEXT NOT NULL,
    agent_name  TEXT NOT NULL,
    key_label   TEXT NOT NULL,
    pool        TEXT NOT NULL,
    requests    INTEGER NOT NULL,
    failed      INTEGER NOT NULL,
    input       INTEGER NOT NULL,
    cache_read  INTEGER NOT NULL,
    cache_write INTEGER NOT NULL,
    output      INTEGER NOT NULL,
    reasoning   INTEGER NOT NULL,
    estimated   INTEGER NOT NULL,
    cost_nanos  INTEGER NOT NULL,
    unpriced    INTEGER NOT NULL,
    PRIMARY KEY (day, agent, key, model)
) STRICT, WITHOUT ROWID;
