-- Open deliveries of an inbox, those that can be taken first: a look does not pass over what is hidden, and counts without
-- reading rows.

DROP INDEX deliveries_open;
CREATE INDEX deliveries_open ON deliveries (recipient, coalesce(visible_at, 0), message, fails_at)
    WHERE fails_at IS NOT NULL;
