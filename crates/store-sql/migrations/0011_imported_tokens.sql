-- Tokens that another system issued. Each is a token of its agent like any other; here is what is kept beside.

CREATE TABLE imported_tokens (
    kid        BLOB PRIMARY KEY REFERENCES tokens (kid),
    -- A keyed hash of the hash that was imported: the same one is not imported twice.
    mark       BLOB NOT NULL UNIQUE CHECK (length(mark) = 32),
    -- A slow hash, until the token is seen for the first time; the token has no digest as long.
    iterations INTEGER CHECK (iterations > 0),
    salt       TEXT,
    slow_hash  BLOB CHECK (length(slow_hash) = 32),
    prefix     TEXT,
    CHECK ((slow_hash IS NULL) = (salt IS NULL) AND (slow_hash IS NULL) = (iterations IS NULL)),
    CHECK (prefix IS NULL OR slow_hash IS NOT NULL)
) STRICT, WITHOUT ROWID;
