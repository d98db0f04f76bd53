-- One row a request. The columns beside `body` are what lists and jobs filter on; `body` is the whole record as JSON.
CREATE TABLE records (
    id           TEXT NOT NULL,
    created_at   TEXT NOT NULL,
    expires_at   TEXT NOT NULL,
    caller       TEXT NOT NULL,
    task         TEXT,
    status       TEXT NOT NULL,
    served_model TEXT,
    is_fallback  INTEGER NOT NULL,
    cost_pico    INTEGER,
    counted_pico INTEGER NOT NULL,
    body         TEXT NOT NULL
) STRICT;

-- Each index costs a page in every commit: ordinary endings and first choices have none.
CREATE UNIQUE INDEX records_by_id ON records (id);
CREATE INDEX records_by_expiry ON records (expires_at);
CREATE INDEX records_by_task ON records (task, id);
CREATE INDEX records_by_model ON records (served_model, id);
CREATE INDEX records_not_answered ON records (status, id) WHERE status <> 'answered';
CREATE INDEX records_by_fallback ON records (id) WHERE is_fallback = 1;

-- What was spent, kept when the records are long deleted. Whole dollars and the rest are two columns, because a sum of
-- pico-dollars would leave 64 bits at 9.2 million dollars and SQLite would quietly go on with a float.
CREATE TABLE spend (
    day      TEXT NOT NULL,
    caller   TEXT NOT NULL,
    task     TEXT NOT NULL,
    usd      INTEGER NOT NULL,
    pico     INTEGER NOT NULL,
    requests INTEGER NOT NULL,
    PRIMARY KEY (day, caller, task)
) STRICT, WITHOUT ROWID;

-- A trigger, so that no record can be written without its money, nor the money without its record.
CREATE TRIGGER records_are_counted AFTER INSERT ON records BEGIN
    INSERT INTO spend VALUES (
        substr(NEW.created_at, 1, 10),
        NEW.caller,
        coalesce(NEW.task, ''),
        NEW.counted_pico / 1000000000000,
        NEW.counted_pico % 1000000000000,
        1
    )
    ON CONFLICT (day, caller, task) DO UPDATE SET
        usd = usd + excluded.usd + (pico + excluded.pico) / 1000000000000,
        pico = (pico + excluded.pico) % 1000000000000,
        requests = requests + 1;
END;
