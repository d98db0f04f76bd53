-- One row a budget, holder and period. What is spent and held is kept here so that a hold reads one row; `transfers` is
-- the book that these sums are checked against.
CREATE TABLE accounts (
    budget       TEXT NOT NULL,
    holder       TEXT NOT NULL,
    begins       INTEGER NOT NULL,
    spent_pico   INTEGER NOT NULL,
    held_pico    INTEGER NOT NULL,
    spent_tokens INTEGER NOT NULL,
    held_tokens  INTEGER NOT NULL,
    warned       REAL NOT NULL DEFAULT 0,
    PRIMARY KEY (budget, holder, begins)
) STRICT, WITHOUT ROWID;

-- Money that is set aside for a running call. Who comes back after `lease_until` finds the money counted as spent.
CREATE TABLE holds (
    id          TEXT NOT NULL PRIMARY KEY,
    record_id   TEXT NOT NULL,
    lease_until REAL NOT NULL,
    pico        INTEGER NOT NULL,
    tokens      INTEGER NOT NULL,
    accounts    TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX holds_by_lease ON holds (lease_until);

-- The book: each row moves an amount from one side of an account to another, so every row is two entries that sum to
-- zero. Sides are `free`, `held` and `spent`.
CREATE TABLE transfers (
    number    INTEGER PRIMARY KEY,
    at        REAL NOT NULL,
    budget    TEXT NOT NULL,
    holder    TEXT NOT NULL,
    begins    INTEGER NOT NULL,
    source    TEXT NOT NULL CHECK (source IN ('free', 'held', 'spent')),
    target    TEXT NOT NULL CHECK (target IN ('free', 'held', 'spent') AND target <> source),
    pico      INTEGER NOT NULL CHECK (pico >= 0),
    tokens    INTEGER NOT NULL CHECK (tokens >= 0),
    kind      TEXT NOT NULL CHECK (kind IN ('opened', 'held', 'settled', 'estimated', 'lost', 'returned', 'overrun')),
    hold_id   TEXT NOT NULL,
    record_id TEXT NOT NULL
) STRICT;

CREATE INDEX transfers_by_time ON transfers (at);

CREATE VIEW entries AS
    SELECT number, at, budget, holder, begins, source AS side, -pico AS pico, -tokens AS tokens, kind, hold_id, record_id
    FROM transfers
    UNION ALL
    SELECT number, at, budget, holder, begins, target, pico, tokens, kind, hold_id, record_id FROM transfers;
