-- The plane's memory, as of its first release. Times are milliseconds since the Unix epoch; ids are 16 bytes.
-- Files in this folder are never changed after a release: a database remembers what was applied to it.

-- 'PTUN': tells our database from any other SQLite file.
PRAGMA application_id = 0x5054554E;

CREATE TABLE agents (
    id         BLOB PRIMARY KEY CHECK (length(id) = 16),
    name       TEXT NOT NULL UNIQUE,
    created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE operators (
    id         BLOB PRIMARY KEY CHECK (length(id) = 16),
    name       TEXT NOT NULL UNIQUE,
    created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Tokens outlive their agent, so that a revoked one can be told from one that never was.
CREATE TABLE tokens (
    kid            BLOB PRIMARY KEY CHECK (length(kid) = 16),
    principal_kind TEXT NOT NULL CHECK (principal_kind IN ('agent', 'operator')),
    principal_id   BLOB NOT NULL CHECK (length(principal_id) = 16),
    digest         BLOB NOT NULL CHECK (length(digest) = 32),
    state          TEXT NOT NULL CHECK (state IN ('active', 'retiring', 'revoked')),
    -- When a retiring one ends (unknown until its successor is used), or when a revoked one ended.
    ends_at        INTEGER,
    created_at     INTEGER NOT NULL,
    first_used_at  INTEGER,
    overlap_ms     INTEGER NOT NULL,
    CHECK (state <> 'active' OR ends_at IS NULL),
    CHECK (state <> 'revoked' OR ends_at IS NOT NULL)
) STRICT, WITHOUT ROWID;

-- P3 one-active-token: whoever writes, from whichever process, cannot make a second one.
CREATE UNIQUE INDEX tokens_one_active ON tokens (principal_kind, principal_id) WHERE state = 'active';
CREATE UNIQUE INDEX tokens_one_retiring ON tokens (principal_kind, principal_id) WHERE state = 'retiring';

CREATE INDEX tokens_newest ON tokens (created_at, kid);
CREATE INDEX tokens_of_principal ON tokens (principal_kind, principal_id, created_at, kid);

CREATE TABLE pools (
    id               BLOB PRIMARY KEY CHECK (length(id) = 16),
    name             TEXT NOT NULL UNIQUE,
    protocol         TEXT NOT NULL,
    base_url         TEXT NOT NULL,
    max_wait_ms      INTEGER NOT NULL,
    fallback         BLOB REFERENCES pools (id),
    wrapped_data_key BLOB NOT NULL,
    created_at       INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE provider_keys (
    id            BLOB PRIMARY KEY CHECK (length(id) = 16),
    pool          BLOB NOT NULL REFERENCES pools (id),
    label         TEXT NOT NULL,
    priority      INTEGER NOT NULL,
    base_url      TEXT,
    sealed_secret BLOB NOT NULL,
    fingerprint   BLOB NOT NULL CHECK (length(fingerprint) = 8),
    switch        TEXT NOT NULL CHECK (switch IN ('enabled', 'disabled')),
    quarantine    TEXT,
    created_at    INTEGER NOT NULL,
    UNIQUE (pool, label),
    UNIQUE (pool, fingerprint)
) STRICT, WITHOUT ROWID;

CREATE TABLE rests (
    key    BLOB NOT NULL REFERENCES provider_keys (id) ON DELETE CASCADE,
    -- 'key' binds the whole key (then family is empty), 'family' one model family.
    scope  TEXT NOT NULL CHECK (scope IN ('key', 'family')),
    family TEXT NOT NULL,
    kind   TEXT NOT NULL,
    until  INTEGER NOT NULL,
    since  INTEGER NOT NULL,
    reason TEXT NOT NULL,
    PRIMARY KEY (key, scope, family, kind)
) STRICT, WITHOUT ROWID;

-- The key is no reference: what is bound to a removed key must fail honestly instead of moving to another.
CREATE TABLE bindings (
    object BLOB NOT NULL CHECK (length(object) = 16),
    agent  BLOB NOT NULL REFERENCES agents (id) ON DELETE CASCADE,
    key    BLOB NOT NULL CHECK (length(key) = 16),
    at     INTEGER NOT NULL,
    PRIMARY KEY (object, agent)
) STRICT, WITHOUT ROWID;

CREATE INDEX bindings_of_agent ON bindings (agent);
CREATE INDEX bindings_by_age ON bindings (at);

CREATE TABLE audit (
    seq        INTEGER PRIMARY KEY,
    at         INTEGER NOT NULL,
    actor_kind TEXT NOT NULL CHECK (actor_kind IN ('plane', 'agent', 'operator')),
    actor_id   BLOB,
    action     TEXT NOT NULL,
    subject    TEXT NOT NULL,
    -- JSON: an array of pairs [name, value].
    details    TEXT NOT NULL,
    CHECK ((actor_kind = 'plane') = (actor_id IS NULL))
) STRICT;

CREATE INDEX audit_of_subject ON audit (subject, seq);

-- P12 the-record-holds: the log grows by one at its end, and nothing else happens to it.
CREATE TRIGGER audit_no_gap BEFORE INSERT ON audit
WHEN NEW.seq IS NOT (SELECT coalesce(max(seq), 0) + 1 FROM audit)
BEGIN
    SELECT raise(ABORT, 'the audit log grows by one at its end');
END;

CREATE TRIGGER audit_no_update BEFORE UPDATE ON audit
BEGIN
    SELECT raise(ABORT, 'the audit log is never changed');
END;

CREATE TRIGGER audit_no_delete BEFORE DELETE ON audit
BEGIN
    SELECT raise(ABORT, 'the audit log is never shortened');
END;
