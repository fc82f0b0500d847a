-- Keys of those who send and read usage, and the answers that a repeated request gets again.

-- `customer` is NULL for a collector, which may send for every customer; `sources` is a JSON list, NULL for all sources.
-- A rate that is NULL is the one of the settings, 0 is none. Only the digest of the token is kept.
CREATE TABLE api_keys (
    id TEXT NOT NULL PRIMARY KEY,
    token_sha256 TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    customer TEXT,
    sources TEXT,
    scopes TEXT NOT NULL,
    requests_per_second BIGINT,
    requests_burst BIGINT,
    events_per_second BIGINT,
    events_burst BIGINT,
    created_us BIGINT NOT NULL,
    expires_us BIGINT,
    revoked_us BIGINT,
    last_used_us BIGINT
);

-- One row for each Idempotency-Key of a sender. `status` is NULL while the first request still runs.
CREATE TABLE idempotency_keys (
    sender TEXT NOT NULL,
    idempotency_key TEXT NOT NULL,
    digest TEXT NOT NULL,
    claim TEXT NOT NULL,
    status BIGINT,
    content_type TEXT,
    body TEXT,
    created_us BIGINT NOT NULL,
    PRIMARY KEY (sender, idempotency_key)
);

CREATE INDEX idempotency_keys_by_age ON idempotency_keys (created_us);
