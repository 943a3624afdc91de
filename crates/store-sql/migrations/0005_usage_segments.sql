-- Usage that is not in the sums yet, as segments: they are added up when somebody asks, or when there is much of it.
-- A row of `usage` for each agent at each save would cost a large fleet more than its requests do. The format is told
-- in `src/unsummed.rs`.
CREATE TABLE unsummed (
    number INTEGER PRIMARY KEY,
    size   INTEGER NOT NULL,
    bytes  BLOB NOT NULL
) STRICT;
