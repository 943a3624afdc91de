-- What is spent, as segments: each is what changed between two saves, and later ones count. One row of a table for
-- every agent would cost a large fleet more than its requests do. The format is told in `src/spending.rs`.
CREATE TABLE spending (
    number INTEGER PRIMARY KEY,
    size   INTEGER NOT NULL,
    bytes  BLOB NOT NULL
) STRICT;

INSERT INTO spending (size, bytes)
SELECT 34 * count(*), unhex(group_concat(
    CASE kind WHEN 'agent' THEN '00' ELSE '01' END
    || CASE measure WHEN 'requests' THEN '0' WHEN 'tokens' THEN '1' WHEN 'money' THEN '2' ELSE '3' END
    || CASE window WHEN 'minute' THEN '0' WHEN 'day' THEN '1' WHEN 'month' THEN '2' WHEN 'total' THEN '3' ELSE '4' END
    || hex(subject) || printf('%016x', starts) || printf('%016x', spent), ''))
FROM budget_spending
HAVING count(*) > 0;

DROP TRIGGER budgets_end_with_their_agent;
DROP TABLE budget_spending;

-- The name of a deleted agent may be given away, but its budgets may not.
CREATE TRIGGER budgets_end_with_their_agent AFTER DELETE ON agents
BEGIN
    DELETE FROM budgets WHERE scope = 'agent' AND subject = OLD.id;
END;
