-- Until when handing out again what never arrived is the same attempt; where that is when it is visible again, nothing.

ALTER TABLE deliveries ADD COLUMN counted_until INTEGER CHECK (counted_until IS NULL OR state = 'delivered');
