-- The tables of usage events. BYTES is the type of raw bytes: BLOB in SQLite, BYTEA in PostgreSQL.
-- Instants are microseconds since 1970 in UTC.

-- Named numbers: `batch` is the last commit's number, `sorted` the last commit whose events are in blocks, `layout` goes
-- up whenever blocks or keys are put in place or taken away, `segment` is the last number given to a segment or a run.
CREATE TABLE ledger_state (
    name TEXT NOT NULL PRIMARY KEY,
    value BIGINT NOT NULL
);

INSERT INTO ledger_state (name, value) VALUES
    ('batch', 0), ('sorted', 0), ('layout', 0), ('segment', 0), ('sorter', 0);

-- One row a commit: events in the order they were accepted, until they are sorted into blocks.
CREATE TABLE event_batches (
    seq BIGINT NOT NULL PRIMARY KEY,
    received_us BIGINT NOT NULL,
    events BIGINT NOT NULL,
    body BYTES NOT NULL
);

-- A run of blocks: some events of one month (UTC, counted from 1970), sorted by customer and time.
CREATE TABLE event_segments (
    segment BIGINT NOT NULL PRIMARY KEY,
    month BIGINT NOT NULL,
    events BIGINT NOT NULL,
    bytes BIGINT NOT NULL,
    last_seq BIGINT NOT NULL,
    live BIGINT NOT NULL
);

-- Up to some thousand events, from the first customer to the last, compressed.
CREATE TABLE event_blocks (
    segment BIGINT NOT NULL,
    part BIGINT NOT NULL,
    customer TEXT NOT NULL,
    last_customer TEXT NOT NULL,
    start_us BIGINT NOT NULL,
    end_us BIGINT NOT NULL,
    events BIGINT NOT NULL,
    body BYTES NOT NULL,
    PRIMARY KEY (segment, part)
);

-- Sorted identities of events that are in blocks. A run has 2^bits parts, chosen by the first bits of the identity.
CREATE TABLE event_key_runs (
    run BIGINT NOT NULL PRIMARY KEY,
    bits BIGINT NOT NULL,
    keys BIGINT NOT NULL,
    live BIGINT NOT NULL
);

CREATE TABLE event_keys (
    run BIGINT NOT NULL,
    part BIGINT NOT NULL,
    body BYTES NOT NULL,
    PRIMARY KEY (run, part)
);

-- Tells with very few exceptions that an identity is not in a run, without reading the run.
CREATE TABLE event_filters (
    run BIGINT NOT NULL,
    shard BIGINT NOT NULL,
    body BYTES NOT NULL,
    PRIMARY KEY (run, shard)
);

-- Events that were voided or amended by a later one.
CREATE TABLE event_changes (
    customer TEXT NOT NULL,
    time_us BIGINT NOT NULL,
    source TEXT NOT NULL,
    id TEXT NOT NULL,
    kind TEXT NOT NULL,
    by_id TEXT NOT NULL,
    received_us BIGINT NOT NULL,
    PRIMARY KEY (customer, time_us, source, id)
);

-- What came in on a day (UTC, as YYYYMMDD) from a source: the day's books, held against what is stored. What went when
-- its month was dropped is noted too.
CREATE TABLE intake_days (
    day BIGINT NOT NULL,
    source TEXT NOT NULL,
    accepted BIGINT NOT NULL,
    checksum BIGINT NOT NULL,
    duplicates BIGINT NOT NULL,
    conflicts BIGINT NOT NULL,
    first_us BIGINT NOT NULL,
    last_us BIGINT NOT NULL,
    skew_us BIGINT NOT NULL,
    dropped BIGINT NOT NULL DEFAULT 0,
    dropped_checksum BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (day, source)
);

-- Counts kept at ingest: what the meters of a book had counted for a customer's period through a commit.
CREATE TABLE usage_counts (
    customer TEXT NOT NULL,
    start_us BIGINT NOT NULL,
    end_us BIGINT NOT NULL,
    rules TEXT NOT NULL,
    through BIGINT NOT NULL,
    body BYTES NOT NULL,
    PRIMARY KEY (customer, start_us, end_us)
);

-- The last commit that voided or amended an event of a customer: counts made before it are of no use.
CREATE TABLE usage_changed (
    customer TEXT NOT NULL PRIMARY KEY,
    seq BIGINT NOT NULL
);
