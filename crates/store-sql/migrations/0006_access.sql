-- Access tokens: what agents hold, the keys that sign, and the families that live.

ALTER TABLE agents ADD COLUMN scopes TEXT NOT NULL DEFAULT 'llm.* self.*';
-- How often all access tokens of the agent were ended.
ALTER TABLE agents ADD COLUMN generation INTEGER NOT NULL DEFAULT 0 CHECK (generation >= 0);

CREATE TABLE signing_keys (
    id             BLOB PRIMARY KEY CHECK (length(id) = 16),
    public         BLOB NOT NULL CHECK (length(public) = 32),
    -- The private key under the master key.
    sealed         BLOB NOT NULL,
    state          TEXT NOT NULL CHECK (state IN ('active', 'retiring')),
    verifies_until INTEGER,
    created_at     INTEGER NOT NULL,
    CHECK ((state = 'active') = (verifies_until IS NULL))
) STRICT, WITHOUT ROWID;

-- One key signs, whoever writes.
CREATE UNIQUE INDEX signing_keys_one_active ON signing_keys (state) WHERE state = 'active';

-- A family that has ended is not here. It may outlive its token when that was only replaced.
CREATE TABLE families (
    id             BLOB PRIMARY KEY CHECK (length(id) = 16),
    principal_kind TEXT NOT NULL CHECK (principal_kind IN ('agent', 'operator')),
    principal_id   BLOB NOT NULL CHECK (length(principal_id) = 16),
    token          BLOB NOT NULL REFERENCES tokens (kid),
    -- The family that it was narrowed from; it may be over by now.
    parent         BLOB CHECK (length(parent) = 16),
    scope          TEXT NOT NULL,
    generation     INTEGER NOT NULL,
    jti            BLOB NOT NULL CHECK (length(jti) = 16),
    issued_at      INTEGER NOT NULL,
    used_at        INTEGER,
    previous       BLOB CHECK (length(previous) = 16),
    created_at     INTEGER NOT NULL,
    ends_at        INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX families_of_token ON families (token);
CREATE INDEX families_of_principal ON families (principal_kind, principal_id);
