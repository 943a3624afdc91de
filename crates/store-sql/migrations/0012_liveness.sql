-- When agents were heard of. A row comes with the first sign of life, or when an operator pauses the agent.
CREATE TABLE liveness (
    agent           BLOB PRIMARY KEY REFERENCES agents (id) ON DELETE CASCADE,
    -- What it promised, in seconds; 0 promises nothing.
    cadence_s       INTEGER CHECK (cadence_s BETWEEN 0 AND 2592000),
    watch           TEXT NOT NULL DEFAULT 'on' CHECK (watch IN ('on', 'paused')),
    note            TEXT,
    heartbeat_at    INTEGER,
    seen_at         INTEGER,
    -- Whether people were told that it is offline, and not yet that it is back.
    is_told_offline INTEGER NOT NULL DEFAULT 0 CHECK (is_told_offline IN (0, 1))
) STRICT, WITHOUT ROWID;
