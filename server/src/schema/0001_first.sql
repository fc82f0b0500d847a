-- The first shape of the database, for SQLite and PostgreSQL alike.
--
-- Decimals and JSON are TEXT, instants are BIGINT microseconds since 1970 in UTC.
-- Tables that grow carry the customer first and time second in their key.

-- Versions of price books. Immutable.
CREATE TABLE books (
    id TEXT NOT NULL,
    version TEXT NOT NULL,
    digest TEXT NOT NULL,
    effective TEXT NOT NULL,
    source TEXT NOT NULL,
    canonical TEXT NOT NULL,
    published_us BIGINT NOT NULL,
    PRIMARY KEY (id, version),
    UNIQUE (id, effective)
);

-- Who is billed, and by which plan; `since` is the first month the plan is due in without any usage.
CREATE TABLE customers (
    id TEXT NOT NULL PRIMARY KEY,
    name TEXT,
    book TEXT,
    plan TEXT,
    since TEXT,
    created_us BIGINT NOT NULL,
    CHECK ((book IS NULL) = (plan IS NULL) AND (book IS NULL) = (since IS NULL))
);

-- Usage as it was accepted. (source, id) is an event's identity.
CREATE TABLE events (
    customer TEXT NOT NULL,
    time_us BIGINT NOT NULL,
    source TEXT NOT NULL,
    id TEXT NOT NULL,
    kind TEXT NOT NULL,
    data TEXT NOT NULL,
    digest TEXT NOT NULL,
    received_us BIGINT NOT NULL,
    PRIMARY KEY (customer, time_us, source, id),
    UNIQUE (source, id)
);

-- Events that were refused or contradict one that is kept, for repair.
CREATE TABLE refused_events (
    customer TEXT NOT NULL,
    received_us BIGINT NOT NULL,
    request TEXT NOT NULL,
    position BIGINT NOT NULL,
    code TEXT NOT NULL,
    detail TEXT NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (customer, received_us, request, position)
);

-- Invoices exactly as they were issued.
CREATE TABLE invoices (
    customer TEXT NOT NULL,
    month TEXT NOT NULL,
    number BIGINT NOT NULL UNIQUE,
    book TEXT NOT NULL,
    version TEXT NOT NULL,
    currency TEXT NOT NULL,
    total TEXT NOT NULL,
    start_us BIGINT NOT NULL,
    end_us BIGINT NOT NULL,
    events BIGINT NOT NULL,
    document TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    issued_us BIGINT NOT NULL,
    seller TEXT NOT NULL,
    PRIMARY KEY (customer, month)
);

CREATE INDEX invoices_by_month ON invoices (month, number);

-- The last number given out in each row of numbers.
CREATE TABLE counters (
    name TEXT NOT NULL PRIMARY KEY,
    value BIGINT NOT NULL
);

INSERT INTO counters (name, value) VALUES ('invoice', 0);

-- Links through which a customer sees their own usage; only the digest of the token is kept.
CREATE TABLE links (
    customer TEXT NOT NULL,
    created_us BIGINT NOT NULL,
    token_sha256 TEXT NOT NULL UNIQUE,
    expires_us BIGINT NOT NULL,
    PRIMARY KEY (customer, created_us, token_sha256)
);
