-- What was refused is kept until somebody decides about it; what sources say about themselves; days that were closed.
-- Instants are microseconds since 1970 in UTC, days numbers YYYYMMDD in UTC.

-- An event that was refused or contradicts one that is kept. `number` is given once and never again. `whole` is 0 where
-- `body` is not all that was sent. `allowed_sources` is a JSON list, NULL where the sender might send for all sources; it
-- sent for `customer` only, if its key was a customer's. `state` is open, replayed or dismissed; `claimed_us` says since when somebody is at it.
CREATE TABLE quarantine (
    customer TEXT NOT NULL,
    received_us BIGINT NOT NULL,
    number BIGINT NOT NULL UNIQUE,
    source TEXT NOT NULL,
    event_id TEXT NOT NULL,
    request TEXT NOT NULL,
    position BIGINT NOT NULL,
    code TEXT NOT NULL,
    detail TEXT NOT NULL,
    whole BIGINT NOT NULL,
    allowed_sources TEXT,
    state TEXT NOT NULL,
    claimed_us BIGINT,
    settled_us BIGINT,
    settled_by TEXT,
    note TEXT,
    accepted_source TEXT,
    accepted_id TEXT,
    body TEXT NOT NULL,
    PRIMARY KEY (customer, received_us, number)
);

CREATE INDEX quarantine_by_state ON quarantine (state, number);

-- What was put aside so far. A text that may have been cut (65,536 bytes are at least 16,384 characters) counts as cut.
INSERT INTO quarantine (customer, received_us, number, source, event_id, request, position, code, detail, whole, state, body)
SELECT customer, received_us, ROW_NUMBER() OVER (ORDER BY received_us, request, position), '', '', request, position, code,
    detail, CASE WHEN LENGTH(body) < 16384 THEN 1 ELSE 0 END, 'open', body
FROM refused_events;

DROP TABLE refused_events;

-- The last number given, and how many entries there are.
INSERT INTO counters (name, value) SELECT 'quarantine_number', COUNT(*) FROM quarantine;
INSERT INTO counters (name, value) SELECT 'quarantine_entries', COUNT(*) FROM quarantine;

-- How many events of a source were put aside on a day, and how many of those entries were thrown away since.
CREATE TABLE refused_days (
    day BIGINT NOT NULL,
    source TEXT NOT NULL,
    refused BIGINT NOT NULL,
    removed BIGINT NOT NULL,
    PRIMARY KEY (day, source)
);

-- Which numbered batches of a source arrived: ranges that neither overlap nor touch.
CREATE TABLE source_batches (
    source TEXT NOT NULL,
    first_batch BIGINT NOT NULL,
    last_batch BIGINT NOT NULL,
    PRIMARY KEY (source, first_batch)
);

-- Sources that name themselves: their last request, and how far our clock was ahead of theirs when requests arrived, as
-- far as they say when they were sent.
CREATE TABLE source_reports (
    source TEXT NOT NULL PRIMARY KEY,
    requests BIGINT NOT NULL,
    first_us BIGINT NOT NULL,
    last_us BIGINT NOT NULL,
    last_skew_us BIGINT,
    min_skew_us BIGINT,
    max_skew_us BIGINT
);

-- A day that was closed: what it had of each source then. `digest` is over all of its rows.
CREATE TABLE audited_days (
    day BIGINT NOT NULL PRIMARY KEY,
    closed_us BIGINT NOT NULL,
    closed_by TEXT NOT NULL,
    digest TEXT NOT NULL,
    body TEXT NOT NULL
);
