-- Corrections of invoices, exactly as they were issued. `part` counts those of one invoice from 1; `total` is by how much
-- the total differs; `through` is the last commit of the ledger that was counted.
CREATE TABLE corrections (
    customer TEXT NOT NULL,
    month TEXT NOT NULL,
    part BIGINT NOT NULL,
    number BIGINT NOT NULL UNIQUE,
    corrects BIGINT NOT NULL,
    kind TEXT NOT NULL,
    currency TEXT NOT NULL,
    total TEXT NOT NULL,
    start_us BIGINT NOT NULL,
    end_us BIGINT NOT NULL,
    events BIGINT NOT NULL,
    document TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    issued_us BIGINT NOT NULL,
    seller TEXT NOT NULL,
    through BIGINT NOT NULL,
    PRIMARY KEY (customer, month, part)
);

CREATE INDEX corrections_by_month ON corrections (month, number);

-- Through which commit a month was held against the document that stood then, without a difference in money. `number` is
-- that document: once another one stands, the row says nothing any more.
CREATE TABLE corrections_seen (
    customer TEXT NOT NULL,
    month TEXT NOT NULL,
    number BIGINT NOT NULL,
    through BIGINT NOT NULL,
    PRIMARY KEY (customer, month, number)
);
