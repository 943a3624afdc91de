-- What was asked for under an Idempotency-Key and was carried out: a change and its receipt are one transaction.

CREATE TABLE receipts (
    principal_kind TEXT NOT NULL CHECK (principal_kind IN ('agent', 'operator')),
    principal_id   BLOB NOT NULL CHECK (length(principal_id) = 16),
    -- Method and path as the route is registered.
    route          TEXT NOT NULL,
    key            TEXT NOT NULL,
    -- A keyed hash of all that was asked for.
    fingerprint    BLOB NOT NULL CHECK (length(fingerprint) = 32),
    made_at        INTEGER NOT NULL,
    -- As in the audit log; NULL when there was nothing to change.
    action         TEXT,
    subject        TEXT,
    status         INTEGER NOT NULL,
    secrecy        TEXT NOT NULL CHECK (secrecy IN ('plain', 'secret')),
    -- Under the master key; NULL when it was dropped.
    answer         BLOB,
    CHECK ((action IS NULL) = (subject IS NULL)),
    -- P10 once: whoever writes, from whichever process, keeps one per claim.
    PRIMARY KEY (principal_kind, principal_id, route, key)
) STRICT;

CREATE INDEX receipts_by_age ON receipts (made_at);
CREATE INDEX receipts_with_secrets ON receipts (made_at) WHERE secrecy = 'secret' AND answer IS NOT NULL;

-- They end with their principal, by whichever way it goes.
CREATE TRIGGER receipts_end_with_agent AFTER DELETE ON agents
BEGIN
    DELETE FROM receipts WHERE principal_kind = 'agent' AND principal_id = OLD.id;
END;

CREATE TRIGGER receipts_end_with_operator AFTER DELETE ON operators
BEGIN
    DELETE FROM receipts WHERE principal_kind = 'operator' AND principal_id = OLD.id;
END;
