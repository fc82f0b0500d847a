-- Usage events move from one row each into the ledger, which keeps them many together. What stands in `events` is moved
-- by the program when it opens the database.

-- @ledger

-- The last commit of the ledger that an invoice has counted; events of later commits came too late for it.
ALTER TABLE invoices ADD COLUMN through BIGINT NOT NULL DEFAULT 0;

-- Goes up whenever a customer is written, so that what is remembered of customers is read again.
INSERT INTO counters (name, value) VALUES ('customers', 0);
