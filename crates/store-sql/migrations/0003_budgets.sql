-- Budgets, and what is spent of them.

CREATE TABLE budgets (
    id         BLOB PRIMARY KEY CHECK (length(id) = 16),
    scope      TEXT NOT NULL CHECK (scope IN ('every_agent', 'agent', 'pool')),
    -- The agent or the pool; empty for every agent.
    subject    BLOB NOT NULL CHECK (length(subject) = CASE scope WHEN 'every_agent' THEN 0 ELSE 16 END),
    measure    TEXT NOT NULL CHECK (measure IN ('requests', 'tokens', 'money', 'concurrency')),
    window     TEXT NOT NULL CHECK (window IN ('none', 'minute', 'day', 'month', 'total')),
    -- Requests, tokens, or billionths of a US dollar.
    most       INTEGER NOT NULL CHECK (most >= 0),
    action     TEXT NOT NULL CHECK (action IN ('warn', 'stop')),
    -- In per cent.
    warn_at    INTEGER NOT NULL CHECK (warn_at BETWEEN 1 AND 100),
    created_at INTEGER NOT NULL,
    UNIQUE (scope, subject, measure, window),
    CHECK ((measure = 'concurrency') = (window = 'none'))
) STRICT, WITHOUT ROWID;

-- One row per agent or pool and quantity: what was spent in the window that began at `starts`. It belongs to whom it
-- counts and not to a budget, so that a budget that takes another one's place goes on counting.
CREATE TABLE budget_spending (
    kind    TEXT NOT NULL CHECK (kind IN ('agent', 'pool')),
    subject BLOB NOT NULL CHECK (length(subject) = 16),
    measure TEXT NOT NULL,
    window  TEXT NOT NULL,
    starts  INTEGER NOT NULL,
    spent   INTEGER NOT NULL CHECK (spent >= 0),
    PRIMARY KEY (kind, subject, measure, window)
) STRICT, WITHOUT ROWID;

-- The name of a deleted agent may be given away, but its budgets may not.
CREATE TRIGGER budgets_end_with_their_agent AFTER DELETE ON agents
BEGIN
    DELETE FROM budgets WHERE scope = 'agent' AND subject = OLD.id;
    DELETE FROM budget_spending WHERE kind = 'agent' AND subject = OLD.id;
END;
