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

CREATE INDEX accounts_by_period ON accounts (begins);

-- Money that is set aside for a running call. Who comes back after `lease_until` finds the money counted as spent.
-- `accounts` is a JSON list of [budget, holder, begins]. A hold ends by an update that says what was spent, and is gone.
CREATE TABLE holds (
    id           TEXT NOT NULL PRIMARY KEY,
    record_id    TEXT NOT NULL,
    at           REAL NOT NULL,
    lease_until  REAL NOT NULL,
    pico         INTEGER NOT NULL,
    tokens       INTEGER NOT NULL,
    accounts     TEXT NOT NULL,
    kind         TEXT,
    spent_pico   INTEGER,
    spent_tokens INTEGER
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

CREATE INDEX transfers_by_period ON transfers (begins);

CREATE VIEW entries AS
    SELECT number, at, budget, holder, begins, source AS side, -pico AS pico, -tokens AS tokens, kind, hold_id, record_id
    FROM transfers
    UNION ALL
    SELECT number, at, budget, holder, begins, target, pico, tokens, kind, hold_id, record_id FROM transfers;

-- Triggers, so that no money can be set aside or spent without its place in the accounts and in the book.
CREATE TRIGGER holds_are_booked AFTER INSERT ON holds BEGIN
    UPDATE accounts SET held_pico = held_pico + NEW.pico, held_tokens = held_tokens + NEW.tokens
    WHERE (budget, holder, begins) IN (SELECT value ->> 0, value ->> 1, value ->> 2 FROM json_each(NEW.accounts));

    INSERT INTO transfers (at, budget, holder, begins, source, target, pico, tokens, kind, hold_id, record_id)
    SELECT NEW.at, value ->> 0, value ->> 1, value ->> 2, 'free', 'held', NEW.pico, NEW.tokens, 'held', NEW.id, NEW.record_id
    FROM json_each(NEW.accounts);
END;

CREATE TRIGGER holds_are_settled AFTER UPDATE OF kind ON holds BEGIN
    UPDATE accounts SET
        held_pico = held_pico - NEW.pico,
        held_tokens = held_tokens - NEW.tokens,
        spent_pico = spent_pico + NEW.spent_pico,
        spent_tokens = spent_tokens + NEW.spent_tokens
    WHERE (budget, holder, begins) IN (SELECT value ->> 0, value ->> 1, value ->> 2 FROM json_each(NEW.accounts));

    -- What was spent within the hold, what goes back, and what is over.
    INSERT INTO transfers (at, budget, holder, begins, source, target, pico, tokens, kind, hold_id, record_id)
    SELECT NEW.at, a.value ->> 0, a.value ->> 1, a.value ->> 2, m.source, m.target, m.pico, m.tokens, m.kind, NEW.id,
        NEW.record_id
    FROM json_each(NEW.accounts) AS a, (
        SELECT 'held' AS source, 'spent' AS target, NEW.kind AS kind,
            min(NEW.spent_pico, NEW.pico) AS pico, min(NEW.spent_tokens, NEW.tokens) AS tokens
        UNION ALL
        SELECT 'held', 'free', 'returned', max(0, NEW.pico - NEW.spent_pico), max(0, NEW.tokens - NEW.spent_tokens)
        UNION ALL
        SELECT 'free', 'spent', 'overrun', max(0, NEW.spent_pico - NEW.pico), max(0, NEW.spent_tokens - NEW.tokens)
    ) AS m
    WHERE m.pico > 0 OR m.tokens > 0;

    DELETE FROM holds WHERE id = NEW.id;
END;
